"""An input that a product reads by partition: what changes in some partitions is built there, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from bakery import DOMAIN, Bakery, as_it_was, named, put_back
from shop_workspace import MONTHLY_SALE, SALES, Sale, changed, contract_text

from bankmesh import fault_points
from bankmesh.orchestration.assets.event_metadata import EVALUATED
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import latest, open_version, read_history, resume, withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.system

JANUARY, FEBRUARY, MARCH, APRIL = MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01")
DBT = """\
type: bankmesh.DbtDataProducts
attributes:
  partition_inputs:
    monthly_sale:
      till.sale: {column: sold_on}
"""
TAXED = """\
type: bankmesh.PolarsDataProduct
attributes:
  contract: taxed_sale
  transform: .transform:taxed_sale
  inputs: {sales: bakery.monthly_sale}
  partition_inputs:
    bakery.monthly_sale: {column: month}
"""
TRANSFORM = """\
import polars as pl


def taxed_sale(sales, partitions):
    own = sales.filter(pl.col("month").dt.to_string("%Y-%m-%d").is_in(list(partitions)))
    return own.with_columns(amount=(pl.col("amount") * 2).cast(pl.Decimal(18, 2)))
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Bakery:
    """Everything published once, with a product more: it reads one by partition, and refers to another."""
    bakery = Bakery.write(tmp_path_factory.mktemp("by-partition") / "workspace")
    (bakery.package / "defs/dbt_products/defs.yaml").write_text(DBT)
    (bakery.package / "defs/taxed_sale").mkdir()
    (bakery.package / "defs/taxed_sale/defs.yaml").write_text(TAXED)
    (bakery.package / "defs/taxed_sale/transform.py").write_text(TRANSFORM)
    assert MONTHLY_SALE in contract_text("monthly_sale")
    text = contract_text("monthly_sale").replace("monthly_sale", "taxed_sale").replace("shop", DOMAIN)
    text = text.replace("Number of the sale.,", "Number of the sale., relationships: [{to: sale.sale_id}],")
    (bakery.package / "contracts/taxed_sale.odcs.yaml").write_text(text)
    with as_it_was():
        outcome, heard = bakery.run()
    assert outcome.success, heard.failures
    return bakery


@pytest.fixture
def bakery(original: Bakery) -> Iterator[Bakery]:
    """The same workspace, put back as it was after the test."""
    with put_back(original):
        yield original


def built(bakery: Bakery, product: str = "monthly_sale") -> tuple[str, ...] | None:
    """The partitions that the newest version of a product replaced."""
    newest = latest(bakery.port(product))
    assert newest is not None
    return newest.provenance.partitions


def is_right(bakery: Bakery, *sales: Sale) -> bool:
    """Whether both products have just the rows of these sales."""
    amounts = {(sale.sale_id, sale.sold_on, Decimal(sale.amount)) for sale in sales}
    read = {
        name: {(row["sale_id"], row["sold_on"].isoformat(), row["amount"]) for row in bakery.rows(name)}
        for name in ("monthly_sale", "taxed_sale")
    }
    return read == {"monthly_sale": amounts, "taxed_sale": {(n, day, 2 * amount) for n, day, amount in amounts}}


def test_just_the_partitions_whose_rows_changed_are_built(bakery: Bakery) -> None:
    cheaper = changed(1, changed(4, amount="7.00"), amount="1.00")
    moved = changed(2, cheaper, sold_on="2024-03-31")
    fewer = tuple(sale for sale in moved if sale.sale_id != 3)
    more = (*fewer, Sale(5, 1, "2024-04-30", "9.00"))
    # What the product leaves out belongs to the rows of its input.
    remarked = changed(5, more, remark="seen")
    for sales, months in (
        (cheaper, (JANUARY, MARCH)),
        (moved, (JANUARY, MARCH)),
        (fewer, (FEBRUARY,)),
        (more, (APRIL,)),
        (remarked, (APRIL,)),
    ):
        bakery.export(*sales)
        assert bakery.run()[0].success
        assert (built(bakery), built(bakery, "taxed_sale")) == (months, months)
        assert is_right(bakery, *sales)
    assert bakery.run()[0].published == set()
    # The same as a build of everything.
    assert bakery.run(force=True)[0].success
    assert (built(bakery), is_right(bakery, *remarked)) == (MONTHS, True)


def test_the_same_rows_in_another_order_change_nothing(bakery: Bakery) -> None:
    bakery.export(*reversed(SALES))
    outcome, _ = bakery.run()
    assert "monthly_sale" in named(outcome.confirmed)
    # A product without partitions counts by the bytes of its files; what refers to it is held to it once more.
    assert {"sale", "taxed_sale"} <= named(outcome.published)
    assert built(bakery, "taxed_sale") == (APRIL,)
    assert is_right(bakery, *SALES)


