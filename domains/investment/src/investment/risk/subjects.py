"""Rows of the product, for each kind of subject, from a history window."""

import numpy as np
import polars as pl

from investment.risk.backtest import WINDOW, proportion_of_failures, windows_before
from investment.risk.descriptive import volatility
from investment.risk.history import History
from investment.risk.measures import (
    DESCRIPTIVE,
    LOSSES,
    TEN_DAYS,
    Measures,
    descriptive_measures,
    frame_of,
    one_day_losses,
    ten_day_losses,
)
from investment.risk.value_at_risk import CONFIDENCES, Floats, compounded

FEWEST_RETURNS = 60
"""Minimum number of one-day returns for any measure of an instrument: a quarter of trading days."""

FEWEST_SCENARIOS = 250
"""Minimum number of one-day returns for a value at risk: a year, the minimum of the Basel Committee."""

LEAST_COVERAGE = 0.5
"""Minimum share of a portfolio's long-share value that price moves must cover."""

PORTFOLIOS_AT_ONCE = 500
"""Portfolios per batch, to bound memory: their scenarios over five years are five megabytes per array."""

EQUAL_WEIGHTED = "EQUAL_WEIGHTED"

PORTFOLIO = ["portfolio_id", "reporting_date"]


def instrument_rows(history: History) -> pl.DataFrame:
    """Return one row for each share, as of the window's last day. Value at risk needs a complete history."""
    known = (~np.isnan(history.returns)).sum(axis=0)
    flagged = (history.flagged & ~np.isnan(history.returns)).sum(axis=0)
    calm = np.where(history.flagged, np.nan, history.returns)
    described = frame_of(
        descriptive_measures(history.returns, history.market) | {"volatility_without_jumps": volatility(calm)}
    )
    losses = _losses_of_complete(history)
    said = pl.col("returns") >= FEWEST_RETURNS
    return (
        pl.DataFrame({"subject_id": history.instruments, "returns": known, "flagged_returns": flagged})
        .hstack(described)
        .join(losses, on="subject_id", how="left")
        .with_columns(
            pl.when(~said)
            .then(pl.lit("SHORT_HISTORY"))
            .when(pl.col("var_1d_95").is_null() & (len(history.days) >= FEWEST_SCENARIOS))
            .then(pl.lit("INCOMPLETE_HISTORY"))
            .when(pl.col("var_1d_95").is_null())
            .then(pl.lit("SHORT_HISTORY"))
            .alias("reason"),
            *(pl.when(said).then(pl.col(name)).alias(name) for name in described.columns),
            subject_kind=pl.lit("INSTRUMENT"),
            as_of=pl.lit(history.days[-1]),
            **_window(history),
        )
    )


def _losses_of_complete(history: History) -> pl.DataFrame:
    names = [name for name, whole in zip(history.instruments, history.complete, strict=True) if whole]
    if len(history.days) < FEWEST_SCENARIOS or not names:
        return pl.DataFrame(schema={"subject_id": pl.String} | dict.fromkeys(LOSSES, pl.Float64))
    returns = history.returns[:, history.complete]
    measures = one_day_losses(returns) | ten_day_losses(returns, compounded(returns, TEN_DAYS))
    return pl.DataFrame({"subject_id": names}).hstack(frame_of(measures))


