"""Which facts make, change and end an incident."""

from __future__ import annotations

from alert_samples import PARTY, abandoned, at, check, ended, failed, fresh, made, passed, units

from bankmesh.alerts.event_facts import PROCESS, AlertSeverity, Cause
from bankmesh.alerts.incident_decisions import after, close_by_hand

WARNING = AlertSeverity.WARNING


def told(*facts, standing=None, severities=None) -> list[str]:
    return [notice.kind for notice in after("retail", standing or {}, facts, severities)[1]]


def standing_after(*facts):
    return after("retail", {}, facts)[0]


def problems(standing) -> list[str]:
    return sorted(p.name for incident in standing.values() for p in incident.problems if not p.has_ended)


def test_a_check_that_fails_ten_times_is_one_incident() -> None:
    standing, notices = after("retail", {}, [check(number) for number in range(10)])
    assert [notice.kind for notice in notices] == ["opened"]
    (incident,) = standing.values()
    assert (incident.times, incident.opened_at, incident.changed_at) == (10, at(0), at(9))


def test_a_check_that_passes_again_has_recovered_once() -> None:
    assert told(passed(0), check(1), passed(2), passed(3), check(4)) == ["opened", "recovered", "opened"]
    assert standing_after(check(1), passed(2)) == {}


def test_each_product_is_an_incident_with_a_list() -> None:
    facts = [check(1), check(2, check="schema"), check(3, asset="retail/account"), passed(4)]
    standing, notices = after("retail", {}, facts)
    assert [(notice.kind, notice.incident.name) for notice in notices] == [
        ("opened", "asset:retail/party"),
        ("joined", "asset:retail/party"),
        ("opened", "asset:retail/account"),
    ]
    assert problems(standing) == ["check:retail/account:has_rows", "check:retail/party:schema"]


def test_an_incident_is_over_when_its_list_is_empty() -> None:
    facts = [check(1), failed(2), fresh(3, "late"), passed(4), made(5)]
    assert told(*facts) == ["opened", "joined", "joined"]
    assert told(*facts, fresh(6, "fresh")) == ["opened", "joined", "joined", "recovered"]
    assert standing_after(*facts, fresh(6, "fresh")) == {}


def test_a_check_that_breaks_again_while_its_incident_goes_on_joins_again() -> None:
    facts = [check(1), check(2, check="schema"), passed(3), check(4)]
    assert told(*facts) == ["opened", "joined", "joined"]
    assert problems(standing_after(*facts)) == ["check:retail/party:has_rows", "check:retail/party:schema"]


def test_a_check_that_was_not_evaluated_is_in_no_list_and_ends_nothing() -> None:
    assert told(check(1, "not evaluated")) == []
    standing = standing_after(check(1), check(2, "not evaluated"), check(3, "not evaluated", check="schema"))
    assert problems(standing) == ["check:retail/party:has_rows"]


def test_a_warning_that_becomes_an_error_escalates_and_never_goes_back() -> None:
    assert told(check(1, severity=WARNING), check(2, "errored"), check(3, severity=WARNING), check(4)) == [
        "opened",
        "escalated",
    ]


def test_the_same_facts_give_the_same_ids_and_others_give_others() -> None:
    facts = [check(1), passed(2), check(3)]
    first, again = after("retail", {}, facts)[1], after("retail", {}, facts)[1]
    assert [notice.id for notice in first] == [notice.id for notice in again]
    assert len({notice.id for notice in first}) == 3
    assert first[0].incident.id == first[1].incident.id != first[2].incident.id
    assert after("investment", {}, facts)[1][0].id != first[0].id


def test_a_failed_run_has_recovered_when_everything_it_left_is_made() -> None:
    died = Cause(PROCESS, "run-1", "a run ended without reporting a result")
    facts = [failed(1, PARTY, "retail/account", cause=died), made(2), made(3, "retail/loan")]
    assert told(*facts) == ["opened", "covered"]
    assert told(*facts, made(4, "retail/account")) == ["opened", "covered", "recovered"]


def test_runs_that_fail_again_are_the_same_incident_as_far_as_they_left_the_same() -> None:
    assert told(failed(1), failed(2), failed(3)) == ["opened"]
    standing, notices = after("retail", {}, [failed(1), failed(2, PARTY, "retail/account")])
    assert [notice.incident.assets for notice in notices] == [(PARTY,), ("retail/account",)]
    assert len(standing) == 2


def test_a_failed_run_joins_what_is_wrong_with_its_product() -> None:
    assert told(check(1), failed(2)) == ["opened", "joined"]
    assert [i.name for i in standing_after(check(1), failed(2)).values()] == [f"asset:{PARTY}"]


def test_a_partition_is_made_good_by_itself_alone() -> None:
    facts = [failed(1, f"{PARTY}|2026-01-01"), made(2, partition="2026-02-01")]
    assert told(*facts) == ["opened"]
    assert told(*facts, made(3, partition="2026-01-01")) == ["opened", "recovered"]


def test_a_check_has_recovered_when_it_passes_for_every_partition_that_it_stood_against() -> None:
    january, february = frozenset({f"{PARTY}|2026-01"}), frozenset({f"{PARTY}|2026-02"})
    facts = [check(1, units=january), check(2, units=february), passed(3, units=frozenset({f"{PARTY}|2026-03"}))]
    assert told(*facts, passed(4, units=january)) == ["opened"]
    assert told(*facts, passed(4, units=january), passed(5, units=february)) == ["opened", "recovered"]
    assert told(*facts, passed(4, units=january | february)) == ["opened", "recovered"]
    assert told(*facts, passed(4)) == ["opened", "recovered"]


