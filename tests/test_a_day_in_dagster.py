"""A day of the whole mesh under `mesh dev` and its daemon, from the demo bank, as an operator lives through it.

Products of each domain are materialised through the API; an input is damaged; the check fails and its owner is told;
consumers stay on the last good version; the input is mended, and everything follows by itself.
"""

import datetime as dt
import shutil
import time
from types import SimpleNamespace

import pytest
from dev_server import ROOT, dev_server, wait_for, webhook
from whole_bank import AS_OWNER

from bankmesh.client import DataMeshClient
from bankmesh.orchestration.automation.automation_switch import turn
from demo_bank.corrupt import corrupt

LOANS, CUSTOMERS = "retail/loan_applications", "retail/customer_360/v2"
KNOWN_ACCOUNT = "account_id__references_account"
SETTLED_AFTER = 12.0  # seconds; sensors look every two
LATE = dt.date(1998, 3, 1)
# Nothing reads these, so that nothing follows them by itself.
LAUNCHED = {
    "retail": "retail/credit_card_spending_patterns",
    "investment": "investment/market_risk_metrics",
    "customer_service": "customer_service/model_evaluations",
}


@pytest.fixture(scope="module")
def bank(bank, tmp_path_factory):
    """A home in which every product has been published once, and where its alerts go."""
    home = tmp_path_factory.mktemp("day") / "mesh"
    shutil.copytree(bank.home, home)
    environment = {
        "MESH_HOME": str(home),
        "BANKMESH_ROOT": str(ROOT),
        "BANKMESH_SENSOR_SECONDS": "2",
        "BANKMESH_QUIET_SECONDS": "1",
    }
    with webhook() as (url, received):
        (home / "alerts.yaml").write_text(f'channels:\n  "#retail-data": {url}\n', encoding="utf-8")
        yield SimpleNamespace(home=home, environment=environment, alerts=received)


@pytest.fixture(scope="module")
def day(bank):
    """The server over that home."""
    with dev_server(bank.environment, bank.home / "dev.log") as server:
        yield server


def about(bank, word):
    return [alert for alert in bank.alerts if LOANS.replace("/", ".") in str(alert) and word in str(alert)]


def come_to_rest(day):
    """Wait until nothing runs, and nothing more has been started for several looks of every sensor."""
    seen, since = None, time.monotonic()

    def quiet():
        nonlocal seen, since
        runs = {run["runId"]: run["status"] for run in day.runs()}
        if runs != seen or not set(runs.values()) <= {"SUCCESS", "FAILURE"}:
            seen, since = runs, time.monotonic()
        return time.monotonic() - since > SETTLED_AFTER

    wait_for("rest", quiet)


def read_version(bank, domain, name):
    return DataMeshClient(ROOT, bank.home, **AS_OWNER).get_data_product(domain, name).version


def test_every_location_is_there(day):
    assert day.loaded() == dict.fromkeys(LAUNCHED, "RepositoryLocation")


def test_a_product_of_each_domain_is_materialised_through_the_api(day):
    before = {location: day.version(key) for location, key in LAUNCHED.items()}
    runs = {location: day.launch(location, key) for location, key in LAUNCHED.items()}
    assert {wait_for(run, lambda run=run: day.ended(run)) for run in runs.values()} == {"SUCCESS"}
    for location, key in LAUNCHED.items():
        assert day.version(key) == before[location] + 1
        assert set(day.checks(key).values()) == {"SUCCEEDED"}


@pytest.mark.slow
def test_a_damaged_input_stops_at_the_gate_and_its_owner_is_told(bank, day):
    come_to_rest(day)
    shutil.copytree(bank.home / "exports", bank.home / "sound")
    good = {key: day.version(key) for key in (LOANS, CUSTOMERS)}
    corrupt(bank.home / "exports", "orphan-account")

    wait_for("the failed check", lambda: day.checks(LOANS)[KNOWN_ACCOUNT] == "FAILED")
    [alert] = wait_for("the alert", lambda: about(bank, KNOWN_ACCOUNT))
    assert "recovered" not in str(alert).lower()

    assert {key: day.version(key) for key in good} == good
    assert read_version(bank, "retail", "loan_applications") == good[LOANS]
    assert read_version(bank, "retail", "customer_360") == good[CUSTOMERS]


@pytest.mark.slow
def test_the_mended_input_is_published_and_everything_follows(bank, day):
    good = {key: day.version(key) for key in (LOANS, CUSTOMERS)}
    told = len(bank.alerts)
    source = bank.home / "sound" / "berka_pkdd99" / "loan.asc.gz"
    shutil.copyfile(source, bank.home / "exports" / "berka_pkdd99" / "loan.asc.gz")

    wait_for("the next version", lambda: day.version(LOANS) > good[LOANS])
    assert day.checks(LOANS)[KNOWN_ACCOUNT] == "SUCCEEDED"
    wait_for("the consumers", lambda: day.version(CUSTOMERS) > good[CUSTOMERS])
    wait_for("the word of recovery", lambda: [a for a in about(bank, KNOWN_ACCOUNT) if "recovered" in str(a).lower()])
    # One message when it broke and one when it was mended, however often it was looked at.
    assert len(about(bank, KNOWN_ACCOUNT)) == 2
    assert len(bank.alerts) >= told + 1
    assert read_version(bank, "retail", "customer_360") == day.version(CUSTOMERS)


def test_logs_are_calm(bank, day):
    assert day.loaded()
    log = (bank.home / "dev.log").read_text(encoding="utf-8")
    for noise in ("Traceback", "SupersessionWarning", "ExperimentalWarning", "BetaWarning", "Calculating Metrics"):
        assert noise not in log, log[max(0, log.index(noise) - 1500) : log.index(noise) + 500]


@pytest.mark.slow
def test_late_rows_land_in_their_month_by_a_backfill_of_the_ui(bank, day):
    turn(bank.home, dt.datetime.now(dt.UTC), on=False)  # else the landing alone would refresh all months
    come_to_rest(day)
    before, runs = rows_by_month(bank), len(day.runs())
    corrupt(bank.home / "exports", "late-rows")
    landing = day.launch("retail", "retail/landing/core_banking_trans")
    assert wait_for("the landing", lambda: day.ended(landing)) == "SUCCESS"

    backfill = day.backfill("retail/transaction_history", str(LATE), "1998-04-01")
    assert wait_for("the backfill", lambda: day.backfilled(backfill)) == "COMPLETED_SUCCESS"

    after = rows_by_month(bank)
    assert after.pop(LATE) > before.pop(LATE)
    assert after == before
    assert len(day.runs()) == runs + 2, "the landing, and one run for the whole range"


def rows_by_month(bank):
    product = DataMeshClient(ROOT, bank.home, **AS_OWNER).get_data_product("retail", "transaction_history")
    counted = product.sql("select booking_month, count(*) as bookings from product group by booking_month")
    return dict(counted.iter_rows())
