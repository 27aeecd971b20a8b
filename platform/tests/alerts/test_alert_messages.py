"""What a message says, and what it never says."""

from __future__ import annotations

from alert_samples import PARTY, at, check, failed, fresh, made, passed

from bankmesh.alerts.facts import Severity
from bankmesh.alerts.incidents import after
from bankmesh.alerts.messages import message, readable, title

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
    (warned,) = messages(check(1, severity=Severity.WARNING))
    assert warned.title.startswith("[WARNING]")
    assert "Run: run-1" in warned.body


def test_a_recovery_says_since_when_and_until_when() -> None:
    _, said = messages(check(1), passed(125))
    assert said.title == "[RECOVERED] retail.party: check has_rows passes again"
    assert "Since 2026-01-05 06:01 UTC. Over at 2026-01-05 08:05 UTC." in said.body


def test_a_failed_run_names_what_it_left_and_the_kind_of_error() -> None:
    partitions = [f"investment/trade_executions|2026-01-{day:02}" for day in range(1, 8)]
    (said,) = messages(failed(1, *partitions, "investment/landing/brokerage_trade", causes=("LegacyFileError",)))
    assert said.title == "[ERROR] investment.landing.brokerage_trade and 1 more: run failed"
    assert "investment.trade_executions (7 partitions, 2026-01-01 to 2026-01-07)" in said.body
    assert "Cause: LegacyFileError" in said.body


def test_a_job_without_assets() -> None:
    (said,) = messages(failed(1, "job:expiry", job="expiry"))
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
    assert readable("retail/customer_360/v2") == "retail.customer_360@2"
    assert readable("retail/landing/crm_client") == "retail.landing.crm_client"


def test_a_long_list_of_assets_is_cut_short() -> None:
    (notice,) = after("retail", {}, [failed(1, *(f"retail/a{number}" for number in range(9)))])[1]
    assert title(notice) == "[ERROR] retail.a0 and 8 more: run failed"
    assert "and 4 more." in message(notice).body
    assert notice.at == at(1)
