"""A withdrawn version in Dagster: reported once, whatever is killed, fresh as its rows are, and the product held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest
from openlineage_judge import faults, needs_specification
from shop_mesh import MONTHS
from shop_workspace import SALES, changed, write_exports

from bankmesh import fault_points
from bankmesh.contracts.parsing.contract_reader import read_contracts
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.orchestration.assets.asset_state import read_mesh
from bankmesh.orchestration.assets.automation_condition import code_versions
from bankmesh.orchestration.history.logged_versions import report_restored, report_version
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import latest, read_history, resume, withdraw
from bankmesh.products.lineage_events.restoration_events import restore_event
from bankmesh.products.versions.held_products import find_held
from bankmesh.settings import lineage_database

if TYPE_CHECKING:
    from shop_mesh import Mesh

WHO = {"by": "Ada Lovelace", "reason": "amounts in the wrong currency"}


def _contract(mesh: Mesh, name: str):
    (contract,) = read_contracts([mesh.settings.root / f"domains/shop/src/shop/contracts/{name}.odcs.yaml"])
    return contract


def _report(mesh: Mesh, name: str = "sale") -> list[str]:
    with open_instance(mesh.settings) as instance:
        return report_restored(instance, mesh.settings.home, [_contract(mesh, name)])


def _latest_event(mesh: Mesh, name: str = "sale") -> dg.EventLogEntry:
    with open_instance(mesh.settings) as instance:
        event = instance.get_latest_materialization_event(mesh.key(name))
    assert event is not None
    return event


@pytest.fixture
def withdrawn(published: Mesh) -> Mesh:
    """A second version of `sale`, which is withdrawn; Dagster has not been told."""
    write_exports(published.settings.exports, changed(4, SALES, amount="321.00"))
    assert published.run("till.sale", "sale").success
    withdraw(published.port("sale"), 1, **WHO)
    return published


def _held(mesh: Mesh) -> list[str]:
    return [*find_held(mesh.settings.home, code_versions(mesh.definitions.resolve_asset_graph()))]


def test_it_is_reported_once_with_its_checks(withdrawn: Mesh) -> None:
    assert withdrawn.reported("sale") == [0, 1]
    assert _report(withdrawn) == ["shop.sale version 2"]
    assert _report(withdrawn) == []
    assert withdrawn.reported("sale") == [0, 1, 2]
    event = _latest_event(withdrawn)
    shown = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert (shown["restored version"], shown["withdrawn versions"]) == (0, "1")
    assert (shown["decided by"], shown["reason"]) == (WHO["by"], WHO["reason"])
    assert shown["inputs"] == dict(read_history(withdrawn.port("sale"))[2].provenance.inputs)
    with open_instance(withdrawn.settings) as instance:
        key = dg.AssetCheckKey(withdrawn.key("sale"), "amount__range")
        found = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert found.event.asset_check_evaluation.passed


def test_lineage_hears_of_it_once(withdrawn: Mesh) -> None:
    for _ in range(2):
        _report(withdrawn)
    made = latest(withdrawn.port("sale"))
    with EventOutbox(lineage_database(withdrawn.settings.home)) as outbox:
        (kept,) = outbox.all_events(made.provenance.run_id)
    event = kept.event
    assert (event["eventType"], event["job"]["name"]) == ("COMPLETE", "shop.sale.restore")
    assert event["inputs"][0]["facets"]["version"]["datasetVersion"] == "0"
    assert event["outputs"][0]["facets"]["version"]["datasetVersion"] == "2"
    assert event["inputs"][0]["name"] == event["outputs"][0]["name"]
    tags = {tag["key"]: tag["value"] for tag in event["run"]["facets"]["tags"]["tags"]}
    assert (tags["restored_version"], tags["withdrawn_versions"], tags["reason"]) == ("0", "1", WHO["reason"])


@needs_specification
@pytest.mark.realdata
def test_its_lineage_event_is_as_specified(withdrawn: Mesh) -> None:
    made, contract = latest(withdrawn.port("sale")), _contract(withdrawn, "sale")
    event = restore_event(contract, withdrawn.port("sale"), made, made.decision)
    assert faults(event) == []


def test_dagster_counts_freshness_from_the_first_publication_of_the_rows(withdrawn: Mesh) -> None:
    good = read_history(withdrawn.port("sale"))[2]
    _report(withdrawn)
    assert _latest_event(withdrawn).timestamp == pytest.approx(good.published_at.timestamp())
    with open_instance(withdrawn.settings) as instance:
        mesh = read_mesh(instance, {"shop/sale": []}, 0.0, 0.0)
    state = mesh.state_of("shop/sale")
    assert state.version == "2"
    assert state.updated_at == pytest.approx(latest(withdrawn.port("sale")).published_at.timestamp(), abs=0.01)


def test_a_run_of_it_refuses_and_reports_what_the_killed_command_could_not(withdrawn: Mesh) -> None:
    run = withdrawn.run("sale")
    assert not run.success
    said = run.failure("sale")
    assert "held since" in said
    assert "Ada Lovelace, who withdrew version 1 (amounts in the wrong currency)" in said
    assert "mesh resume shop.sale" in said
    assert withdrawn.reported("sale") == [0, 1, 2]
    assert withdrawn.versions("sale") == [0, 1, 2]
    assert _held(withdrawn) == ["shop/sale"]


def test_once_resumed_it_is_built_again(withdrawn: Mesh) -> None:
    resume(withdrawn.port("sale"), by="Grace", reason="repaired")
    assert _held(withdrawn) == []
    assert withdrawn.run("sale").success
    assert withdrawn.reported("sale") == [0, 1, 2, 4] == withdrawn.versions("sale")


def test_a_product_that_reads_it_is_built_from_the_restored_version(withdrawn: Mesh) -> None:
    assert withdrawn.run("customer_spend").success
    assert read_history(withdrawn.port("customer_spend"))[0].provenance.inputs == {"shop.sale": 2}


def test_a_run_that_is_under_way_when_it_is_withdrawn_does_not_publish_over_it(published: Mesh) -> None:
    write_exports(published.settings.exports, changed(4, SALES, amount="321.00"))
    assert published.run("till.sale", "sale").success

    def withdraw_meanwhile(point: str) -> None:
        if point == "gated":
            fault_points.watch(None)
            withdraw(published.port("sale"), 1, **WHO)

    fault_points.watch(withdraw_meanwhile)
    try:
        run = published.run("sale")
    finally:
        fault_points.watch(None)
    assert not run.success
    assert "held since" in run.failure("sale")
    assert published.versions("sale") == [0, 1, 2]
    assert published.rows("sale") == published.rows("sale", 0)


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("point", ["restore-checks-reported", "restore-reported"])
def test_partitions_are_reported_once_each_though_the_reporting_was_killed(published: Mesh, point: str) -> None:
    assert published.run("monthly_sale", months=(MONTHS[0], MONTHS[2])).success
    withdraw(published.port("monthly_sale"), 1, **WHO)

    def kill(reached: str) -> None:
        if reached == point:
            raise _Killed

    fault_points.watch(kill)
    contract = _contract(published, "monthly_sale")
    try:
        with open_instance(published.settings) as instance, pytest.raises(_Killed):
            report_version(instance, published.settings.home, contract)
    finally:
        fault_points.watch(None)
    assert _report(published, "monthly_sale") == ["shop.monthly_sale version 2"]
    with open_instance(published.settings) as instance:
        records = instance.fetch_materializations(published.key("monthly_sale"), limit=100).records
    told = [r.partition_key for r in records if r.asset_materialization.metadata["version"].value == 2]
    assert sorted(told) == sorted(MONTHS[:3])


def test_nothing_is_reported_where_nothing_is_published(landed: Mesh) -> None:
    assert _report(landed) == []