def test_a_pass_for_march_ends_nothing_for_what_was_refused_as_a_whole() -> None:
    march = units("2026-03")
    assert told(check(1), passed(2, units=march)) == ["opened"]
    assert told(check(1), passed(2)) == ["opened", "recovered"]


class TestChecksOfTheWholeTable:
    february, march = units("2026-02"), units("2026-03")

    def test_a_warning_was_published_so_the_next_table_that_passes_ends_it(self) -> None:
        warned = check(1, severity=WARNING, units=self.february, whole_table=True)
        assert told(warned, passed(2, units=self.march, whole_table=True)) == ["opened", "recovered"]

    def test_a_refused_partition_is_still_missing_when_the_table_without_it_passes(self) -> None:
        facts = [check(1, units=self.february, whole_table=True), passed(2, units=self.march, whole_table=True)]
        assert told(*facts) == ["opened"]
        assert told(*facts, passed(3, units=self.february, whole_table=True)) == ["opened", "recovered"]


def test_a_job_without_assets_is_made_good_by_its_next_success() -> None:
    facts = [failed(1, "job:expiry"), ended(2, "other", made=frozenset({"job:other"}))]
    assert told(*facts) == ["opened"]
    assert told(*facts, ended(3, "later", made=frozenset({"job:expiry"}))) == ["opened", "recovered"]


def test_freshness_warns_then_breaks_then_is_kept_again() -> None:
    assert told(fresh(1, "warning"), fresh(2, "late"), fresh(3, "fresh")) == ["opened", "escalated", "recovered"]
    assert told(fresh(1, "late"), fresh(2, "warning"), fresh(3, "none")) == ["opened", "recovered"]
    assert told(fresh(1, "fresh")) == []


class TestQuietWhileARetryIsToCome:
    def test_nobody_is_told_of_a_run_whose_retry_succeeds(self) -> None:
        facts = [failed(1, will_retry=True), ended(1, "run-1", will_retry=True), made(2), ended(3, "retry", "run-1")]
        assert told(*facts) == []
        assert standing_after(*facts) == {}

    def test_the_last_retry_that_fails_is_told_once(self) -> None:
        facts = [
            failed(1, will_retry=True),
            ended(1, "run-1", will_retry=True),
            failed(2, will_retry=True),
            ended(2, "run-2", "run-1", will_retry=True),
            failed(3),
            ended(3, "run-3", "run-2"),
        ]
        assert told(*facts) == ["opened"]
        assert told(*facts, made(4)) == ["opened", "recovered"]

    def test_what_a_successful_retry_did_not_make_is_told(self) -> None:
        facts = [failed(1, PARTY, "retail/account", will_retry=True), made(2), ended(3, "retry", "run-1")]
        assert told(*facts) == ["opened"]

    def test_a_retry_that_its_checks_refuse_is_told_by_the_checks_alone(self) -> None:
        facts = [failed(1, will_retry=True), check(2), ended(3, "retry", "run-1", refused=frozenset({PARTY}))]
        standing, notices = after("retail", {}, facts)
        assert [notice.kind for notice in notices] == ["opened"]
        assert problems(standing) == ["check:retail/party:has_rows"]

    def test_a_check_of_a_run_that_is_retried_waits_for_the_retry(self) -> None:
        waiting = check(1, will_retry=True)
        assert told(waiting) == []
        assert told(waiting, passed(2)) == []
        assert told(waiting, check(2), passed(3)) == ["opened", "recovered"]
        assert told(waiting, ended(2, "retry", "run-1")) == ["opened"]

    def test_what_waits_for_a_retry_is_not_over_with_what_was_reported(self) -> None:
        facts = [check(1), failed(2, will_retry=True), passed(3)]
        assert told(*facts) == ["opened", "recovered"]
        assert problems(standing_after(*facts)) == ["run:retail/party"]
        first, _, again = after("retail", {}, [*facts, abandoned(4, "run-2")])[1]
        assert (again.kind, again.incident.id == first.incident.id) == ("opened", False)

    def test_a_retry_that_never_comes_is_told(self) -> None:
        assert told(failed(1, will_retry=True), abandoned(2, "run-1")) == ["opened"]
        assert told(failed(1, will_retry=True), abandoned(2, "run-9")) == []

    def test_what_is_told_already_is_not_held_again(self) -> None:
        assert told(failed(1), failed(2, will_retry=True), made(3)) == ["opened", "recovered"]
        assert told(check(1), check(2, will_retry=True), passed(3)) == ["opened", "recovered"]


def test_severities_can_be_changed_by_kind() -> None:
    severities = {"freshness.error": AlertSeverity.INFO}
    (notice, *_) = after("retail", {}, [fresh(1, "late"), check(2)], severities)[1]
    assert notice.incident.severity is AlertSeverity.INFO


def test_closed_by_hand() -> None:
    standing, (opened,) = after("retail", {}, [check(1)])
    (incident,) = standing.values()
    closed = close_by_hand(incident, at(5))
    assert (closed.kind, closed.incident.id) == ("closed", incident.id)
    assert closed.id != opened.id
