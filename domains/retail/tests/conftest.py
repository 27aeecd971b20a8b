"""Small frames in the types of contracts and source declarations, and trials of the domain's dbt models."""

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import pytest

from bankmesh.testing import samples_of
from bankmesh.testing.fixtures import contract, dbt_target, mesh_home, rows, trial

__all__ = ["contract", "dbt_target", "mesh_home", "rows", "trial"]

ONE_DAY = dt.date(1994, 5, 5)

# Defaults of a row.
DEFAULTS = {
    "core_banking.account": {"district_id": 1, "opened_on": dt.date(1993, 1, 1), "statement_frequency": "MONTHLY"},
    "core_banking.card": {"card_type": "CLASSIC"},
    "core_banking.card_purchase": {"purchase_id": 1, "merchant_category_code": "5411"},
    "core_banking.client": {"birth_number": "700101", "district_id": 1},
    "core_banking.disp": {"disposition_type": "OWNER"},
    "core_banking.district": {"district_name": "Praha", "region": "Prague"},
    "core_banking.trans": {
        "account_id": 1,
        "booking_date": ONE_DAY,
        "direction": "CREDIT",
        "amount": 10,
        "balance_after": 10,
        "complete_through": dt.date(1994, 10, 30),
    },
    "core_banking.loan": {
        "account_id": 1,
        "granted_on": ONE_DAY,
        "amount": 1200,
        "duration_months": 12,
        "monthly_payment": 100,
        "outcome": "RUNNING_OK",
    },
    "retail.party": {
        "gender": "MALE",
        "birth_date": dt.date(1960, 1, 1),
        "district_id": 1,
        "district_name": "Praha",
        "region": "Prague",
    },
    "retail.account": {
        "disponent_count": 0,
        "district_id": 1,
        "opened_on": dt.date(1993, 1, 1),
        "statement_frequency": "MONTHLY",
    },
    "retail.loan_applications": {
        "granted_on": ONE_DAY,
        "amount": 1200,
        "duration_months": 12,
        "monthly_payment": 100,
        "outcome": "RUNNING_OK",
    },
    "retail.credit_card_spending_patterns": {
        "card_type": "CLASSIC",
        "party_id": 1,
        "month": dt.date(1994, 5, 1),
        "card_transactions": 0,
        "card_amount": 0,
    },
    "customer_service.customer_interaction_history": {
        "channel": "COMPLAINT",
        "contacted_on": dt.date(2014, 5, 5),
        "core_banking_date": ONE_DAY,
    },
    "customer_service.sentiment_analysis": {
        "source": "INTERACTION",
        "score": 0,
        "label": "NEUTRAL",
        "sentiment_model": "lexicon",
        "sentiment_model_version": "0123456789abcdef",
    },
    "customer_service.customer_churn_propensity": {
        "cut_off": dt.date(1994, 6, 30),
        "eligible": True,
        "current_cut_off": dt.date(1994, 10, 30),
        "current_eligible": True,
        "model_name": "trees",
        "model_version": "0123456789abcdef",
    },
}


SAMPLES = samples_of("retail", DEFAULTS)


@pytest.fixture(scope="session")
def samples():
    """Samples of the domain, with these defaults."""
    return SAMPLES


@pytest.fixture(scope="session")
def bookings():
    """Rows of transaction_history; columns that follow from a booking's day, direction and amount are filled in."""
    return make_bookings


@pytest.fixture
def build(trial):
    """`build("account", {"core_banking.account": [...]})`: the trial of a dbt model, a first major unless named."""
    return partial(SAMPLES.build, trial, major=1)


class Booking(NamedTuple):
    account: int
    day: dt.date
    direction: str
    amount: Decimal | int
    operation: str | None = None
    complete: bool = True


def make_bookings(*given):
    made = []
    for number, row in enumerate(given, start=1):
        booking = Booking(*row)
        made.append(
            {
                "transaction_id": number,
                "account_id": booking.account,
                "booking_date": booking.day,
                "booking_month": booking.day.replace(day=1),
                "direction": booking.direction,
                "operation": booking.operation,
                "amount": booking.amount,
                "signed_amount": booking.amount if booking.direction == "CREDIT" else -booking.amount,
                "balance_after": 0,
                "currency": "CZK",
                "is_day_complete": booking.complete,
            }
        )
    return SAMPLES.rows("retail.transaction_history", *made)
