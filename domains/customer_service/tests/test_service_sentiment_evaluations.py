"""The figures about the models of texts, and the product that publishes those of all models."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from bankmesh.quality.gate import Outcome
from customer_service.defs.model_evaluations.transform import model_evaluations
from customer_service.texts.intents import Example, train_intents
from customer_service.texts.judging import clear_reviews, judge_intents, judge_sentiment

GOOD, BAD, PLAIN = "I love this bank.", "I hate this bank.", "The bank has a door."
KNOWN = [Example(f"{word} {n}", word) for word in ("card", "fee") for n in range(5)]


def reviews(*given):
    return pl.DataFrame(list(given), schema={"stars": pl.Int32, "text": pl.String}, orient="row")


def by_metric(findings):
    return {finding["metric"]: finding for finding in findings}


def test_each_text_is_judged_once_and_none_that_was_given_both():
    found = clear_reviews(reviews((5, "a"), (5, "a"), (1, "b"), (5, "c"), (1, "c"), (2, "d"), (5, None), (1, " ")))
    assert found.rows() == [("a", True), ("b", False)]


def test_sentiment_is_judged_by_stars():
    found = by_metric(judge_sentiment(reviews((5, GOOD), (5, PLAIN), (1, BAD), (1, "I like it."))))
    assert found["auc"]["value"] == 0.75
    assert found["auc"]["cases"] == 4
    assert found["prevalence"]["value"] == found["recall_of_five_stars"]["value"] == 0.5
    assert (found["recall_of_one_star"]["value"], found["recall_of_one_star"]["cases"]) == (0.5, 2)


def test_without_reviews_the_figures_are_null():
    assert {row["value"] for row in judge_sentiment(reviews())} == {None}


def test_intents_are_judged_on_queries_that_were_kept():
    kept = [Example("my card", "card"), Example("that fee", "fee"), Example("card 1", "card"), Example("a card", "fee")]
    found = by_metric(judge_intents(train_intents(KNOWN), KNOWN, kept))
    assert found["accuracy"]["value"] == 0.75
    assert found["accuracy_constant"]["value"] == 0.5
    assert found["repeated_queries"]["value"] == 0.25
    assert (found["intents"]["value"], found["intents"]["cases"]) == (2, 10)


def test_without_queries_there_is_nothing_to_judge():
    assert list(judge_intents(train_intents(KNOWN), KNOWN, [])) == []
    assert list(judge_intents(None, [], KNOWN)) == []


@pytest.fixture
def evaluations(rows, contract, trial):
    """The trial of the product where queries were kept for testing and one booking is known."""

    def run(kept):
        booking = {
            "account_id": 1, "booking_date": dt.date(1994, 5, 5), "booking_month": dt.date(1994, 5, 1),
            "direction": "CREDIT", "amount": Decimal(1), "is_day_complete": True,
        }  # fmt: skip
        frames = {
            "reviews": rows("service_desk.review", {"text": GOOD}, {"text": BAD, "stars": 1}),
            "known_intents": rows("intents.train", *(example._asdict() for example in KNOWN)),
            "kept_intents": rows("intents.test", *(example._asdict() for example in kept)),
            "transactions": rows("retail.transaction_history", booking),
            "accounts": rows("retail.account", {"account_id": 1, "owner_party_id": 1}),
            "parties": rows("retail.party", {"party_id": 1}),
            "interactions": rows("customer_service.customer_interaction_history"),
        }
        return trial(contract("model_evaluations"), frames, transform=model_evaluations)

    return run


def test_the_contract_holds_and_a_model_that_was_not_trained_is_left_out(evaluations):
    found = evaluations([Example("a card", "card"), Example("a fee", "fee")])
    assert found.broken == ()
    assert found.rows["model"].unique().sort().to_list() == ["tfidf-linear-svm", "vader-sentence-mean"]
    assert found.rows.select("model", "dataset", "metric").rows() == sorted(
        found.rows.select("model", "dataset", "metric").rows()
    )


def test_intents_that_are_mostly_misunderstood_are_refused(evaluations):
    found = evaluations([Example("a card", "fee"), Example("a fee", "fee")])
    assert found.publication is None
    assert found.broken == ("intents_are_accurate_enough",)


def test_intents_that_are_often_misunderstood_are_a_warning(evaluations):
    found = evaluations([Example("a card", "card")] * 5 + [Example("a fee", "card")])
    assert found.publication is not None
    assert found.clause("intents_are_accurate").outcome == Outcome.WARNED
