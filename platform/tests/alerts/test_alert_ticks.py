"""From real runs to alerts, on the event logs of SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
from alert_mesh import FAILING_VALUE, RETRIED, RETRIES, ShopMesh, instance_in, settle_at_once
from dagster import DagsterRunStatus
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.storage.tags import WILL_RETRY_TAG

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.orchestration.history import domain_events
from bankmesh.settings import AlertSettings

CHECK = "shop.sale: check small"
REFUSED = {"outcome": "failed", "refuses": True}


@pytest.fixture(params=["sqlite", "postgresql"])
def mesh(request, tmp_path, monkeypatch, http_receiver):
    settle_at_once(monkeypatch)
    storage, database = RETRIES, f"sqlite:///{tmp_path / 'alerts.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        name = f"mesh_{abs(hash(request.node.name))}"
        server.psql(f"create database {name};")
        database = server.get_uri(name)
        # Dagster's storage asks for its driver by name.
        driven = database.replace("postgresql://", "postgresql+psycopg2://")
        storage += f'storage: {{postgres: {{postgres_url: "{driven}"}}}}\n'
    (tmp_path / "alerts.yaml").write_text(
        f"channels: {{hook: {http_receiver.url}}}\nfallback: [hook]\n", encoding="utf-8"
    )
    with instance_in(tmp_path / "dagster", storage) as instance:
        yield ShopMesh(instance, AlertSettings(database, tmp_path / "alerts.yaml", "https://dagster.bank.example"))


@pytest.fixture
def started(mesh):
    """A mesh whose first look has been taken."""
    mesh.run_tick()
    return mesh


def test_the_first_look_tells_no_history(mesh) -> None:
    mesh.run(outcome="failed")
    assert mesh.told() == []
    mesh.run(outcome="failed")
    assert mesh.told() == [f"[ERROR] {CHECK} failed"]


def test_the_first_look_tells_of_promises_that_are_broken_now(mesh) -> None:
    mesh.run()
    mesh.change_freshness(FreshnessState.FAIL)
    assert mesh.told() == ["[ERROR] shop.sale: freshness is broken"]
    mesh.change_freshness(FreshnessState.PASS)
    assert mesh.told() == ["[RECOVERED] shop.sale: freshness is kept again"]


def test_one_alert_and_one_recovery_however_often_it_is_evaluated(started, http_receiver) -> None:
    for _ in range(3):
        started.run(**REFUSED)
        started.run_tick()
    started.run()
    started.run()
    started.run_tick()
    assert http_receiver.titles == [f"[ERROR] {CHECK} failed", f"[RECOVERED] {CHECK} passes again"]
    assert "does not hold: 3 of 40 rows" in http_receiver.taken[0].body["message"]


def test_no_value_is_in_any_message_or_in_the_outbox(started, http_receiver) -> None:
    started.run(outcome="failed")
    started.run(raises=True)
    started.run("day", {"dagster/partition": "2026-01-02"}, raises=True)
    started.run_tick()
    with AlertOutbox(started.places.database) as outbox:
        kept = str(outbox.history(99)) + str(outbox.open_incidents())
    assert len(http_receiver.taken) == 2
    assert FAILING_VALUE not in kept + str(http_receiver.posts)
    assert "observed" not in str(http_receiver.posts)


def test_a_refusal_by_the_gate_is_one_alert(started) -> None:
    started.run(**REFUSED)
    assert started.told() == [f"[ERROR] {CHECK} failed"]


def test_an_errored_check_and_a_warning_that_becomes_an_error(started) -> None:
    started.run(outcome="failed", severity=dg.AssetCheckSeverity.WARN)
    assert started.told() == [f"[WARNING] {CHECK} failed"]
    started.run(outcome="errored")
    assert started.told() == [f"[ERROR] {CHECK} could not be evaluated"]


def test_a_failed_run_and_its_recovery(started, http_receiver) -> None:
    run_id = started.run(raises=True).run_id
    assert started.told() == ["[ERROR] shop.sale: run failed"]
    started.run(raises=True)
    assert started.told() == []
    started.run()
    assert started.told() == ["[RECOVERED] shop.sale: run failure resolved"]
    text = http_receiver.taken[0].body["message"]
    assert "Cause: Broken" in text
    assert f"https://dagster.bank.example/runs/{run_id}" in text


def test_a_range_of_partitions_is_made_good_by_all_of_them(started) -> None:
    days = {"dagster/asset_partition_range_start": "2026-01-02", "dagster/asset_partition_range_end": "2026-01-04"}
    started.run("day", days, raises=True)
    assert started.told() == ["[ERROR] shop.day: run failed"]
    started.run("day", {"dagster/partition": "2026-01-01"})
    started.run("day", {"dagster/partition": "2026-01-02"})
    assert started.told() == []
    started.run("day", days)
    assert started.told() == ["[RECOVERED] shop.day: run failure resolved"]


def test_a_warning_stays_open_for_partitions_that_a_later_run_left_as_they_were(started) -> None:
    days = {"dagster/asset_partition_range_start": "2026-01-02", "dagster/asset_partition_range_end": "2026-01-04"}
    started.run("shift", days, outcome="failed", severity=dg.AssetCheckSeverity.WARN)
    assert started.told() == ["[WARNING] shop.shift: check staffed failed"]
    started.run("shift", days, evaluated=(("2026-01-04", "2026-01-04"),))
    started.run("shift", days, evaluated=(("2026-01-02", "2026-01-02"), ("2026-01-04", "2026-01-04")))
    assert started.told() == []
    started.run("shift", days, evaluated=(("2026-01-03", "2026-01-03"),))
    assert started.told() == ["[RECOVERED] shop.shift: check staffed passes again"]


def test_freshness_changes_become_alerts(started) -> None:
    told = []
    for state in (FreshnessState.PASS, FreshnessState.WARN, FreshnessState.FAIL, FreshnessState.PASS):
        started.change_freshness(state)
        told += started.told()
    assert told == [
        "[WARNING] shop.sale: freshness is about to break",
        "[ERROR] shop.sale: freshness is broken",
        "[RECOVERED] shop.sale: freshness is kept again",
    ]


def test_a_step_that_is_tried_again_is_no_failure(started) -> None:
    assert started.run(retries=True).success
    assert started.told() == []


def test_a_run_that_will_be_retried_is_quiet_until_its_last_retry_failed(started) -> None:
    first = started.run(raises=True, tags=RETRIED)
    assert started.instance.get_run_by_id(first.run_id).tags[WILL_RETRY_TAG] == "true"
    assert started.told() == []
    started.retry(first, raises=True)
    assert started.told() == ["[ERROR] shop.sale: run failed"]


def test_a_run_whose_retry_succeeds_is_never_told(started) -> None:
    first = started.run(raises=True, tags=RETRIED)
    assert started.told() == []
    started.retry(first)
    assert started.told() == []
    with AlertOutbox(started.places.database) as outbox:
        assert outbox.history(9) == []
        assert outbox.open_incidents() == []
    assert started.instance.get_run_by_id(first.run_id).status is DagsterRunStatus.FAILURE


def test_a_retry_that_was_given_up_is_told(started) -> None:
    first = started.run(raises=True, tags=RETRIED)
    assert started.told() == []
    started.instance.add_run_tags(first.run_id, {WILL_RETRY_TAG: "false"})
    assert started.told() == ["[ERROR] shop.sale: run failed"]


def test_another_domain_hears_nothing_of_it(started) -> None:
    from alert_mesh import Shop

    other = ShopMesh(started.instance, started.places, domain=Shop("investment"))
    other.run_tick()
    started.run(outcome="failed")
    started.run(raises=True)
    assert other.told() == []


def test_a_backlog_is_read_in_batches_without_losing_any(started, monkeypatch) -> None:
    monkeypatch.setattr(domain_events, "BATCH", 2)
    for outcome in ("failed", "passed", "errored", "passed", "failed"):
        started.run(outcome=outcome)
    assert len(started.told()) == 5


def test_entries_that_have_not_settled_wait(started, monkeypatch) -> None:
    started.run(outcome="failed")
    monkeypatch.setattr(domain_events, "SETTLED_AFTER", 3600.0)
    assert started.told() == []
    settle_at_once(monkeypatch)
    assert started.told() == [f"[ERROR] {CHECK} failed"]


def test_a_fault_in_the_routing_file_delays_alerts_and_loses_none(started, http_receiver) -> None:
    good = started.places.file.read_text()
    started.places.file.write_text("chanels: {}\n")
    started.run(outcome="failed")
    from bankmesh.alerts.alert_tick import run_tick

    report = run_tick(started.history, started.domain, started.places)
    assert "there is no key chanels" in report.faults[0]
    assert http_receiver.posts == []
    started.places.file.write_text(good)
    started.run_tick()
    assert http_receiver.titles == [f"[ERROR] {CHECK} failed"]


def test_what_was_logged_in_one_go_is_read_in_one_look(started, monkeypatch) -> None:
    monkeypatch.setattr(domain_events, "SETTLED_AFTER", 3.0)
    position = domain_events.newest_entry(started.instance)
    started.change_freshness(FreshnessState.WARN)
    started.change_freshness(FreshnessState.FAIL)
    kind = dg.DagsterEventType.FRESHNESS_STATE_CHANGE
    entries = started.instance.event_log_storage.get_logs_for_all_runs_by_log_id(position, kind, 9).values()
    first, second = (entry.timestamp for entry in entries)

    def states(now: float) -> list[str]:
        batch = domain_events.read_facts(started.instance, "shop", position, datetime.fromtimestamp(now, UTC))
        assert (batch.cursor == position) == (not batch.facts)
        return [fact.state for fact in batch.facts]

    between = (first + second) / 2
    assert states(between + 3.0) == []
    assert states(second + 3.1) == ["warning", "late"]
    # It holds up reading for so long and no longer.
    monkeypatch.setattr(domain_events, "_TOGETHER_AT_MOST", 0.0)
    assert states(between + 3.0) == ["warning"]
