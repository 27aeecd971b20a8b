"""`mesh export`: files for tools outside the mesh."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("customer_spend", "monthly_sale", "opening_hour", "sale", "top_customer")


def test_every_product_gets_a_descriptor_and_its_contracts(mesh, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = mesh("export", "--out", out)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("10 files\n")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.yaml")) == sorted(
        f"shop/{name}.{standard}.yaml" for name in NAMES for standard in ("odcs", "odps")
    )
    before = {path: path.read_bytes() for path in out.rglob("*.yaml")}
    assert mesh("export", "--out", out).code == 0
    assert {path: path.read_bytes() for path in out.rglob("*.yaml")} == before


def test_only_the_products_named(mesh, tmp_path: Path) -> None:
    said = mesh("export", "shop.sale", "shop.sale@1", "--out", tmp_path / "out", "--json")
    assert said.code == 0
    assert json.loads(said.out) == [
        {"product": "shop.sale", "standard": "odps", "port": None, "version": "1.0.0", "file": str(tmp_path / "out/shop/sale.odps.yaml")},
        {"product": "shop.sale", "standard": "odcs", "port": "shop.sale", "version": "1.0.0", "file": str(tmp_path / "out/shop/sale.odcs.yaml")},
    ]  # fmt: skip
    assert yaml.safe_load((tmp_path / "out/shop/sale.odps.yaml").read_text())["kind"] == "DataProduct"


def test_without_a_folder_it_goes_below_the_home(mesh, published) -> None:
    assert mesh("export", "shop.sale").code == 0
    assert (published.settings.home / "export/shop/sale.odps.yaml").is_file()


def test_a_product_that_is_not_there(mesh, tmp_path: Path) -> None:
    said = mesh("export", "shop.door", "--out", tmp_path / "out")
    assert said.code == 2
    assert "There is no product shop.door." in said.err
    assert not (tmp_path / "out").exists()
