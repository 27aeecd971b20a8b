"""Evaluation of sentiment and intents: scores against the stars of reviews, intents against test queries."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from customer_service.judging.calibration import expected_error
from customer_service.judging.findings import Subject
from customer_service.judging.intervals import auc, share
from customer_service.texts import intents, sentiment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from customer_service.texts.intents import Example, IntentModel

BEST, WORST = 5, 1

AUC_NOTE = (
    "How often a text of five stars scores above one of one star; DeLong's variance, interval on the logit scale."
)


def judge_sentiment(reviews: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Return findings on the distinct texts of reviews (columns stars and text) of five stars or of one."""
    judged = clear_reviews(reviews)
    subject = Subject(sentiment.MODEL, sentiment.sentiment_version(), "distinct reviews of one or five stars")
    texts, liked = judged["text"].to_list(), judged["liked"].to_list()
    scores = [sentiment.sentiment_score(text) for text in texts]
    labels = [sentiment.label(score) for score in scores]
    cases, best = len(texts), sum(liked)
    yield subject.finding("auc", auc(liked, scores), cases, AUC_NOTE)
    whole = auc(liked, [sentiment.whole_text_score(text) for text in texts])
    yield subject.finding("auc_whole_text", whole, cases, "Baseline: VADER's compound of the text as one sentence.")
    yield subject.finding("prevalence", share(best, cases), cases, "Share of five stars.")
    found = sum(label == "POSITIVE" for label, like in zip(labels, liked, strict=True) if like)
    yield subject.finding("recall_of_five_stars", share(found, best), best, "Share of five stars labelled POSITIVE.")
    found = sum(label == "NEGATIVE" for label, like in zip(labels, liked, strict=True) if not like)
    worst = cases - best
    yield subject.finding("recall_of_one_star", share(found, worst), worst, "Share of one star labelled NEGATIVE.")


def clear_reviews(reviews: pl.DataFrame) -> pl.DataFrame:
    """Return text and liked (five stars), each text once; a text with both ratings is left out."""
    rated = reviews.filter(pl.col("text").str.contains(r"\S"), pl.col("stars").is_in([WORST, BEST]))
    by_text = rated.group_by("text").agg(pl.col("stars").min().alias("least"), pl.col("stars").max().alias("most"))
    clear = by_text.filter(pl.col("least") == pl.col("most"))
    return clear.select("text", (pl.col("most") == BEST).alias("liked")).sort("text")


def judge_intents(
    model: IntentModel | None, known: Sequence[Example], kept: Sequence[Example]
) -> Iterator[dict[str, Any]]:
    """Return findings of a model trained on `known`, evaluated on the examples `kept`; none without either."""
    if model is None or not kept:
        return
    subject = Subject(intents.MODEL, model.version, "queries kept for testing")
    readings = model.read([example.text for example in kept])
    right = [reading.intent == example.intent for reading, example in zip(readings, kept, strict=True)]
    sure = [reading.confidence for reading in readings]
    cases = len(kept)
    yield subject.finding("accuracy", share(sum(right), cases), cases, "Share of correct intents; Wilson's interval.")
    commonest = Counter(example.intent for example in sorted(known)).most_common(1)[0][0]
    guessed = sum(example.intent == commonest for example in kept)
    note = "Baseline: always the most frequent intent of the examples."
    yield subject.finding("accuracy_constant", share(guessed, cases), cases, note)
    yield subject.finding("mean_confidence", sum(sure) / cases, cases, "Near the accuracy where calibrated.")
    note = "Mean distance of confidence and accuracy over ten bins of as many cases."
    yield subject.finding("calibration_error", expected_error(right, sure), cases, note)
    note = "How often a correct intent has a higher confidence than a wrong one."
    yield subject.finding("auc_of_confidence", auc(right, sure), cases, note)
    seen = {example.text for example in known}
    repeated = sum(example.text in seen for example in kept)
    yield subject.finding("repeated_queries", repeated / cases, cases, "Share also in the training data; should be 0.")
    yield subject.finding("intents", len({example.intent for example in known}), len(known), "Intents learnt.")
