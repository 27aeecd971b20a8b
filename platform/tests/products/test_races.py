"""Two runs of one product at once: both end published, or the loser is built again; never lost or doubled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dagster import DagsterEventType
from shop_mesh import MONTHS, Mesh
from shop_nursery import Ended, Job
from shop_workspace import SALES, Sale, changed, write_exports

from bankmesh import fault_points
from bankmesh.ports import read_history

if TYPE_CHECKING:
    from shop_nursery import Nursery

pytestmark = pytest.mark.system

ALL = (MONTHS[0], MONTHS[-1])
JANUARY, FEBRUARY, MARCH = (MONTHS[0],) * 2, (MONTHS[1],) * 2, (MONTHS[2],) * 2


def _both(nursery: Nursery, mesh: Mesh, name: str, *months: tuple[str, str] | None) -> list[Ended]:
    """Two runs that both have a gated candidate before either may commit."""
    folder = str(mesh.settings.home.parent)
    ended = nursery.run(*(Job(folder, (name,), months=wanted, meet_at="gated") for wanted in months))
    assert [run.code for run in ended] == [0, 0]
    return ended


def _ids(mesh: Mesh, name: str) -> list[int]:
    return [row["sale_id"] for row in mesh.rows(name)]


def test_a_whole_product_on_an_empty_port(nursery: Nursery, landed: Mesh) -> None:
    ended = _both(nursery, landed, "sale", None, None)
    assert [run.success for run in ended] == [True, True]
    assert _ids(landed, "sale") == [1, 2, 3, 4]
    assert landed.versions("sale") == [0, 1]
    assert sorted(landed.reported("sale")) == [0, 1]


def test_a_whole_product_on_an_earlier_version(nursery: Nursery, published: Mesh) -> None:
    ended = _both(nursery, published, "customer_spend", None, None)
    assert [run.success for run in ended] == [True, True]
    assert published.versions("customer_spend") == [0, 1, 2]
    assert len(published.rows("customer_spend")) == 3


def test_the_same_partitions_on_an_empty_port(nursery: Nursery, landed: Mesh) -> None:
    ended = _both(nursery, landed, "monthly_sale", ALL, ALL)
    assert [run.success for run in ended] == [True, True]
    assert _ids(landed, "monthly_sale") == [1, 2, 3, 4]


def test_different_partitions_on_an_empty_port(nursery: Nursery, landed: Mesh) -> None:
    ended = _both(nursery, landed, "monthly_sale", JANUARY, FEBRUARY)
    assert [run.success for run in ended] == [True, True]
    assert _ids(landed, "monthly_sale") == [1, 2, 3]


def test_different_partitions_on_an_earlier_version(nursery: Nursery, published: Mesh) -> None:
    write_exports(published.settings.exports, changed(3, changed(4, amount="8.00"), amount="7.00"))
    assert published.run("till.sale").success
    ended = _both(nursery, published, "monthly_sale", FEBRUARY, MARCH)
    assert [run.success for run in ended] == [True, True]
    assert [float(row["amount"]) for row in published.rows("monthly_sale")] == [10.0, 20.5, 7.0, 8.0]


def test_partitions_that_only_together_break_a_clause(nursery: Nursery, landed: Mesh) -> None:
    write_exports(landed.settings.exports, (*SALES, Sale(1, 1, "2024-02-07", "1.00")))
    assert landed.run("till.sale").success
    ended = _both(nursery, landed, "monthly_sale", JANUARY, FEBRUARY)
    assert sorted(run.success for run in ended) == [False, True]
    (message,) = next(run.messages for run in ended if not run.success)
    # The loser was tried again on what the winner had published, and then its gate refused it.
    assert "shop.monthly_sale is not published" in message
    assert "primary_key_unique" in message
    assert _ids(landed, "monthly_sale") in ([1, 2], [1, 3])
    assert landed.versions("monthly_sale") == [0] == landed.reported("monthly_sale")


def test_a_candidate_from_older_inputs_does_not_follow_one_from_newer(nursery: Nursery, published: Mesh) -> None:
    folder = str(published.settings.home.parent)

    def overtake(point: str) -> None:
        if point == "gated":
            fault_points.watch(None)
            (other,) = nursery.run(Job(folder, ("sale", "customer_spend")))
            assert other.success

    fault_points.watch(overtake)
    try:
        run = published.run("customer_spend")
    finally:
        fault_points.watch(None)
    # It is built again, from what is there now.
    (retry,) = [event for event in run.events if event.event_type is DagsterEventType.STEP_UP_FOR_RETRY]
    told = retry.event_specific_data.error.to_string()
    assert "shop.customer_spend: not published" in told
    assert "shop.sale 0 < 1" in told
    assert run.success
    assert published.versions("customer_spend") == [0, 1, 2]
    newest, overtaker, _ = read_history(published.port("customer_spend"))
    assert newest.provenance.run_id == run.run_id
    assert newest.provenance.inputs["shop.sale"] == 1 == overtaker.provenance.inputs["shop.sale"]
