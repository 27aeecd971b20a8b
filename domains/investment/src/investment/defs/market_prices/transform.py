"""Prices of shares, the volatility index, exchange rates and yields, with returns, restatements and flags."""

import polars as pl

from investment.prices.flags import flags
from investment.prices.jumps import explained_jumps
from investment.prices.names import membership_on, published_name
from investment.prices.quotes import UNITS, all_quotes, is_share
from investment.prices.vintages import KEY, newest, price_returns, with_neighbours

COLUMNS = (
    "kind",
    "instrument_id",
    "day",
    "instrument_name",
    "unit",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "price_return",
    "flags",
    "jump_explanation",
    "in_index",
    "vintage",
    "restated",
    "restated_in",
    "restated_fields",
    "superseded_close",
)


def market_prices(
    shares: pl.LazyFrame,
    constituents: pl.LazyFrame,
    membership: pl.LazyFrame,
    vix: pl.LazyFrame,
    rates: pl.LazyFrame,
    yields: pl.LazyFrame,
) -> pl.LazyFrame:
    """Return one row per kind, instrument and day on which its publisher has a row."""
    # Read more than once below; without a cache the plan would compute them again each time.
    quotes = all_quotes(shares, vix, rates, yields).cache()
    taken = newest(quotes).cache()
    members = membership_on(taken.filter(is_share()), membership, constituents)
    known = (
        taken.join(price_returns(quotes), on=list(KEY), how="left")
        .join(members, on=["instrument_id", "day"], how="left")
        .pipe(with_neighbours)
        .cache()
    )
    explained = explained_jumps(known.filter(is_share()))
    return (
        known.join(explained, on=["instrument_id", "day"], how="left")
        .with_columns(
            pl.when(is_share()).then(pl.col("jump_explanation")),
            pl.when(pl.col("kind") != "YIELD").then(pl.col("price_return")),
            pl.col("kind").replace_strict(UNITS).alias("unit"),
            pl.when(is_share()).then(pl.col("company_name")).otherwise(published_name()).alias("instrument_name"),
            pl.when(is_share()).then(pl.col("in_index")),
        )
        .with_columns(flags())
        .select(COLUMNS)
        .sort(KEY)
    )
