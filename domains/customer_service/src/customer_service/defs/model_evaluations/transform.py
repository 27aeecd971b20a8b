"""The figures of the domain's model cards, from the data and the code of the products that use the models."""

import polars as pl

from customer_service.churn.experiment import known_days, prepare
from customer_service.churn.judging import judge_churn
from customer_service.churn.model import train_churn
from customer_service.judging.findings import as_frame
from customer_service.texts.intents import examples_of, train_intents
from customer_service.texts.judging import judge_intents, judge_sentiment


def model_evaluations(
    reviews: pl.LazyFrame,
    known_intents: pl.LazyFrame,
    kept_intents: pl.LazyFrame,
    transactions: pl.LazyFrame,
    accounts: pl.LazyFrame,
    parties: pl.LazyFrame,
    interactions: pl.LazyFrame,
) -> pl.LazyFrame:
    """Return one row per model, data set and metric. Models are trained again, and equal to those of the products."""
    known, kept = (examples_of(frame.select("text", "intent").collect()) for frame in (known_intents, kept_intents))
    findings = [
        *judge_sentiment(reviews.select("stars", "text").collect()),
        *judge_intents(train_intents(known), known, kept),
    ]
    days = known_days(transactions)
    if days is not None:
        experiment = prepare(transactions, accounts, parties, interactions, days)
        findings += judge_churn(train_churn(experiment.training), experiment)
    return as_frame(findings).lazy()
