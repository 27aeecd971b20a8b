"""Backtest of the method: one-day value at risk of a rolling window against the day after it.

Source: P. H. Kupiec, "Techniques for verifying the accuracy of risk measurement models", *Journal of Derivatives* 3
(1995), pages 73 to 84: the proportion-of-failures test.
"""

from dataclasses import dataclass
from math import erfc, log, sqrt

import numpy as np

from investment.risk.value_at_risk import Floats

WINDOW = 500
"""Number of returns of each forecast: two years of trading days."""


@dataclass(frozen=True)
class Kupiec:
    """The result of the test of a method.

    Attributes:
        forecasts: days tested.
        exceptions: days with a loss greater than the value at risk.
        expected: mean number of exceptions of a correct method.
        statistic: likelihood ratio; chi-squared with one degree of freedom if the method is correct.
        p_value: probability of a statistic as large or larger if the method is correct.
    """

    forecasts: int
    exceptions: int
    expected: float
    statistic: float
    p_value: float


def windows_before(series: Floats, length: int = WINDOW) -> Floats:
    """Return the `length` returns before each day that has as many, as columns, without the day itself.

    Column i holds series[i : i + length] and forecasts series[i + length].
    """
    if len(series) <= length:
        return np.empty((length, 0))
    rolling: Floats = np.lib.stride_tricks.sliding_window_view(series[:-1], length).T
    return rolling


def proportion_of_failures(realised: Floats, value_at_risk: Floats, confidence: int) -> Kupiec:
    """Return Kupiec's test of one-day forecasts of value at risk. A loss equal to the forecast is not an exception.

    LR = -2 ln[(1 - p)^(n - x) p^x] + 2 ln[(1 - x/n)^(n - x) (x/n)^x], with p = 1 - confidence.
    Raises ValueError without a forecast.
    """
    days = len(realised)
    if not days:
        raise ValueError("there is no forecast to test")
    exceptions = int((realised < -value_at_risk).sum())
    rate = (100 - confidence) / 100
    statistic = max(
        0.0, 2 * (_log_likelihood(days, exceptions, exceptions / days) - _log_likelihood(days, exceptions, rate))
    )
    # The survival function of chi-squared with one degree of freedom: P(Z^2 > s) of a standard normal Z.
    return Kupiec(days, exceptions, days * rate, statistic, erfc(sqrt(statistic / 2)))


def _log_likelihood(days: int, exceptions: int, rate: float) -> float:
    """Return the log-likelihood of `exceptions` in `days` independent days of this rate; 0 ln 0 is 0."""
    hits = exceptions * log(rate) if exceptions else 0.0
    misses = (days - exceptions) * log(1 - rate) if days > exceptions else 0.0
    return hits + misses