def test_rows_that_stay_are_held_to_what_they_refer_to(bakery: Bakery) -> None:
    code = 'def sale(sales):\n    return sales.drop("complete_through").filter(sale_id=4)\n'
    (bakery.package / "defs/sale/transform.py").write_text(code)
    outcome, heard = bakery.run()
    assert outcome.failed == {f"{DOMAIN}/taxed_sale"}
    broken = "rows whose sale_id is not in bakery.sale (whole table): 3 of 4"
    assert broken in heard.failures[f"{DOMAIN}__taxed_sale"]
    assert bakery.versions("taxed_sale") == [0]


def test_the_run_says_what_was_built(bakery: Bakery) -> None:
    bakery.export(*changed(3, amount="7.00"))
    bakery.run()
    key = f"{DOMAIN}/monthly_sale"
    with open_instance(bakery.settings) as instance:
        from dagster import AssetCheckKey, AssetKey

        made = instance.fetch_materializations(AssetKey.from_user_string(key), limit=4).records
        of_run = [record.asset_materialization for record in made]
        checks = [
            AssetCheckKey(AssetKey.from_user_string(key), name) for name in ("month__required", "primary_key_unique")
        ]
        records = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
        evaluated, whole = (records[check].event.asset_check_evaluation.metadata for check in checks)
    assert {event.partition for event in of_run} == set(MONTHS)
    assert {event.metadata["partitions built"].value for event in of_run} == {f"{FEBRUARY} to {FEBRUARY}"}
    assert {event.metadata["partitions unchanged"].value for event in of_run} == {3}
    assert evaluated[EVALUATED].value == [[FEBRUARY, FEBRUARY]]
    assert EVALUATED not in whole
    assert of_run[0].metadata.keys() - of_run[1].metadata.keys() >= {"profile"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("contracts/monthly_sale.odcs.yaml", "Paid.", "What was paid."),
        ("dbt_project/models/bakery/staging/stg_till__sales.sql", "where", "where true and"),
        ("sources/till.yaml", "What the cashier wrote.", "What the cashier has written."),
        ("defs/dbt_products/defs.yaml", "      till.sale: {column: sold_on}\n", "      {}\n"),
    ],
)
def test_what_concerns_every_partition_builds_all(bakery: Bakery, file: str, old: str, new: str) -> None:
    bakery.export(*changed(3, amount="7.00"))
    bakery.edit(file, old, new)
    outcome, heard = bakery.run()
    assert outcome.success, heard.failures
    is_declaration_of_source = file.startswith("sources")
    assert built(bakery) == ((FEBRUARY,) if is_declaration_of_source else MONTHS)
    assert is_right(bakery, *changed(3, amount="7.00"))


def test_a_class_of_the_input_concerns_every_partition(bakery: Bakery) -> None:
    text = "classification: {}, description: Who bought."
    bakery.edit("sources/till.yaml", text.format("internal"), text.format("confidential"))
    outcome, heard = bakery.run()
    assert f"{DOMAIN}/sale" in outcome.failed, heard.failures  # its own contract promises less
    assert built(bakery) == MONTHS
    assert bakery.versions("monthly_sale") == [0, 1]


def test_a_row_in_no_partition_is_refused_as_ever(bakery: Bakery) -> None:
    bakery.export(*SALES, Sale(5, 1, "2030-01-01", "9.00"))
    outcome, _ = bakery.run()
    assert f"{DOMAIN}/monthly_sale" in outcome.failed
    assert is_right(bakery, *SALES)
    bakery.export(*SALES)
    assert bakery.run()[0].success
    assert is_right(bakery, *SALES)


RULE = "metric: invalidValues, arguments: {validValues: [1, 2, 4, 5]}, mustBe: 0, severity: warning, name: known"
KNOWN = f", quality: [{{{RULE}}}]}}"
ENOUGH = "    quality: [{metric: rowCount, mustBeGreaterThan: 3, name: enough}]\n"


def outcomes(bakery: Bakery) -> dict[str, str]:
    """How the gate of the newest version came out."""
    newest = latest(bakery.port("monthly_sale"))
    assert newest is not None
    return {entry["name"]: entry["outcome"] for entry in newest.provenance.gate["clauses"]}


