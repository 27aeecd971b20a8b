"""The outbox keeps cursor, incidents and notices together, whoever else writes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from alert_samples import at, check, passed

from bankmesh.alerts.incidents import after, close_by_hand
from bankmesh.alerts.outbox import MovedOn, Outbox

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def record(outbox: Outbox, before: int | None, *facts, domain: str = "retail"):
    standing, notices = after(domain, outbox.standing(domain), facts)
    outbox.record(domain, before, facts[-1].id, standing, notices, NOW)
    return notices


def test_a_cursor_that_was_moved_by_another_records_nothing(outbox) -> None:
    record(outbox, None, check(1))
    record(outbox, 1, check(2))
    for stale in (None, 1):
        with pytest.raises(MovedOn):
            record(outbox, stale, passed(9))
    assert outbox.position("retail") == 2
    assert [told.notice.kind for told in outbox.history(9)] == ["opened"]


def test_standing_incidents_survive_a_restart(outbox) -> None:
    record(outbox, None, check(1, failing_rows=5), check(2, check="schema"))
    (first, second) = outbox.standing("retail").values()
    assert {first.check, second.check} == {"has_rows", "schema"}
    record(outbox, 2, passed(3))
    assert [incident.check for _, incident in outbox.open_incidents()] == ["schema"]


def test_whom_a_notice_goes_to_is_decided_once(outbox) -> None:
    (notice,) = record(outbox, None, check(1))
    assert outbox.unrouted("retail") == [notice]
    outbox.route([(notice, ["one", "two"])], NOW)
    outbox.route([(notice, ["three"])], NOW)
    assert outbox.unrouted("retail") == []
    assert outbox.told_routes([notice.incident.id]) == {notice.incident.id: {"one", "two"}}


def test_an_attempt_is_taken_by_one(outbox) -> None:
    (notice,) = record(outbox, None, check(1))
    outbox.route([(notice, ["one"])], NOW)
    (delivery,) = outbox.due("retail", NOW)
    assert outbox.attempt(delivery, at(60))
    assert not outbox.attempt(delivery, at(60))
    assert outbox.due("retail", at(59)) == []
    outbox.confirm(delivery, NOW)
    outbox.note_failure(delivery, "too late", give_up=True)
    assert outbox.undelivered() == []


def test_closing_by_hand_ends_the_incident_for_those_who_were_told(outbox) -> None:
    (opened,) = record(outbox, None, check(1))
    outbox.route([(opened, ["one"])], NOW)
    incident = opened.incident
    outbox.close_incident("retail", incident, close_by_hand(incident, NOW))
    outbox.close_incident("retail", incident, close_by_hand(incident, NOW))
    assert outbox.open_incidents() == []
    assert [told.notice.kind for told in outbox.history(9)] == ["closed", "opened"]
    # The check still fails at its next evaluation: that is a new incident.
    assert [notice.kind for notice in record(outbox, 1, check(2))] == ["opened"]


def test_domains_write_at_the_same_time(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'alerts.db'}"
    failures = []

    def many(domain: str) -> None:
        try:
            with Outbox(url) as mine:
                before = None
                for number in range(1, 21):
                    record(mine, before, check(number) if number % 2 else passed(number), domain=domain)
                    before = number
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=many, args=(f"domain_{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with Outbox(url) as outbox:
        assert len(outbox.history(999)) == 4 * 20
