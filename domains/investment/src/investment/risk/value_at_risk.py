"""Value at risk and expected shortfall of series of returns.

A series is a column of an array: rows are scenarios, columns are subjects (portfolios, instruments, windows). Losses
are positive shares of value: 0.02 is two percent lost.

Sources: P. Jorion, *Value at Risk* (3rd ed. 2007), chapters 5 and 10; A. J. McNeil, R. Frey and P. Embrechts,
*Quantitative Risk Management* (2nd ed. 2015), section 2.3; C. Acerbi and D. Tasche, "On the coherence of expected
shortfall", *Journal of Banking & Finance* 26 (2002), for the lower quantile.
"""

from math import exp, pi, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CONFIDENCES = (95, 99)
"""Percent."""


def tail_scenarios(scenarios: int, confidence: int) -> int:
    """Return the number of worst scenarios up to the lower quantile: the least k with k / scenarios >= 1 - confidence.

    In whole numbers, since 500 * (1 - 0.95) is a little above 25 in floating point.
    """
    return -(-scenarios * (100 - confidence) // 100)


def historical(returns: Floats, confidence: int) -> tuple[Floats, Floats]:
    """Return value at risk and expected shortfall of each column, from its empirical distribution.

    Value at risk is minus the lower quantile, inf {x : F(x) >= 1 - confidence}; expected shortfall is minus the mean of
    the returns at or beyond it, ties included.
    """
    ordered = np.sort(returns, axis=0)
    quantile = ordered[tail_scenarios(len(ordered), confidence) - 1]
    beyond = ordered <= quantile
    return -quantile, -(np.where(beyond, ordered, 0.0).sum(axis=0) / beyond.sum(axis=0))


def parametric(returns: Floats, confidence: int, days: int = 1) -> tuple[Floats, Floats]:
    """Return value at risk and expected shortfall of columns of one-day returns, assumed normal and independent.

    With mean m and standard deviation s of a day (n - 1 in the denominator), h days and a = 1 - confidence:
    VaR = -(h m + sqrt(h) s q(a)) and ES = -(h m - sqrt(h) s f(q(a)) / a), q and f quantile and density of the normal.
    """
    tail = (100 - confidence) / 100
    quantile = NormalDist().inv_cdf(tail)
    density = exp(-(quantile**2) / 2) / sqrt(2 * pi)
    mean, deviation = days * returns.mean(axis=0), sqrt(days) * returns.std(axis=0, ddof=1)
    return -(mean + deviation * quantile), -(mean - deviation * density / tail)


def compounded(returns: Floats, days: int) -> Floats:
    """Return overlapping returns over `days` days: one for each day from the `days`-th on, for each column."""
    windows = np.lib.stride_tricks.sliding_window_view(1.0 + returns, days, axis=0)
    product: Floats = windows.prod(axis=-1) - 1.0
    return product
