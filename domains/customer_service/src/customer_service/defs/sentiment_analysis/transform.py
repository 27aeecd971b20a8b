"""Sentiment and intent of each text."""

import polars as pl

from customer_service.texts.gathering import gather_texts
from customer_service.texts.intents import examples_of, train_intents
from customer_service.texts.reading import read_texts


def sentiment_analysis(
    reviews: pl.LazyFrame,
    narratives: pl.LazyFrame,
    interaction_texts: pl.LazyFrame,
    interactions: pl.LazyFrame,
    known_intents: pl.LazyFrame,
) -> pl.LazyFrame:
    """Return one row per text. The intent classifier is trained in each run, so that its version follows its data."""
    model = train_intents(examples_of(known_intents.select("text", "intent").collect()))
    texts = gather_texts(reviews, narratives, interaction_texts, interactions)
    return read_texts(texts, model).sort("text_id")
