"""How each text is meant and what its writer wants."""

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
    """One row per text. The classifier of intents is trained anew each time, so that its version follows its data."""
    model = train_intents(examples_of(known_intents.select("text", "intent").collect()))
    texts = gather_texts(reviews, narratives, interaction_texts, interactions)
    return read_texts(texts, model).sort("text_id")
