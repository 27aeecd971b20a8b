"""Features of a party on a cut-off day, eligibility, and outcomes."""

import datetime as dt
import math
from decimal import Decimal

import polars as pl
import pytest

from customer_service.churn.features import FEATURES, at_cut_off, outcomes_after

CUT = dt.date(1994, 6, 30)
OLD = dt.date(1993, 1, 1)


def booking(account, day, amount, direction="CREDIT", **more):
    return {
        "account_id": account, "booking_date": day, "booking_month": day.replace(day=1), "direction": direction,
        "amount": Decimal(amount), "is_day_complete": True, **more,
    }  # fmt: skip


@pytest.fixture
def known(rows):
    """`known(bookings, accounts={party: opened}, parties=[...], contacts=[(party, day)])`: rows by party."""

    def run(bookings, accounts=None, parties=None, contacts=()):
        accounts = {1: OLD} if accounts is None else accounts
        frame = at_cut_off(
            rows("retail.transaction_history", *bookings).lazy(),
            owners(rows, accounts),
            rows("retail.party", *({"party_id": n} for n in parties or accounts)).lazy(),
            rows(
                "customer_service.customer_interaction_history",
                *({"party_id": party, "core_banking_date": day} for party, day in contacts),
            ).lazy(),
            CUT,
        )
        return {row["party_id"]: row for row in frame.collect().to_dicts()}

    return run


def owners(rows, accounts):
    """The account of party n is 100 + n."""
    given = ({"account_id": 100 + n, "owner_party_id": n, "opened_on": day} for n, day in accounts.items())
    return rows("retail.account", *given).lazy()


@pytest.mark.parametrize(
    ("opened", "reason"),
    [
        (CUT - dt.timedelta(days=181), None),
        (CUT - dt.timedelta(days=180), "ACCOUNT_TOO_YOUNG"),
        (CUT, "ACCOUNT_TOO_YOUNG"),
        (CUT + dt.timedelta(days=1), "OWNS_NO_ACCOUNT"),
    ],
)
def test_an_account_is_old_enough_after_181_days(known, opened, reason):
    row = known([booking(101, CUT, 10)], {1: opened})[1]
    assert (row["eligible"], row["reason"]) == (reason is None, reason)


@pytest.mark.parametrize(
    ("bookings", "eligible"),
    [
        ([booking(101, dt.date(1994, 3, 1), 10)], True),
        ([booking(101, dt.date(1994, 2, 28), 10)], False),
        ([booking(101, CUT, 10)], True),
        ([booking(101, CUT + dt.timedelta(days=1), 10)], False),
        ([booking(101, CUT, 10, category="INTEREST")], False),
        ([booking(101, CUT, 10, "DEBIT")], False),
        ([booking(101, CUT, 0)], False),
        ([], False),
    ],
)
def test_inflow_is_credits_other_than_interest_in_the_four_months_to_the_cut_off(known, bookings, eligible):
    row = known(bookings)[1]
    assert (row["eligible"], row["reason"]) == (eligible, None if eligible else "NO_INFLOW")


def test_every_party_has_a_row_and_who_is_not_eligible_has_no_features(known):
    found = known([booking(101, CUT, 10), booking(103, CUT, 10)], {1: OLD, 3: CUT}, parties=[1, 2, 3])
    assert {party: row["reason"] for party, row in found.items()} == {
        1: None, 2: "OWNS_NO_ACCOUNT", 3: "ACCOUNT_TOO_YOUNG",
    }  # fmt: skip
    assert all(found[party][name] is None for party in (2, 3) for name in FEATURES)
    assert all(found[1][name] is not None for name in FEATURES)


def test_features_of_a_party_whose_answers_are_known(known):
    bookings = [
        booking(101, dt.date(1994, 1, 10), 400),
        booking(101, dt.date(1994, 3, 10), 100, operation="CASH_DEPOSIT"),
        booking(101, dt.date(1994, 4, 10), 100, category="PENSION"),
        booking(101, dt.date(1994, 6, 20), 600),
        booking(101, dt.date(1994, 6, 21), 200, "DEBIT"),
        booking(101, dt.date(1994, 6, 22), 999, category="INTEREST"),
    ]
    contacts = [(1, CUT), (1, dt.date(1993, 7, 1)), (1, dt.date(1993, 6, 30)), (None, CUT), (2, CUT)]
    row = known(bookings, contacts=contacts)[1]
    mean, spread = 800 / 3, math.sqrt(2 * (800 / 3 - 100) ** 2 / 2 + (600 - 800 / 3) ** 2 / 2)
    assert {name: row[name] for name in FEATURES} == pytest.approx(
        {
            "log_inflow": math.log(80_000),
            "inflow_growth": math.log(80_100 / 40_100),
            "last_month_share": 0.75,
            "last_half_share": 0.75,
            "largest_credit_share": 0.75,
            "largest_over_median": math.log(6),
            "credit_variation": spread / mean,
            "log_credits": math.log(3),
            "months_with_credits": 3,
            "cash_share": 0.125,
            "pension_share": 0.125,
            "outflow_ratio": math.log(1.25),
            "days_since_credit": 10,
            "tenure_days": (CUT - OLD).days,
            "interactions": 2,
        },
        abs=1e-8,
    )


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [("100.00", "49.99", True), ("100.00", "50.00", False), ("100.01", "50.00", True), ("100", "0", True)],
)
def test_attrition_is_less_than_half_of_the_inflow_before(rows, before, after, followed):
    bookings = [
        booking(101, CUT, before),
        booking(101, CUT + dt.timedelta(days=1), after),
        # outside of both windows, or no inflow
        booking(101, dt.date(1994, 2, 28), 5000),
        booking(101, dt.date(1994, 10, 31), 5000),
        booking(101, dt.date(1994, 9, 1), 5000, "DEBIT"),
        booking(101, dt.date(1994, 9, 2), 5000, category="INTEREST"),
    ]
    transactions = rows("retail.transaction_history", *bookings).lazy()
    found = outcomes_after(transactions, owners(rows, {1: OLD}), CUT).collect()
    assert found.to_dicts() == [{"party_id": 1, "attrition_followed": followed}]


def test_the_last_day_of_the_outcome_window_counts(rows):
    bookings = [booking(101, CUT, 100), booking(101, dt.date(1994, 10, 30), 60)]
    transactions = rows("retail.transaction_history", *bookings).lazy()
    assert outcomes_after(transactions, owners(rows, {1: OLD}), CUT).collect()["attrition_followed"].to_list() == [
        False
    ]


def test_neither_order_nor_threads_show_in_the_features(rows):
    bookings = [booking(101, dt.date(1994, 3 + n % 4, 1 + n % 27), f"{n * 37 % 901}.{n % 100:02}") for n in range(400)]
    frame = rows("retail.transaction_history", *bookings)
    parties, contacts = pl.LazyFrame({"party_id": [1]}), rows("customer_service.customer_interaction_history").lazy()
    built = [
        at_cut_off(given.lazy(), owners(rows, {1: OLD}), parties, contacts, CUT).collect(engine=engine)
        for given in (frame, frame.reverse(), frame.sample(fraction=1, shuffle=True, seed=3))
        for engine in ("in-memory", "streaming")
    ]
    assert all(one.equals(built[0]) for one in built)
