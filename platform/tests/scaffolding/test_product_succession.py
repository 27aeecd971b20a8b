"""A new name for a product in force: the successor gets code and contract, the old name its rows until its end."""

from __future__ import annotations

import ast
from datetime import date
from typing import TYPE_CHECKING

import pytest
import yaml
from folder_contents import contents
from shop_workspace import at_stage, contract_text

from bankmesh.contracts.model import Status
from bankmesh.errors import ContractFaults
from bankmesh.scaffolding.workspace_changes.change_plan import ChangeRefused
from bankmesh.scaffolding.workspace_changes.rename_decision import (
    NeedsEndOfSupport,
    RenameRecord,
    plan_product_rename,
)
from bankmesh.workspace.product_consumers import life_faults, workspace_readers
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from bankmesh.settings import Settings

SHOP = "domains/shop/src/shop"
MODELS = "dbt_project/models/shop/products"
RECORD = RenameRecord("shop-data", date(2026, 1, 2), "A clearer name.", "2027-06-30")


def by_port(settings: Settings) -> dict[str, object]:
    return {contract.port: contract for contract in workspace_contracts(settings.root)}


def test_the_successor_is_a_new_active_product_and_the_old_one_is_deprecated(settings: Settings) -> None:
    path = settings.root / SHOP / "contracts/opening_hour.odcs.yaml"
    path.write_text(at_stage(contract_text("opening_hour", "1.4.2"), "active", consumers="[shop-window]"))
    plan = plan_product_rename(settings, "shop.opening_hour", "open_time", RECORD)
    plan.write()
    old, new = (by_port(settings)[f"shop.{name}"] for name in ("opening_hour", "open_time"))
    assert (new.version, new.status, [step.why for step in new.lifecycle]) == (
        "1.0.0",
        Status.ACTIVE,
        ["A clearer name."],
    )
    assert "replacedBy" not in new.custom
    assert (old.version, old.status, old.custom["replacedBy"], old.custom["endOfSupport"]) == (
        "1.5.0", Status.DEPRECATED, "shop.open_time", "2027-06-30",
    )  # fmt: skip
    assert [(step.status, step.on, step.by) for step in old.lifecycle][1:] == [
        ("deprecated", "2026-01-02", "shop-data")
    ]
    assert [(c.name, c.type, c.classification) for c in old.columns] == [
        (c.name, c.type, c.classification) for c in new.columns
    ]
    assert [(clause.name, clause.rule) for clause in old.clauses] == [
        (clause.name, clause.rule) for clause in new.clauses
    ]
    assert "Notify its consumers: shop-window." in plan.notes


def test_readers_keep_the_old_name_which_reads_the_new_one(settings: Settings) -> None:
    before = contents(settings.root)
    plan = plan_product_rename(settings, "shop.sale", "purchase", RECORD)
    plan.write()
    reads = {
        (reader.port, reader.source) for reader in workspace_readers(settings.root, workspace_contracts(settings.root))
    }
    assert reads >= {
        ("shop.customer_spend", "shop.sale"),
        ("shop.top_customer", "shop.sale"),
        ("shop.sale", "shop.purchase"),
    }
    assert not [read for read in reads if read == ("shop.customer_spend", "shop.purchase")]
    assert life_faults(settings.root, workspace_contracts(settings.root)) == ()
    own = {f"{SHOP}/{name}" for name in ("contracts/sale.odcs.yaml", "defs/sale/defs.yaml", "defs/sale/transform.py")}
    after = contents(settings.root)
    assert {name for name in before if before[name] != after[name]} == own
    moved = [note for note in plan.notes if note.startswith("These read shop.sale, and move to shop.purchase")]
    assert f"{MODELS}/customer_spend.sql:4" in moved[0]
    assert f"{SHOP}/contracts/top_customer.odcs.yaml:" in moved[0]


def test_a_polars_stand_in_returns_the_rows_of_its_successor(settings: Settings) -> None:
    code = (settings.root / SHOP / "defs/sale/transform.py").read_text()
    plan_product_rename(settings, "shop.sale", "purchase", RECORD).write()
    assert (settings.root / SHOP / "defs/purchase/transform.py").read_text() == code.replace(
        "def sale(", "def purchase("
    )
    names: dict[str, object] = {}
    exec((settings.root / SHOP / "defs/sale/transform.py").read_text(), names)  # noqa: S102 - what was just generated
    frame = object()
    assert names["sale"](frame) is frame


