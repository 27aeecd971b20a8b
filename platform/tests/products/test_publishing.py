"""A run in which all is well: every clause told, every product published, every version explains itself."""

import dagster as dg
from shop_mesh import MONTHS, UNPARTITIONED, Mesh
from shop_workspace import changed, write_exports

from bankmesh.ports import read_history
from bankmesh.products.profiles.kept_profiles import kept_profile
from bankmesh.products.profiles.profile_table import profile_table

SALE_CLAUSES = {
    "schema": "passed",
    "primary_key_unique": "passed",
    "sale_id__required": "passed",
    "customer_id__required": "passed",
    "sold_on__required": "passed",
    "amount__required": "passed",
    "amount__range": "passed",
    "voucher_is_positive": "passed",
    "sales_are_small": "warned",
    "classification": "passed",
    "lossless_casts": "passed",
    "volume": "passed",
}


def test_a_run_publishes_every_product_and_tells_every_clause(published: Mesh) -> None:
    write_exports(published.settings.exports, changed(4, amount="700.00"))
    run = published.run(*UNPARTITIONED)

    assert run.success
    assert {name: check.metadata["outcome"].value for name, check in run.checks("sale").items()} == SALE_CLAUSES
    assert run.metadata("sale") | {"version": 1, "dagster/row_count": 4} == run.metadata("sale")
    assert run.metadata("sale")["gate"] == "11 passed, 1 warned"
    assert published.rows("customer_spend", 0)[2]["total"] == 100
    assert published.rows("customer_spend", 1)[2]["total"] == 700
    for product in ("sale", "customer_spend", "top_customer", "opening_hour"):
        assert published.versions(product) == [0, 1] == published.reported(product)


def test_a_warning_is_told_as_one_and_does_not_keep_from_publishing(published: Mesh) -> None:
    write_exports(published.settings.exports, changed(4, amount="700.00"))
    run = published.run("till.sale", "sale")
    check = run.checks("sale")["sales_are_small"]
    assert run.success
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["outcome"].value == "warned"
    assert check.metadata["observed"].value == 1
    assert published.versions("sale") == [0, 1]


def test_every_check_is_told_before_the_materialisation(landed: Mesh) -> None:
    run = landed.run("sale")
    kinds = [e.event_type for e in run.events]
    told = kinds.index(dg.DagsterEventType.ASSET_MATERIALIZATION)
    checks = [at for at, kind in enumerate(kinds) if kind is dg.DagsterEventType.ASSET_CHECK_EVALUATION]
    assert len(checks) == len(SALE_CLAUSES)
    assert max(checks) < told


def test_a_version_says_where_it_comes_from(published: Mesh) -> None:
    run = published.run("customer_spend")
    made = read_history(published.port("customer_spend"))[0].provenance
    spec = published.definitions.resolve_asset_graph().get(published.key("customer_spend"))
    assert made.run_id == run.run_id
    assert made.inputs == {"shop.sale": 0}
    assert made.contract_version == "1.0.0"
    assert made.code_version == spec.code_version
    assert made.partitions is None
    assert made.gate["counts"]["failed"] == 0
    assert {clause["name"] for clause in made.gate["clauses"]} == set(run.checks("customer_spend"))


def test_a_version_names_the_landing_and_the_products_it_refers_to(published: Mesh) -> None:
    from_landing = read_history(published.port("sale"))[0].provenance.inputs
    assert list(from_landing) == ["till.sale"]
    assert isinstance(from_landing["till.sale"], str)
    assert read_history(published.port("top_customer"))[0].provenance.inputs == {
        "shop.customer_spend": 0,
        "shop.sale": 0,
    }


def test_the_asset_page_shows_no_row(published: Mesh) -> None:
    shown = str(published.run("sale").metadata("sale"))
    assert {str(row["sold_on"]) for row in published.rows("sale")} >= {"2024-01-31"}
    assert [value for value in ("2024-01-31", "20.50", "thank you") if value in shown] == []


def test_a_product_without_rows_is_published_without_rows(landed: Mesh) -> None:
    write_exports(landed.settings.exports, ())
    names = ("till.sale", "sale", "customer_spend", "top_customer", "monthly_sale")
    assert landed.run(*names, months=(MONTHS[0], MONTHS[-1])).success
    assert [landed.rows(name) for name in names[1:]] == [[], [], [], []]


def test_a_version_keeps_its_profile_and_the_asset_page_shows_it(published: Mesh) -> None:
    run = published.run("sale")
    made = read_history(published.port("sale"))[0]
    kept = kept_profile(published.port("sale"), made)
    assert kept is not None
    assert (kept.rows, kept.column("amount").nulls) == (4, None)  # all four rows are too few
    assert run.metadata("sale")["profile"] == profile_table(kept)
    run = published.run("monthly_sale", months=(MONTHS[1], MONTHS[1]))
    made = read_history(published.port("monthly_sale"))[0]
    assert made.provenance.partitions == (MONTHS[1],)
    assert kept_profile(published.port("monthly_sale"), made).rows == made.rows
