"""A deprecated major on the command line: listed with its end, read by whoever names it, never without being told."""

from __future__ import annotations

import json
import shutil

import pytest
from command import Command
from shop_workspace import contract_text, deprecated_text

NOTICE = "mesh: shop.sale is deprecated and supported until 2027-06-30. Read shop.sale@2 instead.\n"


@pytest.fixture
def mesh(published, tmp_path, capsys, monkeypatch):
    """The command in a workspace where sale has a first major, deprecated, and a second one with one sale less."""
    root, ports = tmp_path / "workspace", published.settings.home / "ports" / "shop" / "sale"
    shutil.copytree(published.settings.root, root)
    contracts = root / "domains/shop/src/shop/contracts"
    (contracts / "sale.odcs.yaml").write_text(deprecated_text("sale"))
    (contracts / "sale.v2.odcs.yaml").write_text(contract_text("sale", "2.0.0"))
    shutil.copytree(ports / "v1", ports / "v2")
    assert published.run("sale").success
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    return Command(capsys, monkeypatch)


def test_get_reads_the_second_major_and_says_nothing(mesh) -> None:
    said = mesh("get", "shop.sale", "--format", "csv", "--columns", "sale_id")
    assert (said.code, said.out, said.err) == (0, "sale_id\n1\n2\n3\n4\n", "")
    assert mesh("get", "shop.sale@2", "--format", "csv", "--columns", "sale_id") == said
    assert mesh("get", "shop.sale", "--version", "1").code == 2  # the second major has one version, the first has two


def test_get_of_the_first_major_tells_of_its_end_beside_the_rows(mesh) -> None:
    for _ in range(2):
        said = mesh("get", "shop.sale", "--major", "1", "--version", "1", "--format", "csv", "--columns", "sale_id")
        assert (said.code, said.out, said.err) == (0, "sale_id\n1\n2\n3\n4\n", NOTICE)
    assert mesh("get", "shop.sale@1").err == NOTICE
    said = mesh("get", "shop.sale@3")
    assert (said.code, said.err) == (2, "mesh: There is no major of shop.sale 3. Known: 1, 2.\n")


def test_products_list_both_majors_and_the_end_of_the_first(mesh) -> None:
    rows = [line.split("\t")[0] for line in mesh("products").out.splitlines()]
    assert [row for row in rows if row.startswith("shop.sale")] == [
        "shop.sale (deprecated until 2027-06-30)",
        "shop.sale@2",
    ]
    listed = [entry for entry in json.loads(mesh("products", "--json").out) if entry["id"] == "shop.sale"]
    assert [(entry["major"], entry["status"], entry["end_of_support"], entry["replaced_by"]) for entry in listed] == [
        (1, "deprecated", "2027-06-30", "shop.sale@2"),
        (2, "active", None, None),
    ]


def lines(said) -> dict[str, str]:
    """The labelled lines at the head of `mesh show`."""
    return {line[2:18].strip(): line[18:] for line in said.out.splitlines() if line.startswith("  ")}


def test_show_tells_the_end_the_successor_and_the_consumers(mesh) -> None:
    said = mesh("show", "shop.sale@1")
    assert said == mesh("show", "shop.sale", "--major", "1")
    assert said.out.startswith("shop.sale  contract 1.1.0 (deprecated until 2027-06-30), source-aligned")
    assert {
        "end of support": "2027-06-30",
        "replaced by": "shop.sale@2",
        "consumers": "shop-window, tax-office",
        "other majors": "shop.sale@2 (active)",
    }.items() <= lines(said).items()


def test_show_of_the_second_major_names_the_first(mesh) -> None:
    said = mesh("show", "shop.sale")
    assert said.out.startswith("shop.sale@2  contract 2.0.0 (active)")
    assert lines(said)["other majors"] == "shop.sale (deprecated until 2027-06-30)"


def test_a_product_of_one_major_names_no_others(mesh) -> None:
    assert "other majors" not in lines(mesh("show", "shop.opening_hour"))
