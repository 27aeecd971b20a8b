"""What a message says, and what it never says."""

from __future__ import annotations

from functools import reduce

from alert_samples import PARTY, at, check, failed, fresh, made, passed

from bankmesh.alerts.delivery.alert_messages import message, title
from bankmesh.alerts.event_facts import INPUT, PROCESS, AlertSeverity, Cause
from bankmesh.alerts.incident_decisions import after
from bankmesh.alerts.model import combine
from bankmesh.names import readable_asset

UI = "https://dagster.bank.example/"
CLAUSES = {(PARTY, "has_rows"): "A version without rows\n  is never published."}


def messages(*facts, ui_url=None):
    return [message(notice, ui_url, CLAUSES) for notice in after("retail", {}, facts)[1]]


def test_a_failed_check() -> None:
    (said,) = messages(check(1, failing_rows=1200, rows=5369), ui_url=UI)
    assert said.title == "[ERROR] retail.party: check has_rows failed"
    assert said.body.splitlines() == [
        "Check has_rows of retail.party does not hold: 1,200 of 5,369 rows.",
        "The contract says: A version without rows is never published.",
        "Run: https://dagster.bank.example/runs/run-1",
        "Asset: https://dagster.bank.example/assets/retail/party?view=checks",
        f"Alert {said.alert_id} of incident {said.incident_id}.",
    ]


def test_an_errored_check_and_a_warning() -> None:
    (errored,) = messages(check(1, "errored"))
    assert errored.title == "[ERROR] retail.party: check has_rows could not be evaluated"
    (warned,) = messages(check(1, severity=AlertSeverity.WARNING))
    assert warned.title.startswith("[WARNING]")
    assert "Run: run-1" in warned.body


def test_a_recovery_says_since_when_and_until_when() -> None:
    _, said = messages(check(1), passed(125))
    assert said.title == "[RECOVERED] retail.party: check has_rows passes again"
    assert "Since 2026-01-05 06:01 UTC. Over at 2026-01-05 08:05 UTC." in said.body


def test_a_failed_run_names_what_it_left_and_the_kind_of_error() -> None:
    partitions = [f"investment/trade_executions|2026-01-{day:02}" for day in range(1, 8)]
    (said,) = messages(failed(1, *partitions, errors=("LegacyFileError",)))
    assert said.title == "[ERROR] investment.trade_executions: run failed"
    assert "Not materialised: investment.trade_executions (7 partitions, 2026-01-01 to 2026-01-07)." in said.body
    assert "Cause: LegacyFileError" in said.body


def test_a_job_without_assets() -> None:
    (said,) = messages(failed(1, "job:expiry"))
    assert said.title == "[ERROR] job expiry: run failed"


def test_freshness() -> None:
    warned, broken, kept = messages(fresh(1, "warning"), fresh(2, "late"), fresh(3, "fresh"))
    assert warned.title == "[WARNING] retail.party: freshness is about to break"
    assert broken.title == "[ERROR] retail.party: freshness is broken"
    assert kept.title == "[RECOVERED] retail.party: freshness is kept again"


def test_every_message_names_its_alert_and_incident() -> None:
    for said in messages(check(1), passed(2), failed(3), made(4), fresh(5, "late")):
        assert said.body.endswith(f"Alert {said.alert_id} of incident {said.incident_id}.")


def test_majors_are_named_as_people_do() -> None:
    assert readable_asset("retail/customer_360/v2") == "retail.customer_360@2"
    assert readable_asset("retail/landing/crm_client") == "retail.landing.crm_client"


def test_a_long_list_of_assets_is_cut_short() -> None:
    died = Cause(PROCESS, "run-1", "a run ended without reporting a result")
    assets = [f"retail/a{number:02}" for number in range(25)]
    notices = after("retail", {}, [failed(1, *assets, cause=died)])[1]
    notice = reduce(combine, notices)
    assert title(notice) == "[ERROR] a run ended without reporting a result: 25 assets affected"
    assert "- retail.a19: run failed\n- and 5 more; `mesh alerts` lists all" in message(notice).body
    assert "retail.a20" not in message(notice).body
    assert notice.at == at(1)


def test_several_checks_are_one_message_with_a_list() -> None:
    facts = [
        check(1, failing_rows=3),
        check(2, check="schema"),
        check(3, "errored", check="range", error="IOException"),
    ]
    opened, schema, errored = messages(*facts)
    assert opened.title == "[ERROR] retail.party: check has_rows failed"
    assert schema.title == "[ERROR] retail.party: check schema failed, 2 problems in all"
    assert errored.title == "[ERROR] retail.party: check range could not be evaluated, 3 problems in all"
    assert errored.body.splitlines()[:6] == [
        "retail.party: 2 checks failed, check range could not be evaluated.",
        "Since 2026-01-05 06:01 UTC.",
        "Broken now:",
        "- 2 checks failed: has_rows, schema",
        "- check range could not be evaluated (IOException)",
        "Run: run-3",
    ]


def test_checks_that_could_not_be_evaluated_for_one_reason_are_one_line() -> None:
    facts = [check(n, "errored", check=f"clause_{n:02}", error="IOException") for n in range(38)]
    said = message(reduce(combine, after("retail", {}, facts)[1]))
    assert said.title == "[ERROR] retail.party: 38 checks could not be evaluated (IOException)"
    assert said.body.startswith("38 checks of retail.party could not be evaluated, so it is unknown whether they hold.")
    assert "clause_00, clause_01" in said.body
    assert "and 18 more." in said.body


def test_a_cause_upstream_is_named_with_what_it_affects() -> None:
    cause = Cause(INPUT, "retail/party", "retail.party")
    facts = [failed(1, "retail/loan", errors=("NotPublished",), cause=cause), fresh(2, "late", "retail/loan")]
    facts += [failed(3, "retail/account", errors=("NotPublished",), cause=cause)]
    said = message(reduce(combine, after("retail", {}, facts)[1]))
    assert said.title == "[ERROR] 2 assets affected by retail.party"
    assert said.body.splitlines()[:5] == [
        "The cause is upstream: retail.party is broken or has nothing to read.",
        "Broken now:",
        "- retail.account: run failed (NotPublished)",
        "- retail.loan: freshness is broken",
        "- retail.loan: run failed (NotPublished)",
    ]
    ended = messages(*facts, made(4, "retail/loan"), fresh(5, "fresh", "retail/loan"), made(6, "retail/account"))[-1]
    assert ended.title == "[RECOVERED] 2 assets: no longer affected by retail.party"
    assert "- retail.loan: run failed (NotPublished)" in ended.body


def test_the_end_of_a_list_names_what_was_in_it() -> None:
    said = messages(check(1), check(2, check="schema"), passed(3), passed(4, check="schema"))[-1]
    assert said.title == "[RECOVERED] retail.party: 2 checks pass again"
    assert "- 2 checks failed: has_rows, schema" in said.body
