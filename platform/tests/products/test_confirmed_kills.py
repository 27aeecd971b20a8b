"""Processes that are killed while they confirm, and others that publish meanwhile: what is published stays right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop_mesh import MONTHS
from shop_nursery import Job
from shop_workspace import changed, write_exports

from bankmesh.orchestration.assets.event_metadata import CONFIRMED
from bankmesh.orchestration.assets.run_tags import confirm_tags
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import confirmations

if TYPE_CHECKING:
    from shop_mesh import Mesh
    from shop_nursery import Nursery

pytestmark = pytest.mark.system


def newest_event(mesh: Mesh, product: str) -> dict[str, object]:
    with open_instance(mesh.settings) as instance:
        event = instance.get_latest_materialization_event(mesh.key(product))
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def event_of_run(mesh: Mesh, product: str, run_id: str) -> dict[str, object]:
    with open_instance(mesh.settings) as instance:
        records = instance.fetch_materializations(mesh.key(product), limit=9).records
    found = next(record.asset_materialization for record in records if record.run_id == run_id)
    return {name: value.value for name, value in found.metadata.items()}


@pytest.mark.parametrize("point", ["examined", "confirmation-written"])
def test_a_kill_while_it_confirms_leaves_what_a_later_run_confirms(
    published: Mesh, nursery: Nursery, point: str
) -> None:
    folder, names = str(published.settings.home.parent), ("opening_hour",)
    (killed,) = nursery.run(Job(folder, names, die_at=point, tags=confirm_tags()))
    assert killed.code < 0
    assert CONFIRMED not in newest_event(published, "opening_hour")
    written = len(confirmations(published.port("opening_hour")))
    assert written == (point == "confirmation-written")
    (later,) = nursery.run(Job(folder, names, tags=confirm_tags()))
    assert later.success, later.messages
    assert CONFIRMED in newest_event(published, "opening_hour")
    assert len(confirmations(published.port("opening_hour"))) == written + 1
    assert published.versions("opening_hour") == [0]


def test_what_is_published_between_look_and_confirmation_is_not_confirmed(published: Mesh, nursery: Nursery) -> None:
    folder, names = str(published.settings.home.parent), ("opening_hour",)
    confirming, building = nursery.run(
        Job(folder, names, meet_at="examined", tags=confirm_tags()), Job(folder, names, meet_at="published")
    )
    assert (confirming.success, building.success) == (True, True)
    port = published.port("opening_hour")
    assert confirmations(port) == ()
    # The run that was to confirm version 0 builds version 2, or reports version 1 where its run has not done so yet.
    newest = published.versions("opening_hour")[-1]
    assert newest in {1, 2}
    reported = event_of_run(published, "opening_hour", confirming.run_id)
    assert reported["version"] == newest
    assert CONFIRMED not in reported
    assert reported.get("published by run") == (building.run_id if newest == 1 else None)


def test_two_that_confirm_at_once_both_do(published: Mesh, nursery: Nursery) -> None:
    job = Job(str(published.settings.home.parent), ("opening_hour",), meet_at="examined", tags=confirm_tags())
    assert [ended.success for ended in nursery.run(job, job)] == [True, True]
    assert published.versions("opening_hour") == [0]
    assert len(confirmations(published.port("opening_hour"))) == 2


def test_a_run_of_other_months_reports_what_a_killed_one_published(published: Mesh, nursery: Nursery) -> None:
    write_exports(published.settings.exports, changed(1, amount="7.00"))
    assert published.run("till.sale").success
    folder, names = str(published.settings.home.parent), ("monthly_sale",)
    january, february = (MONTHS[0], MONTHS[0]), (MONTHS[1], MONTHS[1])
    (killed,) = nursery.run(Job(folder, names, january, die_at="after-commit", tags=confirm_tags()))
    assert killed.code < 0
    (later,) = nursery.run(Job(folder, names, february, tags=confirm_tags()))
    assert later.success, later.messages
    with open_instance(published.settings) as instance:
        records = instance.fetch_materializations(published.key("monthly_sale"), limit=2).records
    made = {record.partition_key: record.asset_materialization.metadata["version"].value for record in records}
    assert made == {MONTHS[0]: 1, MONTHS[1]: 2}
    assert {row["sale_id"]: float(row["amount"]) for row in published.rows("monthly_sale")}[1] == 7.0


@pytest.mark.parametrize("point", ["staged", "built", "gated", "before-commit", "after-commit", "published"])
def test_a_kill_while_some_months_are_built_loses_and_repeats_nothing(
    published: Mesh, nursery: Nursery, point: str
) -> None:
    """A range of months that a schedule builds because of a correction; the next one ends what was begun."""
    write_exports(published.settings.exports, changed(3, amount="7.00"))
    assert published.run("till.sale").success
    job = Job(str(published.settings.home.parent), ("monthly_sale",), (MONTHS[0], MONTHS[-1]), tags=confirm_tags())
    (killed,) = nursery.run(Job(job.folder, job.names, job.months, die_at=point, tags=job.tags))
    assert killed.code < 0
    (later,) = nursery.run(job)
    assert later.success, later.messages
    assert published.versions("monthly_sale") == [0, 1]
    assert {row["sale_id"]: float(row["amount"]) for row in published.rows("monthly_sale")}[3] == 7.0
    (again,) = nursery.run(job)
    assert again.success, again.messages
    assert published.versions("monthly_sale") == [0, 1]
    assert CONFIRMED in newest_event(published, "monthly_sale")
