"""Texts of every source with the same columns, and their ids."""

from __future__ import annotations

import hashlib
from collections import Counter

import polars as pl

TEXT_COLUMNS = {
    "text_id": pl.String,
    "source": pl.String,
    "interaction_id": pl.String,
    "party_id": pl.Int64,
    "written_on": pl.Date,
    "stars": pl.Int32,
    "text": pl.String,
}

REVIEW_DIGITS = 16
"""Hexadecimal digits of a SHA-256 in an id; customer_interaction_history's interaction_id describes the rule."""


def gather_texts(
    reviews: pl.LazyFrame, narratives: pl.LazyFrame, interaction_texts: pl.LazyFrame, interactions: pl.LazyFrame
) -> pl.LazyFrame:
    """Return one row per text, in `TEXT_COLUMNS`; a review without words has no row."""
    contacts = interactions.select("interaction_id", "party_id", pl.col("contacted_on").alias("written_on"))
    of_contacts = pl.concat(
        [
            review_texts(reviews),
            interaction_texts.select(
                pl.format("TEXT-{}", "interaction_id").alias("text_id"),
                pl.lit("INTERACTION").alias("source"),
                "interaction_id",
                pl.lit(None, pl.Int32).alias("stars"),
                "text",
            ),
        ]
    ).join(contacts, on="interaction_id", how="left", validate="m:1")
    of_nobody = narratives.select(
        pl.format("CFPB-{}", "narrative_id").alias("text_id"),
        pl.lit("CFPB_NARRATIVE").alias("source"),
        pl.lit(None, pl.String).alias("interaction_id"),
        pl.lit(None, pl.Int64).alias("party_id"),
        pl.lit(None, pl.Date).alias("written_on"),
        pl.lit(None, pl.Int32).alias("stars"),
        "text",
    )
    return pl.concat([of_contacts.select(list(TEXT_COLUMNS)), of_nobody]).filter(pl.col("text").str.contains(r"\S"))


def review_texts(reviews: pl.LazyFrame) -> pl.LazyFrame:
    """Return text_id, source, interaction_id, stars, text. The id of a review's text is that of the contact."""
    names = ("text_id", "source", "interaction_id", "stars", "text")
    # Not in batches, because equal reviews are numbered over the whole frame.
    return reviews.map_batches(_numbered_reviews, schema={name: TEXT_COLUMNS[name] for name in names})


def _numbered_reviews(reviews: pl.DataFrame) -> pl.DataFrame:
    parts = reviews.select("reviewed_on", "stars", "district_id", "product", pl.col("text").fill_null(""))
    numbers = review_numbers(["|".join(map(str, row)) for row in parts.iter_rows()])
    return reviews.select(
        pl.Series("text_id", numbers, dtype=pl.String),
        pl.lit("REVIEW").alias("source"),
        pl.Series("interaction_id", numbers, dtype=pl.String),
        pl.col("stars").cast(pl.Int32),
        "text",
    )


def review_numbers(written: list[str]) -> list[str]:
    """Return `REVIEW-` and sixteen digits for each; later ones of the same digits end in -2, -3 and so on."""
    seen: Counter[str] = Counter()
    numbers = []
    for text in written:
        digits = hashlib.sha256(text.encode()).hexdigest()[:REVIEW_DIGITS]
        seen[digits] += 1
        numbers.append(f"REVIEW-{digits}" + (f"-{seen[digits]}" if seen[digits] > 1 else ""))
    return numbers
