"""Folders with names that some library reads as a pattern, an escape or a URI: every reader finds its own files."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_mesh import LANDINGS, MONTHS, Mesh, settings_in
from shop_workspace import SALES, contract_text, write_exports

from bankmesh.ports import connect, expire, open_version
from bankmesh.settings import UnusableHome, current_settings
from bankmesh.testing import try_product

if TYPE_CHECKING:
    import dagster as dg

TAKEN = """Bär & Söhne's #1 {x} {{ y }} @"2" <~$!+,;:^`|> 日本"""
ANY = TAKEN + " [1] *.* 100%20 a=b ?q"
REFUSED = "*?[]%\\=\n\t\x7f"

names_taken = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/" + REFUSED, include_characters=" "),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in {".", ".."})


def _land_build_and_read(root: Path, definitions: dg.Definitions, folder: Path) -> None:
    """The whole chain over both engines, and each published row by Polars, DuckDB and Arrow."""
    mesh = Mesh(settings_in(root, folder), definitions)
    for _ in range(2):
        write_exports(mesh.settings.exports)
        assert mesh.run(*LANDINGS, "sale", "customer_spend").success
        assert mesh.run("monthly_sale", months=(MONTHS[0], MONTHS[-1])).success
    assert mesh.run("monthly_sale", months=(MONTHS[0], MONTHS[0])).success
    with connect() as connection:
        for product, rows in (("sale", 4), ("customer_spend", 3), ("monthly_sale", 4)):
            port = mesh.port(product)
            # What is published is no abandoned candidate, whatever its folder is called.
            expire(port, keep_candidates=timedelta(0), retention=None)
            first, newest = open_version(port, 0), open_version(port)
            assert newest.version > 0
            for opened in (first, newest):
                assert all(file.is_file() for file in opened.files())
                frame = opened.scan_polars().collect()
                assert frame.height == rows
                assert frame.equals(pl.DataFrame(opened.to_arrow()))
                assert connection.execute(f"select count(*) from {opened.duckdb_relation_sql()}").fetchone() == (rows,)
    assert mesh.rows("sale")[0]["sale_id"] == SALES[0].sale_id


def test_a_home_and_exports_with_odd_names(shop_root, shop_definitions, published, tmp_path: Path) -> None:
    folder = tmp_path / TAKEN
    _land_build_and_read(shop_root, shop_definitions, folder)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names_taken)
def test_a_home_with_any_name_that_is_not_refused(shop_root, shop_definitions, published, name: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        _land_build_and_read(shop_root, shop_definitions, Path(base, name))


def test_exports_may_have_any_name(shop_root, shop_definitions, published, tmp_path: Path) -> None:
    mesh = Mesh(settings_in(shop_root, tmp_path), shop_definitions)
    odd = tmp_path / ANY
    mesh = Mesh(type(mesh.settings)(root=shop_root, home=mesh.settings.home, exports=odd), shop_definitions)
    write_exports(odd)
    assert mesh.run(*LANDINGS, "sale").success
    assert len(mesh.rows("sale")) == len(SALES)


@pytest.mark.parametrize("character", REFUSED)
def test_a_home_that_a_library_would_misread_is_refused_at_the_start(
    shop_root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    home = tmp_path / f"a{character}b" / "home"
    monkeypatch.setenv("BANKMESH_ROOT", str(shop_root))
    monkeypatch.setenv("MESH_HOME", str(home))
    with pytest.raises(UnusableHome, match="MESH_HOME is") as refused:
        current_settings()
    assert refused.value.characters == character
    assert "\n" not in str(refused.value)
    contract = tmp_path / "opening_hour.odcs.yaml"
    contract.write_text(contract_text("opening_hour"))
    hours = pl.DataFrame({"weekday": ["monday"], "opens": [8]})
    with pytest.raises(UnusableHome):
        try_product(contract, {"hours": hours}, home=home, transform=lambda hours: hours)
    assert not home.exists()


def test_a_link_to_such_a_home_is_refused_too(shop_root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bank[1]").mkdir()
    (tmp_path / "bank").symlink_to(tmp_path / "bank[1]")
    monkeypatch.setenv("BANKMESH_ROOT", str(shop_root))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "bank"))
    with pytest.raises(UnusableHome):
        current_settings()
