"""Quotes of every kind with the same columns, whatever the format of their publisher.

Columns: kind, instrument_id, day, open, high, low, close, volume, source_file (empty if a publisher has only one
file, which it replaces).
"""

import polars as pl
import polars.selectors as cs

PRICE = pl.Decimal(18, 6)
"""Exact for every publisher: shares have up to four places, exchange rates up to six."""

PRICES = ("open", "high", "low", "close")
FIELDS = (*PRICES, "volume")
QUOTE = ("kind", "instrument_id", "day", *FIELDS, "source_file")

UNITS = {"EQUITY": "USD", "INDEX": "POINTS", "FX": "PER_EUR", "YIELD": "PERCENT"}
"""Unit of a price of each kind."""

VOLATILITY_INDEX = "VIX"


def is_share() -> pl.Expr:
    """Return whether a row is of a share."""
    return pl.col("kind") == "EQUITY"


def all_quotes(shares: pl.LazyFrame, vix: pl.LazyFrame, rates: pl.LazyFrame, yields: pl.LazyFrame) -> pl.LazyFrame:
    """Return the quotes of all publishers in one frame; for shares, every vintage."""
    return pl.concat([share_quotes(shares), index_quotes(vix), exchange_quotes(rates), yield_quotes(yields)])


def share_quotes(shares: pl.LazyFrame) -> pl.LazyFrame:
    """Return shares by ticker, every vintage that the vendor delivered."""
    return _quotes(shares, "EQUITY", instrument_id=pl.col("ticker"), volume=pl.col("volume"))


def index_quotes(vix: pl.LazyFrame) -> pl.LazyFrame:
    """Return the volatility index; it has no volume."""
    return _quotes(vix, "INDEX", instrument_id=pl.lit(VOLATILITY_INDEX), source_file=pl.lit(""))


def exchange_quotes(rates: pl.LazyFrame) -> pl.LazyFrame:
    """Return exchange rates by currency code. A day without a rate (N/A in the file) has no quote."""
    long = rates.unpivot(cs.decimal(), index="day", variable_name="currency", value_name="close")
    known = long.filter(pl.col("close").is_not_null())
    return _quotes(known, "FX", instrument_id=pl.col("currency").str.to_uppercase(), source_file=pl.lit(""), **_NO_BAR)


def yield_quotes(yields: pl.LazyFrame) -> pl.LazyFrame:
    """Return yields by series, which is named as its file; a blank is kept, as a missing close."""
    series = pl.col("source_file").str.extract(r"(DGS[0-9]+(?:MO)?)")
    named = yields.with_columns(pl.col("yield_percent").alias("close"))
    return _quotes(named, "YIELD", instrument_id=series, source_file=pl.lit(""), **_NO_BAR)


_NOTHING = pl.lit(None)
_NO_BAR = {"open": _NOTHING, "high": _NOTHING, "low": _NOTHING}


def _quotes(frame: pl.LazyFrame, kind: str, **columns: pl.Expr) -> pl.LazyFrame:
    """Return the frame's rows as quotes of a kind; a column missing in `columns` is the frame's column of that name."""
    given = {name: pl.col(name) for name in ("day", *PRICES, "source_file")} | {"volume": _NOTHING} | columns
    return frame.select(
        pl.lit(kind).alias("kind"),
        given["instrument_id"].alias("instrument_id"),
        given["day"].alias("day"),
        *(given[name].cast(PRICE).alias(name) for name in PRICES),
        given["volume"].cast(pl.Int64).alias("volume"),
        given["source_file"].alias("source_file"),
    )
