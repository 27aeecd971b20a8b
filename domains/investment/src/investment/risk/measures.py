"""Measures of series of returns, by the name of their column; one value for each subject."""

import numpy as np
import polars as pl

from investment.risk.descriptive import beta, max_drawdown, volatility
from investment.risk.value_at_risk import CONFIDENCES, Floats, historical, parametric

TEN_DAYS = 10

PLACES = 10
"""Measures are rounded to these places: the last bits of a matrix product depend on the machine's threads."""

Measures = dict[str, Floats]

DESCRIPTIVE = ("volatility", "max_drawdown", "beta")
LOSSES = tuple(
    f"{method}{measure}_{days}d_{confidence}"
    for method in ("", "parametric_")
    for measure in ("var", "es")
    for days in (1, TEN_DAYS)
    for confidence in CONFIDENCES
)


def descriptive_measures(returns: Floats, market: Floats) -> Measures:
    """Return volatility, drawdown and beta of columns of one-day returns, NaN for a day without one."""
    return {"volatility": volatility(returns), "max_drawdown": max_drawdown(returns), "beta": beta(returns, market)}


def one_day_losses(returns: Floats) -> Measures:
    """Return one-day value at risk and expected shortfall of columns of one-day returns."""
    return _losses(returns, returns, 1)


def ten_day_losses(returns: Floats, over_ten_days: Floats) -> Measures:
    """Return ten-day figures: historical from overlapping ten-day returns, parametric from one-day returns."""
    return _losses(returns, over_ten_days, TEN_DAYS)


def _losses(daily: Floats, scenarios: Floats, days: int) -> Measures:
    found: Measures = {}
    for confidence in CONFIDENCES:
        for method, (var, shortfall) in (
            ("", historical(scenarios, confidence)),
            ("parametric_", parametric(daily, confidence, days)),
        ):
            found[f"{method}var_{days}d_{confidence}"] = var
            found[f"{method}es_{days}d_{confidence}"] = shortfall
    return found


def frame_of(measures: Measures) -> pl.DataFrame:
    """Return columns of measures, rounded; NaN becomes null."""
    return pl.DataFrame({name: np.round(values, PLACES) for name, values in measures.items()}).with_columns(
        pl.all().fill_nan(None)
    )
