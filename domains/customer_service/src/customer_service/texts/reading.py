"""Sentiment and intent of a frame of texts, as columns."""

from __future__ import annotations

from functools import partial

import polars as pl

from customer_service.texts import intents, sentiment

READ_COLUMNS = {
    "score": pl.Float64,
    "label": pl.String,
    "intent": pl.String,
    "intent_confidence": pl.Float64,
    "sentiment_model": pl.String,
    "sentiment_model_version": pl.String,
    "intent_model": pl.String,
    "intent_model_version": pl.String,
}


def read_texts(texts: pl.LazyFrame, model: intents.IntentModel | None) -> pl.LazyFrame:
    """Replace the column `text` by `READ_COLUMNS`; without an intent model, the intent columns are null."""
    kept = texts.collect_schema()
    del kept["text"]
    # The models process one text at a time, so batches may have any size.
    return texts.map_batches(partial(_read, model=model), schema={**kept, **READ_COLUMNS}, streamable=True)


def _read(texts: pl.DataFrame, *, model: intents.IntentModel | None) -> pl.DataFrame:
    words = texts["text"].to_list()
    scores = [sentiment.sentiment_score(text) for text in words]
    found: list[intents.Reading | None] = [*model.read(words)] if model else [None] * len(words)
    columns = {
        "score": scores,
        "label": [sentiment.label(score) for score in scores],
        "intent": [reading.intent if reading else None for reading in found],
        "intent_confidence": [reading.confidence if reading else None for reading in found],
        "sentiment_model": [sentiment.MODEL] * len(words),
        "sentiment_model_version": [sentiment.sentiment_version()] * len(words),
        "intent_model": [intents.MODEL if model else None] * len(words),
        "intent_model_version": [model.version if model else None] * len(words),
    }
    return texts.drop("text").hstack(pl.DataFrame(columns, schema=READ_COLUMNS))