def portfolio_rows(history: History, coverage: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each portfolio and reporting date, measured or with the reason why not.

    `coverage` and `weights` are those of `features`. All reporting dates use the same window.
    """
    reason = (
        pl.when(pl.col("share_positions") == 0)
        .then(pl.lit("NO_SHARES"))
        .when(pl.col("long_share_value").is_null() & (pl.col("refused_positions") > 0))
        .then(pl.lit("VALUE_REFUSED"))
        .when(pl.col("long_share_value").is_null())
        .then(pl.lit("NO_VALUE"))
        .when(pl.col("coverage") < LEAST_COVERAGE)
        .then(pl.lit("COVERAGE_BELOW_HALF"))
        .when(pl.lit(len(history.days) < FEWEST_SCENARIOS))
        .then(pl.lit("SHORT_HISTORY"))
        .alias("reason")
    )
    rows = coverage.with_columns(reason)
    measured = _measured(history, rows.filter(pl.col("reason").is_null()).select(PORTFOLIO), weights)
    return rows.join(measured, on=PORTFOLIO, how="left").select(
        pl.lit("PORTFOLIO").alias("subject_kind"),
        pl.col("portfolio_id").alias("subject_id"),
        pl.col("reporting_date").alias("as_of"),
        pl.col("portfolio_name").alias("subject_name"),
        "long_share_value",
        "coverage",
        "reason",
        *DESCRIPTIVE,
        *LOSSES,
        pl.lit(len(history.days)).alias("returns"),
        **_window(history),
    )


def _measured(history: History, portfolios: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    returns = history.returns[:, history.complete]
    over_ten_days = compounded(returns, TEN_DAYS) if len(history.days) >= FEWEST_SCENARIOS else returns
    names = [name for name, whole in zip(history.instruments, history.complete, strict=True) if whole]
    columns = pl.DataFrame({"instrument_id": names}).with_row_index("column")
    found = [pl.DataFrame(schema=portfolios.schema | dict.fromkeys((*DESCRIPTIVE, *LOSSES), pl.Float64))]
    for some in portfolios.iter_slices(PORTFOLIOS_AT_ONCE):
        held = weights.join(some.with_row_index("row"), on=PORTFOLIO).join(columns, on="instrument_id")
        matrix = np.zeros((len(names), some.height))
        matrix[held["column"].to_numpy(), held["row"].to_numpy()] = held["weight"].to_numpy()
        daily = returns @ matrix
        measures = descriptive_measures(daily, history.market) | one_day_losses(daily)
        measures |= ten_day_losses(daily, over_ten_days @ matrix)
        found.append(some.hstack(frame_of(measures)))
    return pl.concat(found, how="diagonal")


def backtest_rows(history: History) -> pl.DataFrame:
    """Return one row for each day with 500 returns before it: forecast and outcome of the equal-weighted universe."""
    forecasts = _forecasts(history)
    days = history.days[WINDOW:]
    if not forecasts:
        return pl.DataFrame()
    rolling = windows_before(history.market)
    return frame_of(
        forecasts | {"volatility": volatility(rolling), "realised_return": history.market[WINDOW:]}
    ).with_columns(
        pl.Series("as_of", days),
        pl.Series("window_start", history.days[: len(days)]),
        pl.Series("window_end", history.days[WINDOW - 1 : -1]),
        subject_kind=pl.lit("BACKTEST"),
        subject_id=pl.lit(EQUAL_WEIGHTED),
        returns=pl.lit(WINDOW),
    )


def method_rows(history: History) -> pl.DataFrame:
    """Return one row for each method and confidence: Kupiec's test over all days of `backtest_rows`."""
    forecasts = _forecasts(history)
    if not forecasts:
        return pl.DataFrame()
    realised = history.market[WINDOW:]
    rows = []
    for method, prefix in (("HISTORICAL", ""), ("PARAMETRIC", "parametric_")):
        for confidence in CONFIDENCES:
            test = proportion_of_failures(realised, forecasts[f"{prefix}var_1d_{confidence}"], confidence)
            rows.append(
                {
                    "subject_kind": "METHOD",
                    "subject_id": f"{method}_{confidence}",
                    "as_of": history.days[-1],
                    "window_start": history.days[WINDOW],
                    "window_end": history.days[-1],
                    "returns": test.forecasts,
                    "exceptions": test.exceptions,
                    "expected_exceptions": round(test.expected, 10),
                    "kupiec_statistic": round(test.statistic, 10),
                    "kupiec_p_value": round(test.p_value, 10),
                }
            )
    return pl.DataFrame(rows)


def _forecasts(history: History) -> Measures:
    """Return one-day loss forecasts for each day after the first 500; none without a market or 501 days."""
    market: Floats = history.market
    if len(market) <= WINDOW or np.isnan(market).any():
        return {}
    return one_day_losses(windows_before(market))


def _window(history: History) -> dict[str, pl.Expr]:
    return {"window_start": pl.lit(history.days[0]), "window_end": pl.lit(history.days[-1])}
