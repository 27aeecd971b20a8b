"""The outbox keeps cursor, incidents and notices together, whoever else writes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from alert_samples import PARTY, at, check, failed, passed

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox, CursorConflict
from bankmesh.alerts.event_facts import MACHINE, AlertSeverity, Cause
from bankmesh.alerts.incident_decisions import after, close_by_hand

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def record(outbox: AlertOutbox, before: int | None, *facts, domain: str = "retail"):
    standing, notices = after(domain, outbox.incidents_of(domain), facts)
    return outbox.record(domain, before, facts[-1].id, standing, notices, NOW)


def test_a_cursor_that_was_moved_by_another_records_nothing(outbox) -> None:
    record(outbox, None, check(1))
    record(outbox, 1, check(2))
    for stale in (None, 1):
        with pytest.raises(CursorConflict):
            record(outbox, stale, passed(9))
    assert outbox.position("retail") == 2
    assert [told.notice.kind for told in outbox.history(9)] == ["opened"]


def test_standing_incidents_survive_a_restart(outbox) -> None:
    record(outbox, None, check(1, failing_rows=5), check(2, check="schema"))
    (incident,) = outbox.incidents_of("retail").values()
    assert {problem.check for problem in incident.problems} == {"has_rows", "schema"}
    record(outbox, 2, passed(3))
    (left,) = [problem for _, found in outbox.open_incidents() for problem in found.problems if not problem.has_ended]
    assert left.check == "schema"


def test_what_joins_before_anything_was_sent_is_one_notice(outbox) -> None:
    (first,) = record(
        outbox, None, check(1), check(2, check="schema"), check(3, severity=AlertSeverity.WARNING, check="old")
    )
    (again,) = record(outbox, 3, check(4, check="range"), check(5, asset="retail/account"))[:1]
    assert (again.id, again.kind) == (first.id, "opened")
    kept = outbox.unrouted("retail")
    assert [len(notice.incident.problems) for notice in kept] == [4, 1]
    assert kept[0].incident.news == tuple(f"check:{PARTY}:{name}" for name in ("has_rows", "schema", "old", "range"))


def test_what_joins_after_it_was_sent_is_a_notice_of_its_own(outbox) -> None:
    (opened,) = record(outbox, None, check(1))
    outbox.route([(opened, ["one"])], NOW)
    (joined,) = record(outbox, 1, check(2, check="schema"), check(3, check="range"))
    assert (joined.kind, joined.incident.id) == ("joined", opened.incident.id)
    assert joined.incident.news == (f"check:{PARTY}:schema", f"check:{PARTY}:range")


def test_an_end_is_never_combined_with_what_was_before_it(outbox) -> None:
    kept = record(outbox, None, check(1), passed(2), check(3), passed(4))
    assert [notice.kind for notice in kept] == ["opened", "recovered", "opened", "recovered"]


def test_a_notice_that_more_has_joined_is_routed_as_it_is_now(outbox) -> None:
    (seen,) = record(outbox, None, check(1))
    record(outbox, 1, check(2, check="schema"))
    outbox.route([(seen, ["one"])], NOW)
    (waiting,) = outbox.unrouted("retail")
    assert len(waiting.incident.problems) == 2


def test_whom_a_notice_goes_to_is_decided_once(outbox) -> None:
    (notice,) = record(outbox, None, check(1))
    assert outbox.unrouted("retail") == [notice]
    outbox.route([(notice, ["one", "two"])], NOW)
    outbox.route([(notice, ["three"])], NOW)
    assert outbox.unrouted("retail") == []
    assert outbox.notified_routes([notice.incident.id]) == {notice.incident.id: {"one", "two"}}


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


def test_what_is_broken_in_other_domains_is_known_with_its_root(outbox) -> None:
    full = Cause(MACHINE, "no space left on device", "no space left on device")
    warned = check(3, asset="retail/loan", severity=AlertSeverity.WARNING)
    record(outbox, None, failed(1), failed(2, "retail/account", cause=full), warned)
    record(outbox, None, failed(1, "investment/trade"), domain="investment")
    elsewhere = outbox.broken_elsewhere("investment")
    assert {asset: cause.label for asset, cause in elsewhere.items()} == {
        "retail/party": "retail.party",
        "retail/account": "no space left on device",
    }
    assert list(outbox.broken_elsewhere("retail")) == ["investment/trade"]


def test_domains_write_at_the_same_time(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'alerts.db'}"
    failures = []

    def many(domain: str) -> None:
        try:
            with AlertOutbox(url) as mine:
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
    with AlertOutbox(url) as outbox:
        assert len(outbox.history(999)) == 4 * 20