def test_the_verdict_does_not_depend_on_which_partitions_are_built(bakery: Bakery) -> None:
    contract = "contracts/monthly_sale.odcs.yaml"
    number = "description: Number of the sale., classification: internal"
    bakery.edit(contract, f"{number}}}", number + KNOWN)
    bakery.edit(contract, "  - name: monthly_sale\n", f"  - name: monthly_sale\n{ENOUGH}")
    outcome, heard = bakery.run()
    assert outcome.success, (heard.failures, outcome.not_loaded)
    assert (outcomes(bakery)["known"], outcomes(bakery)["enough"]) == ("warned", "passed")
    # February's sale keeps its number whatever is built, until it has another one.
    other = replace(SALES[2], sale_id=5)
    dearer = changed(4, amount="90.00")
    for sales, month, known in (
        (dearer, MARCH, "warned"),
        ((*dearer[:2], other, dearer[3]), FEBRUARY, "passed"),
        ((*SALES[:2], other, SALES[3]), MARCH, "passed"),
    ):
        bakery.export(*sales)
        outcome, heard = bakery.run("landing/till_sale", "monthly_sale")
        assert outcome.success, heard.failures
        assert built(bakery) == (month,)
        assert (outcomes(bakery)["known"], outcomes(bakery)["enough"]) == (known, "passed")


def test_a_range_that_a_person_builds_counts(bakery: Bakery) -> None:
    """Partitions are as they were built, whoever built them."""
    sales = changed(1, changed(4, amount="7.00"), amount="1.00")
    bakery.export(*sales)
    bakery.run("landing/till_sale", "sale")
    outcome, _ = bakery.run("monthly_sale")
    assert outcome.published == {f"{DOMAIN}/monthly_sale"}
    assert built(bakery) == (JANUARY, MARCH)


@pytest.mark.parametrize("point", ["before-commit", "after-commit", "published"])
def test_a_run_that_ends_around_its_commit_leaves_nothing_stale(bakery: Bakery, point: str) -> None:
    sales = changed(3, amount="7.00")
    bakery.export(*sales)

    def stop(reached: str) -> None:
        if reached == point:
            fault_points.watch(None)
            raise SystemError

    assert bakery.run("landing/till_sale")[0].success
    fault_points.watch(stop)
    try:
        assert bakery.run("monthly_sale")[0].failed
    finally:
        fault_points.watch(None)
    assert bakery.run()[0].success
    is_published = point != "before-commit"
    assert [made.provenance.partitions for made in read_history(bakery.port("monthly_sale"))] == [
        (FEBRUARY,),
        MONTHS,
    ]
    assert is_right(bakery, *sales)
    with open_instance(bakery.settings) as instance:
        from dagster import AssetKey

        event = instance.get_latest_materialization_event(AssetKey([DOMAIN, "monthly_sale"]))
    assert ("published by run" in event.asset_materialization.metadata) == is_published
    assert bakery.run()[0].published == set()


def test_files_that_are_lost_build_all(bakery: Bakery) -> None:
    """Whether another partition is due or none is."""
    for sales in (SALES, changed(3, amount="7.00")):
        bakery.export(*sales)
        next(file for file in open_version(bakery.port("monthly_sale")).files() if "2024-01" in str(file)).unlink()
        assert bakery.run()[0].success
        assert (built(bakery), is_right(bakery, *sales)) == (MONTHS, True)


def test_after_a_withdrawal_all_is_built(bakery: Bakery) -> None:
    sales = changed(3, amount="7.00")
    bakery.export(*sales)
    bakery.run()
    port = bakery.port("monthly_sale")
    withdraw(port, 1, by="ada", reason="it looked wrong")
    outcome, _ = bakery.run()
    assert f"{DOMAIN}/monthly_sale" in outcome.held
    assert is_right(bakery, *SALES) or built(bakery, "taxed_sale") is not None
    resume(port, by="ada", reason="it was right")
    assert bakery.run()[0].success
    assert built(bakery) == MONTHS
    assert is_right(bakery, *sales)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("dbt_products", "sold_on", "sold_at", "sold_at is not a date of till.sale; its dates: sold_on."),
        (
            "dbt_products",
            "till.sale",
            "till.sales",
            "bakery.monthly_sale does not read till.sales; it reads till.sale.",
        ),
        ("dbt_products", "monthly_sale", "customer_spend", "bakery.customer_spend has no partitions"),
        ("dbt_products", "monthly_sale", "monthly", "There is no model of a product monthly."),
        ("dbt_products", "sold_on}", "sold_on, complete_through: day}", "is one of: value, by_day; not day."),
        ("dbt_products", "column: sold_on", "columns: sold_on", "Did you mean column?"),
        ("dbt_products", "{column: sold_on}", "{}", "defs.yaml:5: till.sale needs a column"),
        ("taxed_sale", "column: month", "column: sold_on", "sold_on is not what bakery.monthly_sale is partitioned by"),
    ],
)
def test_a_declaration_that_cannot_hold_is_named(bakery: Bakery, file: str, old: str, new: str, fault: str) -> None:
    bakery.edit(f"defs/{file}/defs.yaml", old, new)
    outcome, _ = bakery.run()
    (found,) = outcome.not_loaded
    assert fault in str(found)
