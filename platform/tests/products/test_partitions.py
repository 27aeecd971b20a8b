"""A product partitioned by month: a run over a range replaces just these months, and is held to the whole table."""

from shop_mesh import MONTHS, Mesh
from shop_workspace import SALES, Sale, changed, write_exports

from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import read_history

FEBRUARY, MARCH = MONTHS[1], MONTHS[2]


def _amounts(mesh: Mesh, version: int | None = None) -> dict[int, float]:
    return {row["sale_id"]: float(row["amount"]) for row in mesh.rows("monthly_sale", version)}


def _export(mesh: Mesh, *sales: Sale) -> None:
    write_exports(mesh.settings.exports, sales)
    assert mesh.run("till.sale").success


def test_a_range_replaces_just_its_months(published: Mesh) -> None:
    everything_doubled = tuple(Sale(s.sale_id, s.customer_id, s.sold_on, str(2 * float(s.amount))) for s in SALES)
    _export(published, *everything_doubled)
    run = published.run("monthly_sale", months=(FEBRUARY, MARCH))
    assert run.success
    assert _amounts(published) == {1: 10.0, 2: 20.5, 3: 10.5, 4: 200.0}
    assert _amounts(published, 0) == {1: 10.0, 2: 20.5, 3: 5.25, 4: 100.0}
    assert run.metadata("monthly_sale")["partitions built"] == f"{FEBRUARY} to {MARCH}"
    assert run.metadata("monthly_sale")["dagster/row_count"] == 4
    assert read_history(published.port("monthly_sale"))[0].provenance.partitions == (FEBRUARY, MARCH)


def test_what_is_the_same_for_all_months_is_in_the_event_of_the_last_one(published: Mesh) -> None:
    run = published.run("monthly_sale", months=(FEBRUARY, MARCH))
    made = {
        event.partition: event.step_materialization_data.materialization.metadata
        for event in run.events
        if event.is_step_materialization
    }
    once = {"profile", "dagster/column_lineage", "where columns come from"}
    assert list(made) == [FEBRUARY, MARCH]
    assert once <= made[MARCH].keys()
    assert made[MARCH].keys() - made[FEBRUARY].keys() >= once
    everywhere = {"version", "candidate", "dagster/row_count", "gate", "inputs", "partitions built"}
    assert everywhere <= made[FEBRUARY].keys()
    assert {name: made[FEBRUARY][name] for name in everywhere} == {name: made[MARCH][name] for name in everywhere}
    with open_instance(published.settings) as instance:
        shown = instance.get_latest_materialization_event(published.key("monthly_sale"))
    assert shown.asset_materialization.metadata == made[MARCH]


def test_late_rows_come_in_by_building_their_month_again(published: Mesh) -> None:
    _export(published, *SALES, Sale(5, 1, "2024-01-30", "9.00"))
    assert published.run("monthly_sale", months=(MONTHS[0], MONTHS[0])).success
    assert _amounts(published) == {1: 10.0, 2: 20.5, 3: 5.25, 4: 100.0, 5: 9.0}


def test_a_month_without_rows_any_more_is_emptied(published: Mesh) -> None:
    _export(published, *(sale for sale in SALES if sale.sale_id != 3))
    assert published.run("monthly_sale", months=(FEBRUARY, FEBRUARY)).success
    assert sorted(_amounts(published)) == [1, 2, 4]


def test_uniqueness_is_held_over_the_months_that_stay(published: Mesh) -> None:
    _export(published, *SALES, Sale(1, 1, "2024-02-07", "1.00"))
    run = published.run("monthly_sale", months=(FEBRUARY, FEBRUARY))
    check = run.checks("monthly_sale")["primary_key_unique"]
    assert not run.success
    assert check.metadata["outcome"].value == "failed"
    assert check.metadata["failing rows"].value == 1
    assert check.metadata["partitions"].value == f"{FEBRUARY} to {FEBRUARY}"
    assert published.versions("monthly_sale") == [0]


def test_an_id_that_moves_to_another_month_needs_both_built(published: Mesh) -> None:
    _export(published, *changed(1, sold_on="2024-02-07"))
    assert not published.run("monthly_sale", months=(FEBRUARY, FEBRUARY)).success
    assert published.run("monthly_sale", months=(MONTHS[0], FEBRUARY)).success
    assert sorted(_amounts(published)) == [1, 2, 3, 4]


def test_rows_outside_all_months_are_told_and_not_lost(published: Mesh) -> None:
    _export(published, *SALES, Sale(9, 1, "2031-01-01", "1.00"))
    run = published.run("monthly_sale", months=(MONTHS[0], MONTHS[-1]))
    assert not run.success
    assert "shop.monthly_sale: the candidate has rows in 1 partitions" in run.failure("monthly_sale")
    assert "2031-01-01" in run.failure("monthly_sale")
    assert published.versions("monthly_sale") == [0]


def test_a_run_in_the_middle_is_not_kept_by_rows_outside(published: Mesh) -> None:
    _export(published, *changed(3, amount="6.00"), Sale(9, 1, "2031-01-01", "1.00"))
    assert published.run("monthly_sale", months=(FEBRUARY, FEBRUARY)).success
    assert _amounts(published)[3] == 6.0
