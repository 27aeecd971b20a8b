"""The second major of the customer view: its additional columns, and equality with the first in all others."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

AS_OF = dt.date(1994, 10, 30)
INTERACTIONS = "customer_service.customer_interaction_history"
SENTIMENT = "customer_service.sentiment_analysis"
CHURN = "customer_service.customer_churn_propensity"


@pytest.fixture
def inputs(bookings):
    """`inputs(parties=2, interactions=[...], readings=[...], churn=[...])`; party 99 sets as_of to 1994-10-30."""

    def make(parties=1, interactions=(), readings=(), churn=None, *, accounts=(), booked=()):
        known = [*range(1, parties + 1), 99]
        scored = [{"party_id": n, "current_score": 0.5} for n in known] if churn is None else churn
        return {
            "retail.party": [{"party_id": n} for n in known],
            "retail.account": [*accounts, {"account_id": 99, "owner_party_id": 99}],
            "retail.transaction_history": bookings(*booked, (99, AS_OF, "CREDIT", 1)),
            "retail.loan_applications": [],
            "retail.credit_card_spending_patterns": [],
            INTERACTIONS: interactions,
            SENTIMENT: [{"text_id": f"TEXT-{n}"} | reading for n, reading in enumerate(readings)],
            CHURN: scored,
        }

    return make


@pytest.fixture
def view(build, inputs):
    """The rows of the second major for such inputs, without party 99; every clause that blocks holds."""

    def run(*args, told=(), **given):
        found = build("customer_360", inputs(*args, **given), major=2)
        assert found.broken == ()
        warned = [result.clause.name for result in found.gate.results if result.outcome.value == "warned"]
        assert warned == list(told)
        return found.rows.to_dicts()[:-1]

    return run


def contact(number, party, day=AS_OF, channel="COMPLAINT"):
    """A contact, with its day in core banking's calendar."""
    later = day.replace(year=day.year + 20)
    name = f"{channel[:2]}{number}"
    return {
        "interaction_id": name,
        "party_id": party,
        "channel": channel,
        "core_banking_date": day,
        "contacted_on": later,
    }


def test_contacts_are_counted_by_party_and_channel(view):
    may, june = dt.date(1994, 5, 5), dt.date(1994, 6, 1)
    contacts = [
        contact(1, 1, may),
        contact(2, 1, may, "CALL"),
        contact(3, 1, june, "CALL"),
        contact(4, 2, june),
        contact(5, None, june, "REVIEW"),
        contact(6, None, june, "CALL"),
    ]
    names = ("interaction_count", "complaint_count", "call_count", "last_contact_on", "last_complaint_on")
    assert [tuple(row[name] for name in names) for row in view(3, contacts)] == [
        (3, 1, 2, june, may),
        (1, 1, 0, june, june),
        (0, 0, 0, None, None),
    ]


def test_the_view_knows_no_contact_after_its_moment(view):
    contacts = [contact(1, 1, AS_OF), contact(2, 1, AS_OF + dt.timedelta(days=1)), contact(3, 2, dt.date(1995, 1, 1))]
    readings = [{"interaction_id": "CO1", "score": 0.5}, {"interaction_id": "CO2", "score": -1}]
    first, second = view(2, contacts, readings)
    assert (first["interaction_count"], first["last_contact_on"], first["average_sentiment"]) == (1, AS_OF, 0.5)
    assert (second["interaction_count"], second["last_contact_on"]) == (0, None)


def test_sentiment_is_the_mean_of_the_texts_of_a_partys_contacts(view):
    contacts = [contact(n, party) for n, party in enumerate((1, 1, 2, None))]
    readings = [{"interaction_id": f"CO{n}", "score": score} for n, score in ((0, -0.2), (1, -0.6), (3, 0.9))]
    readings.append({"source": "CFPB_NARRATIVE", "score": 0.9})
    found = [(row["text_count"], row["average_sentiment"]) for row in view(3, contacts, readings)]
    assert found == [(2, pytest.approx(-0.4, abs=1e-12)), (0, None), (0, None)]


def test_sentiment_does_not_depend_on_the_order_of_texts(build, inputs):
    contacts = [contact(n, 1) for n in range(40)]
    readings = [{"interaction_id": f"CO{n}", "score": 1 / (n + 3)} for n in range(40)]
    means = {
        build("customer_360", inputs(1, contacts, given), major=2).rows["average_sentiment"][0]
        for given in (readings, readings[::-1])
    }
    assert len(means) == 1
    assert means.pop() == pytest.approx(sum(1 / (n + 3) for n in range(40)) / 40, abs=1e-12)


def test_churn_is_a_score_as_of_the_moment_or_a_reason(view):
    scored = {"party_id": 1, "score": 0.9, "current_score": 0.25}
    barred = {"party_id": 2, "current_eligible": False, "current_reason": "NO_INFLOW", "score": 0.9}
    rows = view(
        3, churn=[scored, barred, {"party_id": 99, "current_score": 1}], told=["everybody_is_known_to_the_scores"]
    )
    names = ("churn_score", "churn_reason", "churn_cut_off", "churn_model_version")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (0.25, None, AS_OF, "0123456789abcdef"),
        (None, "NO_INFLOW", AS_OF, "0123456789abcdef"),
        (None, "NOT_SCORED_YET", None, None),
    ]


def test_scores_of_a_later_day_than_the_view_are_told(view):
    churn = [{"party_id": n, "current_score": 0.5, "current_cut_off": dt.date(1994, 11, 30)} for n in (1, 99)]
    assert len(view(1, churn=churn, told=["scored_up_to_the_moment"])) == 1


def test_a_score_without_its_model_is_refused(build, inputs):
    churn = [{"party_id": 99, "current_score": 0.5}, {"party_id": 1, "current_score": 0.5, "model_version": None}]
    found = build("customer_360", inputs(1, churn=churn), major=2)
    assert (found.broken, found.publication) == (("churn_score_or_reason",), None)


def test_both_majors_have_every_party_and_say_the_same_of_what_they_share(build, inputs):
    accounts = [{"account_id": n, "owner_party_id": n} for n in (1, 2)]
    booked = [(1, dt.date(1994, 9, 5), "CREDIT", Decimal("900.10")), (2, dt.date(1994, 9, 6), "DEBIT", 12)]
    given = inputs(3, [contact(n, 1) for n in range(5)], accounts=accounts, booked=booked)
    first, second = (build("customer_360", given, major=major).rows for major in (1, 2))
    assert first["customer_id"].to_list() == [1, 2, 3, 99]
    assert isinstance(second, pl.DataFrame)
    assert second.select(first.columns).equals(first)
    assert len(second.columns) > len(first.columns)


def test_the_second_major_has_a_port_of_its_own(build, inputs):
    first, second = (build("customer_360", inputs(), major=major) for major in (1, 2))
    assert (first.contract.port, second.contract.port) == ("retail.customer_360", "retail.customer_360@2")
    assert first.port != second.port
    assert (first.publication.version, second.publication.version) == (0, 0)
    assert (first.contract.status.value, second.contract.status.value) == ("deprecated", "active")
