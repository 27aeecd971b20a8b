"""Explanations of jumps of share prices by a spin-off or a new share class."""

import polars as pl

from investment.prices.corporate_actions import listed_actions
from investment.prices.flags import JUMP_EXPLAINED_FROM

DAYS_BETWEEN = 5
"""Maximum calendar days between the first price of a new share and the jump: the same day, or a weekend apart."""

SHORTEST_WORD = 4
"""Minimum letters of a first word that can identify a company."""


def explained_jumps(shares: pl.LazyFrame) -> pl.LazyFrame:
    """Return instrument_id, day, jump_explanation; one row for each jump that has one.

    Reads instrument_id, day, price_return, company_name of all shares. A jump is explained by a fact of
    `corporate_actions`, else by evidence in the files: at about that day another share is first priced, whose company,
    by the index provider, has a name that starts with the same word.
    """
    jumps = shares.filter(pl.col("price_return").abs() >= JUMP_EXPLAINED_FROM)
    facts = jumps.join(listed_actions(), on=["instrument_id", "day"], how="inner").with_columns(rank=0)
    evidence = _newcomers_beside(jumps, shares).with_columns(rank=1)
    columns = ["instrument_id", "day", pl.col("what").alias("jump_explanation"), "rank"]
    return (
        pl.concat([facts.select(columns), evidence.select(columns)])
        .sort("instrument_id", "day", "rank", "jump_explanation")
        .unique(["instrument_id", "day"], keep="first", maintain_order=True)
        .drop("rank")
    )


def _newcomers_beside(jumps: pl.LazyFrame, shares: pl.LazyFrame) -> pl.LazyFrame:
    """Return falls on or soon after the day on which a share of a company with the same first word was first priced."""
    beginning = shares.select(pl.col("day").min().alias("beginning"))
    newcomers = (
        shares.sort("day")
        .group_by("instrument_id", maintain_order=True)
        .agg(pl.col("day").first().alias("first_day"), pl.col("company_name").first().alias("newcomer"))
        .join(beginning, how="cross")
        .filter((pl.col("first_day") > pl.col("beginning")) & pl.col("newcomer").is_not_null())
        .select(pl.col("instrument_id").alias("newcomer_id"), "newcomer", "first_day", _first_word("newcomer"))
    )
    since = (pl.col("day") - pl.col("first_day")).dt.total_days()
    return (
        jumps.filter(pl.col("price_return") < 0)
        .with_columns(_first_word("company_name"))
        .filter(pl.col("word").str.len_chars() >= SHORTEST_WORD)
        .join(newcomers, on="word", how="inner")
        .filter((pl.col("newcomer_id") != pl.col("instrument_id")) & since.is_between(0, DAYS_BETWEEN))
        .with_columns(
            pl.format("Spin-off or share class: {} was first priced on {}", "newcomer", "first_day").alias("what")
        )
    )


def _first_word(name: str) -> pl.Expr:
    return pl.col(name).str.extract(r"^(\w+)").str.to_lowercase().alias("word")
