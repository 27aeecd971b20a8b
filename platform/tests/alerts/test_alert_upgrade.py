"""An outbox of the release that had one incident for each check and each run goes on: no alert twice, every end sent."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alert_samples import PARTY, abandoned, check, failed, fresh, made, passed, units

from bankmesh.alerts.delivery import tables
from bankmesh.alerts.delivery.alert_messages import message, title
from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.alerts.delivery.route_delivery import deliver
from bankmesh.alerts.delivery.routing_file import Receiver, Routing
from bankmesh.alerts.incident_decisions import after

DUMP = Path(__file__).parent / "homes" / "one_incident_for_each_check.sql"
NOW = datetime(2026, 1, 6, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request, tmp_path):
    """The outbox as that release left it, on both databases."""
    connection = sqlite3.connect(tmp_path / "alerts.db")
    connection.executescript(DUMP.read_text())
    connection.close()
    lite = f"sqlite:///{tmp_path / 'alerts.db'}"
    if request.param == "sqlite":
        return lite
    server, name = request.getfixturevalue("postgres"), f"upgrade_{abs(hash(request.node.name))}"
    server.psql(f"create database {name};")
    copy(lite, server.get_uri(name))
    return server.get_uri(name)


def copy(source: str, target: str) -> None:
    """All rows of an outbox, into the tables of another database."""
    here, there = tables.open_alert_database(source), tables.open_alert_database(target)
    with here.begin() as reading, there.begin() as writing:
        for table in tables.metadata.sorted_tables:
            writing.execute(sa.insert(table), [dict(row) for row in reading.execute(sa.select(table)).mappings()])
        writing.execute(sa.text("select setval('bankmesh_alert_notice_number_seq', 100)"))
    here.dispose()
    there.dispose()


def record(outbox: AlertOutbox, *facts):
    standing, notices = after("retail", outbox.incidents_of("retail"), facts)
    return outbox.record("retail", outbox.position("retail"), facts[-1].id, standing, notices, NOW)


def test_it_opens_with_what_was_open(home) -> None:
    with AlertOutbox(home) as outbox:
        listed = {p.name for _, i in outbox.open_incidents() for p in i.problems if not p.has_ended}
        assert outbox.position("retail") == 10
    assert listed == {
        "check:retail/party:has_rows",
        "check:retail/party:later",
        "check:retail/party:schema",
        "freshness:retail/party",
        "run:job:expiry",
        "run:retail/account",
        "run:retail/holding",
        "run:retail/loan",
    }


def test_what_is_broken_still_is_alerted_no_second_time(home) -> None:
    again = [
        check(11, failing_rows=5),
        check(12, check="schema", units=units("2026-02")),
        failed(13, "retail/loan", "retail/account|2026-02"),
        failed(14, "job:expiry"),
        fresh(15, "late"),
    ]
    with AlertOutbox(home) as outbox:
        assert record(outbox, *again) == []
        assert {i.id for _, i in outbox.open_incidents() if not i.held} == {
            "c428a180f7dc",
            "4060b0b30514",
            "743da066627a",
            "7cfb505b2500",
            "20ad8c84f29f",
            "ffc17ea7196a",
        }


def test_each_is_over_under_its_own_id_when_it_is_good(home) -> None:
    good = [
        passed(11),
        passed(12, check="schema", units=units("2026-02")),
        made(13, "retail/loan"),
        made(14, "retail/account", "2026-02"),
        fresh(15, "fresh"),
    ]
    with AlertOutbox(home) as outbox:
        ended = record(outbox, *good)
        assert [(n.kind, n.incident.id) for n in ended] == [
            ("recovered", "c428a180f7dc"),
            ("recovered", "743da066627a"),
            ("recovered", "20ad8c84f29f"),
        ]
        assert title(ended[0]) == "[RECOVERED] retail.party: check has_rows passes again"
        # The schema was refused for February and March.
        (last,) = record(outbox, passed(16, check="schema", units=units("2026-03")))
        assert (last.kind, last.incident.id) == ("recovered", "4060b0b30514")


def test_what_is_new_is_a_list_of_its_product(home) -> None:
    with AlertOutbox(home) as outbox:
        opened = record(outbox, check(11, check="range"), failed(12, PARTY))
        assert [(n.kind, n.incident.name) for n in opened] == [("opened", f"asset:{PARTY}")]
        assert len(opened[0].incident.problems) == 2


def test_what_waited_for_a_retry_is_reported_when_that_does_not_come(home) -> None:
    with AlertOutbox(home) as outbox:
        (opened,) = record(outbox, abandoned(11, "run-7"))
        assert (opened.kind, opened.incident.id) == ("opened", "61bed6e8614c")
        (ended,) = record(outbox, made(12, "retail/holding"))
        assert (ended.kind, ended.incident.id) == ("recovered", "61bed6e8614c")


def test_what_was_not_sent_is_sent_with_its_ids_and_nothing_else(home, http_receiver) -> None:
    routing = Routing(channels={"hook": Receiver(http_receiver.url)})
    with AlertOutbox(home) as outbox:
        waiting = outbox.unrouted("retail")
        assert [title(notice) for notice in waiting] == [
            "[RECOVERED] retail.party: check once passes again",
            "[ERROR] retail.party: check later could not be evaluated",
        ]
        outbox.route([(notice, ["hook"]) for notice in waiting], NOW)
        while outbox.due("retail", datetime.now(UTC)):
            deliver(outbox, "retail", routing, message)
        assert http_receiver.titles == [
            "[ERROR] retail.party: freshness is broken",
            "[RECOVERED] retail.party: check once passes again",
            "[ERROR] retail.party: check later could not be evaluated",
        ]
        assert http_receiver.ids == ["20ad8c84f29f-1", waiting[0].id, "ffc17ea7196a-1"]
        assert outbox.undelivered() == []


def test_two_runs_that_failed_for_parts_of_one_asset_are_both_over(tmp_path) -> None:
    """That release had an incident for each run; one asset could be in several, by partition."""
    from bankmesh.alerts.delivery import incident_serialization

    body = (
        '{{"assets": ["{a}"], "awaits": null, "causes": [], "changed_at": "2026-01-05T06:04:00+00:00", "check": null, '
        '"failing_rows": null, "id": "{i}", "job": "x", "kind": "run", "name": "run:{i}", "notices": 1, '
        '"opened_at": "2026-01-05T06:04:00+00:00", "outcome": "failed", "rows": null, "run_id": "{i}", '
        '"severity": "error", "times": 1, "units": ["{a}|{p}"], "waiting": ["{a}|{p}"]}}'
    )
    found = [incident_serialization.from_text(body.format(a=PARTY, i=f"r{n}", p=f"2026-0{n}")) for n in (1, 2)]
    standing = {incident.name: incident for incident in found}
    left, notices = after("retail", standing, [made(1, PARTY, "2026-02"), failed(2, f"{PARTY}|2026-01")])
    assert [(n.kind, n.incident.id) for n in notices] == [("recovered", "r2")]
    assert after("retail", left, [made(3, PARTY, "2026-01")])[0] == {}
