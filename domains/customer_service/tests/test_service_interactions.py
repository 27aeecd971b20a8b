"""The history of contacts on rows with known results."""

import datetime as dt
import hashlib

import polars as pl
import pytest

MODEL = "customer_interaction_history"
SOURCES = ("service_desk.complaint", "service_desk.review", "call_centre.call", "retail.party", "retail.account")
DAY = dt.date(2014, 5, 5)
PHONE = "2025550100"
OTHER_PHONE = "2025550199"


def clock(hour, minute=0, second=0):
    """A time of day as the call log writes it."""
    return dt.datetime(1900, 1, 1, hour, minute, second, tzinfo=dt.UTC)


def digest(*parts):
    """The digits of an interaction_id, as its description in the contract says."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]


@pytest.fixture
def history(build):
    """`history(complaint=[...], call=[...], review=[...], party=[...], account=[...])`: the trial; asserts `broken`."""

    def run(*, broken=(), **given):
        given.setdefault("party", [{"party_id": n} for n in range(1, 10)])
        inputs = {name: given.pop(name.split(".")[1], []) for name in SOURCES}
        assert not given
        found = build(MODEL, inputs)
        assert found.broken == broken
        return found

    return run


@pytest.fixture
def contacts(history):
    """The rows of such a trial."""
    return lambda **given: history(**given).rows.to_dicts()


def test_a_complaint_goes_by_its_own_number_and_names_its_client(contacts):
    (row,) = contacts(complaint=[{"complaint_id": "CR0000007", "client_id": 4}])
    assert {
        "interaction_id": "CR0000007", "channel": "COMPLAINT", "complaint_id": "CR0000007", "party_id": 4,
        "party_match": "CLIENT_ID", "contacted_on": DAY, "issue": "Late fee", "submitted_via": "WEB",
        "started_at": None, "stars": None, "call_outcome": None,
    }.items() <= row.items()  # fmt: skip


def test_a_telephone_complaint_and_its_call_are_two_rows_that_share_the_complaint(contacts):
    call = {"complaint_id": "CR1", "client_id": 4, "call_id": 34536, "outcome": "AGENT", "agent": "MIA"}
    rows = contacts(complaint=[{"complaint_id": "CR1", "client_id": 4, "submitted_via": "PHONE"}], call=[call])
    assert [(row["interaction_id"], row["channel"], row["complaint_id"], row["party_id"]) for row in rows] == [
        ("CALL-34536", "CALL", "CR1", 4),
        ("CR1", "COMPLAINT", "CR1", 4),
    ]
    assert (rows[0]["call_outcome"], rows[0]["agent"], rows[0]["product"], rows[0]["issue"]) == (
        "AGENT",
        "MIA",
        None,
        None,
    )


def test_a_call_is_of_the_client_that_the_log_names_whoever_the_telephone_belongs_to(contacts):
    party = [{"party_id": 1, "phone": "202-555-0100"}, {"party_id": 2}]
    (row,) = contacts(call=[{"call_id": 1, "client_id": 2, "phone": PHONE}], party=party)
    assert (row["party_id"], row["party_match"]) == (2, "CLIENT_ID")


def test_a_call_without_a_client_is_of_the_one_party_with_that_telephone(contacts):
    phones = {1: "202-555-0101", 2: "(202) 555 0102", 3: "2025550103", 4: None}
    party = [{"party_id": n, "phone": phone} for n, phone in phones.items()]
    rows = contacts(call=[{"call_id": n, "phone": f"202555010{n}"} for n in phones], party=party)
    assert [(row["party_id"], row["party_match"]) for row in rows] == [*((n, "PHONE") for n in (1, 2, 3)), (None, None)]


def test_a_telephone_of_several_parties_or_of_none_tells_nothing(contacts):
    party = [{"party_id": 1, "phone": "202-555-0100"}, {"party_id": 2, "phone": "2025550100"}, {"party_id": 3}]
    rows = contacts(call=[{"call_id": 1, "phone": PHONE}, {"call_id": 2, "phone": OTHER_PHONE}], party=party)
    assert [(row["party_id"], row["party_match"]) for row in rows] == [(None, None), (None, None)]


def test_a_call_without_a_number_goes_by_day_start_and_telephone(contacts):
    (row,) = contacts(call=[{"start_time": clock(9, 5, 7), "end_time": clock(9, 6, 7), "phone": PHONE}])
    assert row["interaction_id"] == f"CALL-{digest('2014-05-05', '09:05:07', PHONE)}"


def test_calls_without_a_number_of_one_second_and_telephone_are_counted_in_a_fixed_order(contacts):
    short = {"end_time": clock(9, 0, 20), "service_seconds": 20}
    long = {"end_time": clock(9, 0, 50), "service_seconds": 50}
    name = f"CALL-{digest('2014-05-05', '09:00:00', PHONE)}"
    for calls in ([short, long, short], [long, short, short]):
        rows = contacts(call=calls)
        found = {row["interaction_id"]: row["duration_seconds"] for row in rows}
        assert found == {name: 20, f"{name}-2": 20, f"{name}-3": 50}


def test_a_call_number_that_comes_twice_is_refused(history):
    found = history(call=[{"call_id": 7}, {"call_id": 7}], broken=("primary_key_unique", "call_id__unique"))
    assert found.publication is None


def test_a_review_goes_by_all_that_it_says(contacts):
    text = 'Kind, "quick" and\nhonest | fair. Žluť'
    review = {"stars": 4, "district_id": 18, "product": "Mortgage", "text": text}
    (row,) = contacts(review=[review])
    assert row["interaction_id"] == f"REVIEW-{digest('2014-05-05', 4, 18, 'Mortgage', text)}"
    assert (row["stars"], row["district_id"], row["product"], row["party_id"]) == (4, 18, "Mortgage", None)


def test_equal_reviews_of_one_day_stay_apart(contacts):
    stars_only = f"REVIEW-{digest('2014-05-05', 5, 1, 'Mortgage', '')}"
    rows = contacts(review=[{}, {"stars": 1}, {}, {}])
    assert len(rows) == 4
    assert {row["interaction_id"] for row in rows if row["stars"] == 5} == {
        stars_only, f"{stars_only}-2", f"{stars_only}-3",
    }  # fmt: skip


def test_the_order_of_an_export_changes_no_row(contacts):
    reviews = [{"stars": stars, "text": text} for stars in (1, 2) for text in ("fair", None, "fair")]
    calls = [{"start_time": clock(9, 0, second), "agent": agent} for second in (0, 1, 0) for agent in ("MIA", "TOM")]
    forwards = contacts(review=reviews, call=calls)
    assert len({row["interaction_id"] for row in forwards}) == 12
    assert contacts(review=reviews[::-1], call=calls[::-1]) == forwards


def test_days_are_the_crms_and_core_bankings_twenty_years_before(contacts):
    days = [dt.date(2012, 2, 29), dt.date(2014, 1, 1)]
    rows = contacts(complaint=[{"complaint_id": f"CR{n}", "received_on": day} for n, day in enumerate(days)])
    assert [row["contacted_on"] for row in rows] == days
    assert [row["core_banking_date"] for row in rows] == [dt.date(1992, 2, 29), dt.date(1994, 1, 1)]


def test_a_contact_before_the_first_own_account_is_flagged(contacts):
    accounts = [
        {"account_id": 1, "owner_party_id": 1, "opened_on": dt.date(1994, 5, 6)},
        {"account_id": 2, "owner_party_id": 1, "opened_on": dt.date(1996, 1, 1)},
        {"account_id": 3, "owner_party_id": 2, "opened_on": dt.date(1994, 5, 5)},
    ]
    complaints = [{"complaint_id": f"CR{n}", "client_id": n} for n in (1, 2, 3)]
    rows = contacts(complaint=complaints, call=[{"call_id": 1}], account=accounts)
    flagged = {row["interaction_id"]: row["before_account_opened"] for row in rows}
    assert flagged == {"CR1": True, "CR2": False, "CR3": None, "CALL-1": None}


def test_a_complaint_sent_on_before_it_was_received_is_kept_and_flagged(history):
    sent = [DAY - dt.timedelta(days=1), DAY, DAY + dt.timedelta(days=1), None]
    found = history(complaint=[{"complaint_id": f"CR{n}", "sent_on": day} for n, day in enumerate(sent)])
    assert found.rows["sent_before_received"].to_list() == [True, False, False, None]
    assert found.clause("few_complaints_sent_before_received").outcome.value == "warned"
    assert found.publication is not None


def test_times_of_a_call_are_moments_of_its_day_and_may_pass_midnight(contacts):
    late = {"start_time": clock(23, 59, 30), "end_time": clock(0, 0, 30)}
    rows = contacts(call=[{"call_id": 1}, {"call_id": 2, **late}])
    moments = [(row["started_at"], row["ended_at"]) for row in rows]
    assert moments == [
        (dt.datetime(2014, 5, 5, 9, 0, tzinfo=dt.UTC), dt.datetime(2014, 5, 5, 9, 1, tzinfo=dt.UTC)),
        (dt.datetime(2014, 5, 5, 23, 59, 30, tzinfo=dt.UTC), dt.datetime(2014, 5, 6, 0, 0, 30, tzinfo=dt.UTC)),
    ]


def test_a_length_that_is_not_between_start_and_end_is_told(history):
    found = history(call=[{"call_id": 1}, {"call_id": 2, "service_seconds": 61}])
    clause = found.clause("calls_last_from_start_to_end")
    assert (clause.outcome.value, found.publication is not None) == ("warned", True)


def test_a_call_that_does_not_fit_its_complaint_is_told(history):
    no_such_complaint, another_client = {"complaint_id": "CR9"}, {"complaint_id": "CR1", "client_id": 2}
    another_day = {"complaint_id": "CR2", "called_on": dt.date(2014, 5, 6)}
    calls = [no_such_complaint, another_client, another_day, {"complaint_id": "CR3"}, {}]
    found = history(
        complaint=[{"complaint_id": f"CR{n}"} for n in (1, 2, 3)],
        call=[{"call_id": n, "client_id": 1} | call for n, call in enumerate(calls)],
    )
    clause = found.clause("calls_find_their_complaint")
    assert (clause.outcome.value, clause.observed, found.publication is not None) == ("warned", 3, True)


def test_a_complaint_of_nobody_the_bank_knows_is_refused(history):
    broken = ("party_id__references_party",)
    assert history(complaint=[{"complaint_id": "CR1", "client_id": 77}], broken=broken).publication is None


def test_rows_come_sorted_by_their_id(history):
    complaints = [{"complaint_id": f"CR{n}"} for n in (30, 4, 200)]
    ids = history(complaint=complaints, call=[{"call_id": 9}, {"call_id": 10}], review=[{}]).rows["interaction_id"]
    assert ids.to_list() == sorted(ids)
    assert isinstance(ids, pl.Series)
