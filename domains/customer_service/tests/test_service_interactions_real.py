"""The history of contacts over the real exports, against the files read a second time in plain Python."""

import csv
import datetime as dt
import gzip
import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

import customer_service
from bankmesh.sources import land_object, read_systems

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("BANKMESH_REALDATA") or ROOT / ".." / "shared" / "data").resolve()
CRM, CORE = REAL / "retail_banking_demo", REAL / "berka_pkdd99"
YEARS_AHEAD = 20

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (CRM.is_dir() and CORE.is_dir()), reason="no real exports here"),
]


def of_crm(name):
    with gzip.open(CRM / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_core(name):
    with gzip.open(CORE / f"{name}.asc.gz", "rt", encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def key(text):
    return int(text[1:])


def core_day(text):
    return dt.datetime.strptime("19" + text[:6], "%Y%m%d").date()  # noqa: DTZ007 - a day, no moment


def born(number):
    month = int(number[2:4]) % 50
    return dt.date(1900 + int(number[:2]), month, int(number[4:]))


def later(day):
    return day.replace(year=day.year + YEARS_AHEAD)


def day_first(text):
    return dt.datetime.strptime(text, "%d-%m-%Y").date()  # noqa: DTZ007 - a day, no moment


@pytest.fixture(scope="module")
def landings(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    systems = read_systems(Path(customer_service.__file__).parent / "sources")
    return {
        f"{system.name}.{obj.name}": land_object(obj, REAL, home, "customer_service")
        for system in systems
        if system.name in {"service_desk", "call_centre"}
        for obj in system.objects
    }


@pytest.fixture(scope="module")
def trial_of_real_contacts(landings, dbt_target, tmp_path_factory, rows):
    from bankmesh.testing import domain_contract, try_product

    phones = {key(row["client_id"]): row["phone"] for row in of_crm("completedclient")}
    owners = {int(r["account_id"]): int(r["client_id"]) for r in of_core("disp") if r["type"] == "OWNER"}
    inputs = {
        name: pl.read_parquet(at.rows_paths) for name, at in landings.items() if name != "service_desk.interaction_text"
    }
    inputs["retail.party"] = rows("retail.party", *({"party_id": n, "phone": phone} for n, phone in phones.items()))
    inputs["retail.account"] = rows(
        "retail.account",
        *(
            {
                "account_id": int(r["account_id"]),
                "owner_party_id": owners[int(r["account_id"])],
                "opened_on": core_day(r["date"]),
            }
            for r in of_core("account")
        ),
    )
    contract = domain_contract("customer_service", "customer_interaction_history")
    return try_product(contract, inputs, home=tmp_path_factory.mktemp("mesh"), dbt_target=dbt_target)


@pytest.fixture(scope="module")
def contacts(trial_of_real_contacts):
    return trial_of_real_contacts.rows.to_dicts()


def test_every_object_lands_whole_without_a_reject(landings):
    counts = {name: (at.rows_in, at.rows, at.rejects) for name, at in landings.items()}
    assert counts == {
        "service_desk.complaint": (23_419, 23_419, 0),
        "service_desk.review": (504, 504, 0),
        "service_desk.interaction_text": (0, 0, 0),
        "call_centre.call": (3_999, 3_999, 0),
    }


def test_the_product_keeps_every_contact_and_its_whole_contract(trial_of_real_contacts, contacts):
    assert Counter(row["channel"] for row in contacts) == {"COMPLAINT": 23_419, "CALL": 3_999, "REVIEW": 504}
    outcomes = {result.clause.name: result.outcome.value for result in trial_of_real_contacts.gate.results}
    assert set(outcomes.values()) == {"passed"}, outcomes
    assert trial_of_real_contacts.publication is not None


def test_calls_that_belong_to_a_complaint_share_its_number(contacts):
    complaints = {row["complaint_id"]: row for row in contacts if row["channel"] == "COMPLAINT"}
    calls = [row for row in contacts if row["channel"] == "CALL" and row["complaint_id"]]
    assert len(calls) == len({row["complaint_id"] for row in calls}) == 2_504
    assert all(complaints[call["complaint_id"]]["submitted_via"] == "PHONE" for call in calls)
    assert sum(row["submitted_via"] == "PHONE" for row in complaints.values()) == 2_504


def test_parties_are_found_as_computed_a_second_time(contacts):
    parties = Counter(row["phone"].replace("-", "") for row in of_crm("completedclient"))
    by_phone = {row["phone"].replace("-", ""): key(row["client_id"]) for row in of_crm("completedclient")}
    expected = Counter()
    for call in of_crm("crm_call_center_logs"):
        if call["rand_client"] != "-1.0":
            expected[int(float(call["rand_client"])), "CLIENT_ID"] += 1
        elif parties[call["phonefinal"]] == 1:
            expected[by_phone[call["phonefinal"]], "PHONE"] += 1
        else:
            expected[None, None] += 1
    found = Counter((row["party_id"], row["party_match"]) for row in contacts if row["channel"] == "CALL")
    assert found == expected
    ways = Counter(row["party_match"] for row in contacts if row["channel"] == "CALL")
    assert ways == {"CLIENT_ID": 2_504, "PHONE": 1_437, None: 58}
    complaints = Counter((row["complaint_id"], row["party_id"]) for row in contacts if row["channel"] == "COMPLAINT")
    assert complaints == Counter((row["complaint_id"], int(row["client_id"])) for row in of_crm("crm_events"))


def test_complaints_are_dated_day_first_and_oddities_are_flagged(contacts):
    found = {row["complaint_id"]: row for row in contacts if row["channel"] == "COMPLAINT"}
    for row in of_crm("crm_events"):
        received, sent = day_first(row["date_received"]), day_first(row["date_sent_to_company"])
        made = found[row["complaint_id"]]
        assert (made["contacted_on"], made["sent_on"], made["sent_before_received"]) == (
            received,
            sent,
            sent < received,
        )
    assert sum(row["sent_before_received"] for row in found.values()) == 192
    flagged = Counter(row["before_account_opened"] for row in found.values())
    opened = {int(row["account_id"]): later(core_day(row["date"])) for row in of_core("account")}
    own = {int(r["client_id"]): opened[int(r["account_id"])] for r in of_core("disp") if r["type"] == "OWNER"}
    expected = Counter(
        day_first(r["date_received"]) < own[int(r["client_id"])] if int(r["client_id"]) in own else None
        for r in of_crm("crm_events")
    )
    assert flagged == expected
    assert flagged[True] > 0


def test_the_crms_calendar_is_ahead_by_twenty_years_to_the_day():
    cards = {int(row["card_id"]): core_day(row["issued"]) for row in of_core("card")}
    loans = {int(row["loan_id"]): core_day(row["date"]) for row in of_core("loan")}
    accounts = {int(row["account_id"]): core_day(row["date"]) for row in of_core("account")}
    births = {int(row["client_id"]): born(row["birth_number"]) for row in of_core("client")}
    editions = [
        (cards, {key(r["card_id"]): dt.date.fromisoformat(r["fulldate"]) for r in of_crm("completedcard")}, 892),
        (loans, {key(r["loan_id"]): dt.date.fromisoformat(r["fulldate"]) for r in of_crm("completedloan")}, 682),
        (accounts, {key(r["account_id"]): dt.date.fromisoformat(r["parseddate"]) for r in of_crm("completedacct")}, 4_500),
        (births, {key(r["client_id"]): dt.date(*map(int, (r["year"], r["month"], r["day"]))) for r in of_crm("completedclient")}, 5_369),
    ]  # fmt: skip
    for core, crm, number in editions:
        assert len(core) == number
        assert crm == {name: later(day) for name, day in core.items()}


def test_days_of_contacts_go_back_by_the_same(contacts):
    assert all(row["contacted_on"] == later(row["core_banking_date"]) for row in contacts)


def test_ids_are_unique_and_only_calls_without_a_number_and_reviews_go_by_a_digest(contacts):
    ids = [row["interaction_id"] for row in contacts]
    assert ids == sorted(ids)
    assert len(set(ids)) == 27_922
    assert sum(row["channel"] == "CALL" and row["call_id"] is None for row in contacts) == 984
    # No two real contacts share a digest, so nothing is numbered.
    assert not any(name.count("-") > 1 for name in ids)
