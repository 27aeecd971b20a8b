"""Foreign dbt projects come in with one command, and their products have the rows that plain dbt makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from foreign_projects import EVERYTHING, FLAT, LAYERED
from imported_project import place_project

if TYPE_CHECKING:
    from pathlib import Path

    from command import Command

pytestmark = pytest.mark.system


def test_a_layered_project_with_seeds(tmp_path: Path, mesh: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    cafe = place_project(LAYERED, "corner_cafe", tmp_path, mesh, monkeypatch)

    said = cafe.bring_in()
    assert said.code == 0, said.err
    assert "2 products: corner_cafe.orders, corner_cafe.customers" in said.out
    checked = mesh("contract", "check")
    assert (checked.code, checked.out) == (0, "2 contracts, 0 faults\n"), checked.out
    ran = mesh("run")
    assert ran.code == 0, ran.err

    for product in ("orders", "customers"):
        rows = cafe.published_rows(product)
        assert len(rows) > 2
        assert rows == cafe.plain_rows(f"main.{product}")
    customers = yaml.safe_load(cafe.contract("customers"))
    assert customers["description"]["purpose"] == "One row for each customer, with sums."
    columns = {column["name"]: column for column in customers["schema"][0]["properties"]}
    assert columns["customer_id"]["primaryKey"] is True
    assert columns["customer"]["classification"] == "restricted"  # made from names, although its own says nothing
    assert "customers depends on orders: check the pair on customers" in cafe.report()


@pytest.mark.slow
def test_a_flat_project_over_files_with_versions_groups_and_exposures(
    tmp_path: Path, mesh: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = place_project(FLAT, "old_harbour", tmp_path, mesh, monkeypatch)

    said = port.bring_in("--data", port.project / "data")
    assert said.code == 0, said.err
    assert mesh("contract", "check").code == 0
    assert mesh("lineage", "check").code == 0
    ran = mesh("run")
    assert ran.code == 0, ran.err

    in_utc = "* replace (arrived_at at time zone 'UTC' as arrived_at)"
    rows = {product: port.published_rows(product) for product in ("ships", "toll_by_day")}
    rows |= {"berths_v1": port.published_rows("berths", 1), "berths_v2": port.published_rows("berths", 2)}
    assert [len(found) for found in rows.values()] == [3, 3, 3, 3]
    assert rows["ships"] == port.plain_rows("main.ships")
    assert rows["berths_v1"] == port.plain_rows("main.berths_v1", in_utc)
    assert rows["berths_v2"] == port.plain_rows("main.berths_v2", in_utc)
    last = "* replace (last_arrival at time zone 'UTC' as last_arrival)"
    assert rows["toll_by_day"] == port.plain_rows("main.toll_by_day", last)
    contract = yaml.safe_load(port.contract("berths.v2"))
    assert contract["team"]["name"] == "Quay Team"
    assert contract["slaProperties"][0] == {"property": "freshness", "value": 12, "unit": "h"}
    assert {"property": "consumers", "value": ["harbour_board"]} in contract["customProperties"]
    columns = {column["name"]: column for column in contract["schema"][0]["properties"]}
    assert columns["ship_no"]["relationships"] == [{"to": "ships.ship_no"}]
    declared = yaml.safe_load((port.folder / "src/old_harbour/sources/harbour.yaml").read_text(encoding="utf-8"))
    assert declared["objects"]["berth"]["columns"]["quay"]["type"] == "string"  # its values begin with zeros
    ships = yaml.safe_load(port.contract("ships"))["schema"][0]["properties"]
    assert {column["name"]: column["classification"] for column in ships}["contact"] == "restricted"


@pytest.mark.slow
def test_a_project_with_packages_hooks_snapshots_and_python(
    tmp_path: Path, mesh: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = place_project(EVERYTHING, "old_ledger", tmp_path, mesh, monkeypatch)
    refused = ledger.bring_in()
    assert (refused.code, "Run `dbt deps" in refused.err) == (2, True)
    packages = ledger.project / "dbt_packages"
    packages.mkdir()
    (packages / "rounding").symlink_to(ledger.project / "shared/rounding", target_is_directory=True)

    said = ledger.bring_in()
    assert said.code == 0, said.err
    ran = mesh("run")
    assert ran.code == 0, ran.err

    for product in ("postings", "accounts"):
        rows = ledger.published_rows(product)
        assert len(rows) > 1
        assert rows == ledger.plain_rows({"accounts": "main.accounts_now"}.get(product, f"main.{product}"))
    report = ledger.report()
    for left_out in (
        "accounts_snapshot",
        "generate_schema_name",
        "create table if not exists audit",
        "analyses/totals.sql",
    ):
        assert left_out in report
    assert "models/core/account_count.sql | it reads account_history, which does not come in" in report

    model = ledger.folder / "dbt/models/products/accounts.sql"
    edited = model.read_text() + "-- checked\n"
    model.write_text(edited)
    (ledger.project / "models/core/postings.sql").write_text("select 1 as newer\n")
    again = ledger.bring_in()
    assert "--- checked" in again.out.splitlines()
    assert "+select 1 as newer" in again.out
    assert model.read_text() == edited
    assert "newer" not in (ledger.folder / "dbt/models/products/postings.sql").read_text()
    ledger.bring_in("--update")
    assert "newer" in (ledger.folder / "dbt/models/products/postings.sql").read_text()
    assert model.read_text() == edited