def test_a_partitioned_stand_in_reads_the_partitions_of_the_run(settings: Settings) -> None:
    plan_product_rename(settings, "shop.monthly_sale", "by_month", RECORD).write()
    assert (settings.root / MODELS / "monthly_sale.sql").read_text() == (
        "-- Deprecated: the rows of shop.by_month, until its readers have moved there.\n"
        "select\n    sale_id,\n    month,\n    sold_on,\n    amount\n"
        "from {{ source('shop', 'by_month') }}\n"
        "where {{ in_partitions('month') }}\n"
    )
    assert "stg_till__sales" in (settings.root / MODELS / "by_month.sql").read_text()


def test_a_stand_in_reads_columns_that_are_words_of_sql(settings: Settings) -> None:
    contract = settings.root / SHOP / "contracts/monthly_sale.odcs.yaml"
    contract.write_text(contract.read_text().replace("amount", "order"))
    plan_product_rename(settings, "shop.monthly_sale", "by_month", RECORD).write()
    assert 'sold_on,\n    "order"\nfrom ' in (settings.root / MODELS / "monthly_sale.sql").read_text()


def test_a_partitioned_polars_stand_in_takes_the_partitions(settings: Settings) -> None:
    (settings.root / MODELS / "monthly_sale.sql").unlink()
    folder = settings.root / SHOP / "defs/monthly_sale"
    folder.mkdir()
    (folder / "defs.yaml").write_text(
        "type: bankmesh.PolarsDataProduct\nattributes: {contract: monthly_sale, transform: .transform:build, inputs: {s: till.sale}}\n"
    )
    (folder / "transform.py").write_text("def build(s, partitions):\n    return s\n")
    plan_product_rename(settings, "shop.monthly_sale", "by_month", RECORD).write()
    import polars as pl

    names: dict[str, object] = {}
    text = (folder / "transform.py").read_text()
    exec(text, names)  # noqa: S102 - what was just generated
    rows = pl.LazyFrame({"month": [date(2024, 1, 1), date(2024, 2, 1)]})
    assert names["monthly_sale"](rows, ["2024-02-01"]).collect()["month"].to_list() == [date(2024, 2, 1)]
    assert ast.parse(text).body
    assert (folder.with_name("by_month") / "transform.py").read_text().startswith("def build(s, partitions)")


def test_one_active_major_gets_the_new_name_and_the_other_stays(settings: Settings) -> None:
    contracts = settings.root / SHOP / "contracts"
    (contracts / "top_customer.odcs.yaml").write_text(
        at_stage(contract_text("top_customer"), "deprecated", replacedBy="shop.top_customer@2")
    )
    (contracts / "top_customer.v2.odcs.yaml").write_text(contract_text("top_customer", "2.3.0"))
    model = (settings.root / MODELS / "top_customer.sql").read_text()
    (settings.root / MODELS / "top_customer_v2.sql").write_text(f"{{{{ config(materialized='product') }}}}\n{model}")
    first = (contracts / "top_customer.odcs.yaml").read_bytes()
    plan_product_rename(settings, "shop.top_customer", "best_customer", RECORD).write()
    ports = by_port(settings)
    assert ports["shop.top_customer@2"].custom["replacedBy"] == "shop.best_customer"
    assert (ports["shop.best_customer"].version, ports["shop.top_customer@2"].version) == ("1.0.0", "2.4.0")
    assert (contracts / "top_customer.odcs.yaml").read_bytes() == first
    shim = (settings.root / MODELS / "top_customer_v2.sql").read_text()
    assert shim.startswith("{{ config(materialized='product') }}\n\n-- Deprecated")
    assert "from {{ source('shop', 'best_customer') }}" in shim
    assert life_faults(settings.root, workspace_contracts(settings.root)) == ()


def test_it_is_refused_without_an_end_of_support_or_with_one_that_has_passed(settings: Settings) -> None:
    before = contents(settings.root)
    with pytest.raises(NeedsEndOfSupport, match=r"shop\.sale is active, so shop\.purchase becomes a new product"):
        plan_product_rename(settings, "shop.sale", "purchase", RenameRecord("me", date(2026, 1, 2), None, None))
    with pytest.raises(ContractFaults, match="bad-end-of-support"):
        plan_product_rename(settings, "shop.sale", "purchase", RenameRecord("me", date(2026, 1, 2), None, "2025-12-31"))
    assert contents(settings.root) == before


