"""Market risk of shares and portfolios, and a backtest of the method.

Lazy plans prepare returns and weights; the rest is a simulation over arrays, which has no plan.
"""

import polars as pl

from investment.risk.features import portfolio_coverage, portfolio_positions, portfolio_weights, window_returns
from investment.risk.history import read_history
from investment.risk.measures import DESCRIPTIVE, LOSSES
from investment.risk.subjects import backtest_rows, instrument_rows, method_rows, portfolio_rows

KEY = ("subject_kind", "subject_id", "as_of")

SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "subject_kind": pl.String,
    "subject_id": pl.String,
    "as_of": pl.Date,
    "subject_name": pl.String,
    "window_start": pl.Date,
    "window_end": pl.Date,
    "returns": pl.Int64,
    "flagged_returns": pl.Int64,
    "long_share_value": pl.Decimal(38, 2),
    "coverage": pl.Float64,
    "reason": pl.String,
    **dict.fromkeys((*DESCRIPTIVE, *LOSSES), pl.Float64),
    "volatility_without_jumps": pl.Float64,
    "realised_return": pl.Float64,
    "exceptions": pl.Int64,
    "expected_exceptions": pl.Float64,
    "kupiec_statistic": pl.Float64,
    "kupiec_p_value": pl.Float64,
}


def market_risk_metrics(prices: pl.LazyFrame, holdings: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per instrument; per portfolio and reporting date; per day of the backtest; per method tested."""
    returns = window_returns(prices)
    positions = portfolio_positions(holdings, returns)
    features = [returns, portfolio_coverage(holdings, positions), portfolio_weights(positions)]
    window, coverage, weights = pl.collect_all(features)
    return measured(window, coverage, weights).lazy()


def measured(window: pl.DataFrame, coverage: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Return the product's rows from the features; none without a day of returns."""
    empty = pl.DataFrame(schema=SCHEMA)
    if window.is_empty():
        return empty
    history = read_history(window)
    rows = [
        instrument_rows(history),
        portfolio_rows(history, coverage, weights),
        backtest_rows(history),
        method_rows(history),
    ]
    named = [part.select(pl.col(name).cast(SCHEMA[name]) for name in part.columns) for part in rows]
    return pl.concat([empty, *named], how="diagonal").sort(KEY)
