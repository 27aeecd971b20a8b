"""Inputs of risk as lazy plans: returns of the history window, and the weights of portfolios."""

import polars as pl

from investment.prices.changed_tickers import changed_tickers
from investment.prices.quotes import is_share

WINDOW_RETURNS = 1260
"""Maximum number of one-day returns in the history window: five years of 252 trading days."""


def window_returns(prices: pl.LazyFrame) -> pl.LazyFrame:
    """Return one-day price returns of shares in the history window: the last five years of the share calendar.

    Columns: instrument_id, day, price_return (null where a share has none), flagged (see `touches_a_jump`). The
    window's days are those of the vendor, except the first of the history, which has no day before.
    """
    shares = prices.filter(is_share())
    days = shares.select("day").unique().sort("day").slice(1).tail(WINDOW_RETURNS)
    return (
        shares.select("instrument_id", "day", "price_return", "flags")
        .sort("instrument_id", "day")
        .with_columns(touches_a_jump().alias("flagged"))
        .join(days, on="day", how="semi")
        .select("instrument_id", "day", "price_return", "flagged")
    )


def touches_a_jump() -> pl.Expr:
    """Return whether a flagged jump affects the return; rows must be sorted by instrument and day.

    That is the return of a day flagged JUMP_EXPLAINED, of a day flagged JUMP_REVERTED, and of the day after it, which
    reverts the jump.
    """
    reverted = pl.col("flags").list.contains("JUMP_REVERTED")
    return (
        pl.col("flags").list.contains("JUMP_EXPLAINED")
        | reverted
        | reverted.shift(1, fill_value=False).over("instrument_id")
    )


def complete_instruments(returns: pl.LazyFrame) -> pl.LazyFrame:
    """Return instruments with a return on every day of the window. Column: instrument_id."""
    days = returns.select(pl.col("day").n_unique().alias("days"))
    return (
        returns.group_by("instrument_id")
        .agg(pl.col("price_return").count().alias("known"))
        .join(days, how="cross")
        .filter(pl.col("known") == pl.col("days"))
        .select("instrument_id")
    )


def portfolio_positions(holdings: pl.LazyFrame, returns: pl.LazyFrame) -> pl.LazyFrame:
    """Return long share positions, and the instrument whose price moves represent each.

    Columns: portfolio_id, reporting_date, market_value, instrument_id: null if the instrument has no complete
    history, or if its ticker was another company's in the window.
    """
    covered = complete_instruments(returns)
    window_start = returns.select(pl.col("day").min().alias("window_start"))
    lacks_point = pl.col("instrument_id").str.replace(".", "", literal=True)
    spellings = pl.concat(
        [
            covered.select("instrument_id", pl.col("instrument_id").alias("ticker")),
            # Filings write a class without the dot: BRKB is BRK.B.
            covered.filter(pl.col("instrument_id").str.contains(".", literal=True))
            .select("instrument_id", lacks_point.alias("ticker"))
            .join(returns, left_on="ticker", right_on="instrument_id", how="anti"),
        ]
    )
    became_another = (pl.col("changed_on") > pl.col("window_start")) & (
        pl.col("changed_on") <= pl.col("reporting_date")
    )
    return (
        holdings.filter((pl.col("position_type") == "SHARE") & (pl.col("market_value") > 0))
        .select("portfolio_id", "reporting_date", "ticker", "market_value")
        .join(spellings, on="ticker", how="left")
        .join(changed_tickers(), on="ticker", how="left")
        .join(window_start, how="cross")
        .with_columns(
            pl.when(~became_another.fill_null(value=False)).then(pl.col("instrument_id")).alias("instrument_id")
        )
        .select("portfolio_id", "reporting_date", "market_value", "instrument_id")
    )


def portfolio_weights(positions: pl.LazyFrame) -> pl.LazyFrame:
    """Return weights over the covered instruments; they sum to one for each portfolio and reporting date.

    Columns: portfolio_id, reporting_date, instrument_id, weight.
    """
    portfolio = ["portfolio_id", "reporting_date"]
    return (
        positions.filter(pl.col("instrument_id").is_not_null())
        .group_by(*portfolio, "instrument_id")
        .agg(pl.col("market_value").sum())
        .sort(*portfolio, "instrument_id")
        .select(
            *portfolio,
            "instrument_id",
            _share("market_value", pl.col("market_value").sum().over(portfolio)).alias("weight"),
        )
    )


def portfolio_coverage(holdings: pl.LazyFrame, positions: pl.LazyFrame) -> pl.LazyFrame:
    """Return every portfolio and reporting date with the coverage by price moves.

    Columns: portfolio_id, reporting_date, portfolio_name, share_positions (rows of shares, valued or not),
    refused_positions (those without a value), long_share_value, coverage (share of that value with price
    moves; null without value).
    """
    portfolio = ["portfolio_id", "reporting_date"]
    share = pl.col("position_type") == "SHARE"
    everyone = holdings.group_by(portfolio).agg(
        pl.col("portfolio_name").sort().first(),
        share.sum().alias("share_positions"),
        (share & pl.col("market_value").is_null()).sum().alias("refused_positions"),
    )
    covered = pl.col("market_value").filter(pl.col("instrument_id").is_not_null()).sum()
    valued = positions.group_by(portfolio).agg(
        pl.col("market_value").sum().alias("long_share_value"),
        _share(covered, pl.col("market_value").sum()).alias("coverage"),
    )
    return everyone.join(valued, on=portfolio, how="left").sort(portfolio)


def _share(part: pl.Expr | str, whole: pl.Expr) -> pl.Expr:
    """Return a part of a sum as a double; sums stay decimals, so that they do not depend on the order of additions."""
    part = pl.col(part) if isinstance(part, str) else part
    return part.cast(pl.Float64) / whole.cast(pl.Float64)