@pytest.mark.parametrize("status", ["deprecated", "retired"])
def test_a_product_near_its_end_gets_no_new_name(settings: Settings, status: str) -> None:
    path = settings.root / SHOP / "contracts/opening_hour.odcs.yaml"
    path.write_text(at_stage(contract_text("opening_hour"), status))
    with pytest.raises(ChangeRefused, match="only products that are proposed, draft or active can be renamed"):
        plan_product_rename(settings, "shop.opening_hour", "open_time", RECORD)


def test_a_product_that_reads_its_own_versions_keeps_its_name(settings: Settings) -> None:
    model = settings.root / MODELS / "top_customer.sql"
    model.write_text(model.read_text() + "-- {{ source('shop', 'top_customer') }}\n")
    with pytest.raises(ChangeRefused, match=r"it reads its own versions .*top_customer\.sql:4"):
        plan_product_rename(settings, "shop.top_customer", "best_customer", RECORD)


def test_the_successor_of_a_second_major_is_a_first_one_and_still_reads_the_first(settings: Settings) -> None:
    contracts, defs = settings.root / SHOP / "contracts", settings.root / SHOP / "defs"
    first = at_stage(contract_text("opening_hour"), "deprecated", replacedBy="shop.opening_hour@2")
    (contracts / "opening_hour.odcs.yaml").write_text(first)
    (contracts / "opening_hour.v2.odcs.yaml").write_text(contract_text("opening_hour", "2.0.0"))
    (defs / "opening_hour_v2").mkdir()
    (defs / "opening_hour_v2/defs.yaml").write_text(
        "type: bankmesh.PolarsDataProduct\nattributes:\n  contract: opening_hour\n  major: 2\n"
        "  transform: .transform:opening_hour\n  inputs:\n    before: shop.opening_hour\n"
    )
    code = '"""{} from shop.opening_hour@1."""\n\n\ndef {}(before):\n    return before\n'
    (defs / "opening_hour_v2/transform.py").write_text(code.format("shop.opening_hour@2", "opening_hour"))
    plan_product_rename(settings, "shop.opening_hour@2", "hours", RECORD).write()
    component = yaml.safe_load((defs / "hours/defs.yaml").read_text())["attributes"]
    assert (component["contract"], component["major"]) == ("hours", 1)
    assert component["inputs"] == {"before": "shop.opening_hour"}
    assert (defs / "hours/transform.py").read_text() == code.format("shop.hours", "hours")
    assert by_port(settings)["shop.hours"].version == "1.0.0"


GRANT = """
  - property: derivationGrants
    value:
      - product: {port}
        columns: [weekday]
        lifts: [audience]
        by: shop-data
        date: "2026-01-01"
        why: The hours are on the door.
"""


def test_grants_stay_with_the_old_name_and_owners_of_inputs_are_named(settings: Settings) -> None:
    path = settings.root / SHOP / "contracts/opening_hour.odcs.yaml"
    own = contract_text("opening_hour").rstrip() + "\n"
    marker = "customProperties:\n"
    path.write_text(own.replace(marker, marker.rstrip() + GRANT.format(port="shop.top_customer").rstrip() + "\n", 1))
    source = settings.root / SHOP / "contracts/sale.odcs.yaml"
    permits = (
        "\n  - property: consumers\n    value: [shop.opening_hour]" + GRANT.format(port="shop.opening_hour").rstrip()
    )
    source.write_text(source.read_text().replace(marker, marker.rstrip() + permits + "\n", 1))
    before = source.read_text()
    plan = plan_product_rename(settings, "shop.opening_hour", "open_time", RECORD)
    plan.write()
    assert source.read_text() == before
    lines = [number for number, line in enumerate(before.splitlines(), 1) if "shop.opening_hour" in line]
    [note] = [note for note in plan.notes if "must let shop.open_time do so, too" in note]
    assert [f"{SHOP}/contracts/sale.odcs.yaml:{line}" in note for line in lines] == [True, True]
    assert not any("These read" in note and "sale.odcs.yaml" in note for note in plan.notes)
    old, new = (by_port(settings)[f"shop.{name}"] for name in ("opening_hour", "open_time"))
    assert ([grant.product for grant in old.derivation_grants], new.derivation_grants) == (["shop.top_customer"], ())
