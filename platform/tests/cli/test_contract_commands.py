"""`mesh contract`: check, diff and coverage, with their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop_workspace import contract_text


@pytest.fixture
def sale(tmp_path: Path) -> Path:
    """A contract to edit."""
    file = tmp_path / "sale.odcs.yaml"
    file.write_text(contract_text("sale"))
    return file


def _edited(file: Path, old: str, new: str) -> Path:
    text = file.read_text()
    assert old in text
    other = file.parent / "edited" / file.name
    other.parent.mkdir()
    other.write_text(text.replace(old, new, 1))
    return other


def test_check_finds_nothing_in_the_workspace(mesh) -> None:
    said = mesh("contract", "check")
    assert (said.code, said.out) == (0, "5 contracts, 0 faults\n")
    assert json.loads(mesh("contract", "check", "--json").out) == []


def test_check_tells_each_fault_with_file_and_line(mesh, sale: Path) -> None:
    broken = _edited(sale, "status: active", "status: asleep\ncolour: red")
    said = mesh("contract", "check", broken)
    assert said.code == 1
    *faults, last = said.out.splitlines()
    assert last == "1 contracts, 2 faults"
    assert [int(line.split("edited/sale.odcs.yaml:")[1].split(":")[0]) for line in faults] == [7, 8]
    listed = json.loads(mesh("contract", "check", broken, "--json").out)
    assert [list(entry) for entry in listed] == [["file", "line", "rule", "message"]] * 2
    assert [entry["line"] for entry in listed] == [7, 8]
    assert mesh("contract", "check", broken, "--json").code == 1


def test_check_looks_into_folders(mesh, sale: Path) -> None:
    assert mesh("contract", "check", sale.parent).out == "1 contracts, 0 faults\n"


def test_check_of_a_file_that_is_not_there(mesh, tmp_path: Path) -> None:
    said = mesh("contract", "check", tmp_path / "none.odcs.yaml")
    assert said.code == 2
    assert "none.odcs.yaml" in said.err


def test_diff_with_a_file_that_is_not_there(mesh, sale: Path) -> None:
    said = mesh("contract", "diff", sale, sale.with_name("none.odcs.yaml"))
    assert said.code == 2
    assert "none.odcs.yaml" in said.err


def test_diff_of_equal_contracts(mesh, sale: Path) -> None:
    assert mesh("contract", "diff", sale, sale).code == 0
    assert json.loads(mesh("contract", "diff", sale, sale, "--json").out) == []


def test_diff_that_breaks(mesh, sale: Path) -> None:
    new = _edited(sale, "physicalType: decimal(18,2)", "physicalType: decimal(12,2)")
    said = mesh("contract", "diff", sale, new)
    assert said.code == 1
    assert "BREAKING" in said.out
    listed = json.loads(mesh("contract", "diff", sale, new, "--json").out)
    assert all(list(entry) == ["rule", "breaking", "subject", "message", "hurts"] for entry in listed)
    assert any(entry["breaking"] for entry in listed)


def test_diff_that_does_not_break(mesh, sale: Path) -> None:
    new = _edited(sale, "description: What was paid.", "description: What the customer paid.")
    said = mesh("contract", "diff", sale, new)
    assert said.code == 0
    assert "BREAKING" not in said.out


def test_diff_of_a_contract_with_faults(mesh, sale: Path) -> None:
    said = mesh("contract", "diff", sale, _edited(sale, "status: active", "status: asleep"))
    assert said.code == 1
    assert "edited/sale.odcs.yaml:7" in said.err


def test_coverage_leaves_no_clause_out(mesh, published) -> None:
    said = mesh("contract", "coverage")
    assert said.code == 0
    listed = json.loads(mesh("contract", "coverage", "--json").out)
    keys = ["product", "clause", "file", "line", "enforced", "where", "reason"]
    assert all(list(entry) == keys for entry in listed)
    assert {entry["product"] for entry in listed} == {
        f"shop.{name}" for name in ("sale", "customer_spend", "top_customer", "opening_hour", "monthly_sale")
    }
    assert all(entry["where"] if entry["enforced"] else entry["reason"] for entry in listed)
    where = {entry["where"] for entry in listed}
    assert {"dagster: freshness policy", "gate: check voucher_is_positive", "gate: check schema"} <= where
    assert len(said.out.splitlines()) == len(listed) + 1
    [of_dbt] = [entry for entry in listed if entry["clause"] == "dbt model customer_spend.materialized"]
    assert (of_dbt["product"], of_dbt["where"]) == ("shop.customer_spend", "build: the model as dbt runs it")
    assert of_dbt["file"].endswith("dbt_project.yml")

    of_one = json.loads(mesh("contract", "coverage", "shop.sale", "--json").out)
    assert of_one == [entry for entry in listed if entry["product"] == "shop.sale"]
    assert mesh("contract", "coverage", "shop.sail").code == 2


def test_coverage_with_a_fault_in_the_workspace(mesh, published, tmp_path: Path, monkeypatch) -> None:
    from shop_workspace import write_workspace

    source = write_workspace(tmp_path / "other", "kiosk")
    contract = source / "kiosk/contracts/sale.odcs.yaml"
    contract.write_text(contract.read_text().replace("status: active", "status: asleep"))
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path / "other"))
    said = mesh("contract", "coverage")
    assert said.code == 1
    assert "1 fault in 1 contract" in said.err
    assert "sale.odcs.yaml:7" in said.err
