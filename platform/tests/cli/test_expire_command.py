"""`mesh expire`: what it removes, what it says, and that nothing else shows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import dagster as dg
import pytest
import sqlalchemy as sa
from command import Command
from shop_workspace import SALES, changed, write_exports

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import rebuild, refresh
from bankmesh.errors import PortError
from bankmesh.lineage.openlineage.event_outbox import EventOutbox as LineageOutbox
from bankmesh.orchestration.history.check_events import LoggedChecks
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.retention import mesh_expiry
from bankmesh.orchestration.retention.reader_positions import reader_positions, unfinished_runs
from bankmesh.orchestration.runner.in_process_runs import end_dead_runs
from bankmesh.settings import alert_settings, catalog_database, lineage_database


def _expire(mesh: Command, *words: object) -> dict[str, object]:
    said = mesh("expire", "--json", *words)
    assert said.code == 0
    return json.loads(said.out)


def _sell(published, amount: str) -> None:
    write_exports(published.settings.exports, changed(4, SALES, amount=amount))
    assert published.run("till.sale", "sale").success


def test_its_json_says_of_everything_what_went(mesh: Command, published) -> None:
    _sell(published, "2.00")
    removed = _expire(mesh)
    assert removed["shop.sale"] == {"versions": [], "candidates": [], "files": 0, "bytes": 0, "confirmations": 0}
    assert removed["landings"] == {"landings": 0, "bytes": 0}
    assert (removed["rejects"], removed["lineage"]) == (0, 0)
    assert removed["events"] == {"runs": 0, "rows": 0, "bytes": 0, "held_by": []}


def test_landings_and_events_that_are_superseded_go_and_products_look_the_same(mesh: Command, published) -> None:
    for amount in ("2.00", "3.00", "4.00"):
        _sell(published, amount)
    with open_instance(published.settings) as instance:
        refresh(published.settings, LoggedChecks(instance))
    before = mesh("products", "--json").out
    removed = _expire(mesh, "--events-days", 0)
    assert removed["landings"]["landings"] == 2
    assert removed["events"]["runs"] >= 2
    assert removed["events"]["bytes"] > 0
    assert mesh("products", "--json").out == before
    assert mesh("expire", "--events-days", 0).out.splitlines()[-1] == "events: 0 runs, 0 rows, 0 bytes"
    _sell(published, "5.00")
    assert published.versions("sale") == [0, 1, 2, 3, 4]


def test_the_last_runs_of_a_home_are_expired_by_no_retention(mesh: Command, published) -> None:
    with open_instance(published.settings) as instance:
        before = {run.run_id: len(instance.all_logs(run.run_id)) for run in instance.get_runs()}
        shown = instance.get_latest_materialization_event(published.key("sale"))
    _expire(mesh, "--events-days", 0)
    with open_instance(published.settings) as instance:
        assert instance.get_latest_materialization_event(published.key("sale")) == shown
        last = instance.get_asset_records([published.key("sale")])[0].asset_entry.last_run_id
        assert len(instance.all_logs(last)) == before[last]


def test_what_alerts_and_the_catalog_have_not_read_stays_and_is_said(mesh: Command, published) -> None:
    read = _run_ids(published)
    with open_instance(published.settings) as instance:
        position = instance.event_log_storage.get_maximum_record_id()
    with AlertOutbox(alert_settings(published.settings).database) as outbox:
        outbox.record("shop", None, position, {}, (), datetime.now(UTC))
    for amount in ("2.00", "3.00"):
        _sell(published, amount)
    unread = _run_ids(published) - read
    said = mesh("expire", "--events-days", 0)
    assert "older runs are kept until read by the alerts of shop" in said.out.splitlines()[-1]
    assert len(unread) == 2
    assert unread <= _run_ids(published)


def test_positions_are_those_of_the_alerts_and_of_the_catalog(mesh: Command, published) -> None:
    assert reader_positions(published.settings) == ()
    with open_instance(published.settings) as instance:
        rebuild(published.settings, LoggedChecks(instance))
        checked = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            dagster_event_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        )
    with AlertOutbox(alert_settings(published.settings).database) as outbox:
        outbox.record("shop", None, 7, {}, (), datetime.now(UTC))
        outbox.record("a domain that has left", None, 1, {}, (), datetime.now(UTC))
    found = {each.reader: each.first_needed for each in reader_positions(published.settings)}
    assert found == {"the alerts of shop": 8, "the catalog": max(checked)}
    _expire(mesh, "--events-days", 0)
    with open_instance(published.settings) as instance:
        assert not refresh(published.settings, LoggedChecks(instance)).rebuilt


def test_a_rebuilt_catalog_knows_the_newest_evaluation_of_each_check(mesh: Command, published) -> None:
    for amount in ("2.00", "3.00"):
        _sell(published, amount)
    with open_instance(published.settings) as instance:
        rebuild(published.settings, LoggedChecks(instance))
        before = _check_states(published)
        _expire(mesh, "--events-days", 0)
        rebuild(published.settings, LoggedChecks(instance))
    assert len(before) > 1
    assert _check_states(published) == before


def test_runs_whose_end_lineage_has_not_recorded_are_known(published) -> None:
    assert unfinished_runs(published.settings.home) == frozenset()
    with LineageOutbox(lineage_database(published.settings.home)) as outbox:
        start = next(kept for kept in outbox.all_events() if kept.kind == "START")
        event = start.event | {"run": {"runId": "00000000-0000-0000-0000-000000000001"}}
        assert outbox.keep(event, "run-7", start.asset)
    assert unfinished_runs(published.settings.home) == {"run-7"}


@pytest.mark.parametrize("value", ["0", "-1", "a week", "3651"])
def test_days_that_are_none_are_refused(mesh: Command, monkeypatch, value: str) -> None:
    monkeypatch.setenv("BANKMESH_EVENTS_DAYS", value)
    said = mesh("expire")
    assert said.code != 0
    assert f"BANKMESH_EVENTS_DAYS={value!r} is not a number of days; write a whole number from 1 to 3650." in said.err


def _check_states(published) -> list[object]:
    with Catalog(catalog_database(published.settings)) as catalog, catalog.reading() as connection:
        query = sa.select(tables.check_states).order_by("port", "check_name")
        return [row._asdict() for row in connection.execute(query)]


def _run_ids(published) -> set[str]:
    with open_instance(published.settings) as instance:
        end_dead_runs(instance)
        return {run.run_id for run in instance.get_runs()}


def test_a_part_that_fails_is_named_and_the_rest_expires(mesh: Command, published, monkeypatch) -> None:
    def fail(*_arguments):
        raise PortError("shop.sale: its Delta log cannot be read.")

    monkeypatch.setattr(mesh_expiry, "_expire_port", fail)
    said = mesh("expire", "--json")
    assert said.code == 1
    assert "shop.sale has not expired: shop.sale: its Delta log cannot be read." in said.err
    removed = json.loads(said.out)
    assert removed["shop.sale"] == {"error": "shop.sale: its Delta log cannot be read."}
    assert removed["landings"] == {"landings": 0, "bytes": 0}
