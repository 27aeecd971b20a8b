"""Volatility, drawdown and beta of series of one-day returns; columns are subjects, NaN is a day without a return.

Sources: Z. Bodie, A. Kane and A. J. Marcus, *Investments* (10th ed. 2014), chapters 5 and 8; M. Magdon-Ismail and
A. Atiya, "Maximum drawdown", *Risk* 17 (2004).
"""

from math import sqrt

import numpy as np
import numpy.typing as npt

from investment.risk.value_at_risk import Floats

TRADING_DAYS = 252
"""Trading days of a year in an annualised volatility."""


def volatility(returns: Floats) -> Floats:
    """Return the standard deviation of known returns (divisor n - 1) times the root of 252; NaN below two."""
    known = ~np.isnan(returns)
    count = known.sum(axis=0)
    mean = _mean(returns, known)
    squares = np.where(known, returns - mean, 0.0) ** 2
    deviation: Floats = np.sqrt(_quotient(squares.sum(axis=0), count - 1))
    return deviation * sqrt(TRADING_DAYS)


def max_drawdown(returns: Floats) -> Floats:
    """Return the largest fall from a peak to a later low, as a share of the peak, 0 to 1; the start counts as a peak.

    A day without a return does not change the value.
    """
    wealth = np.cumprod(1.0 + np.nan_to_num(returns, nan=0.0), axis=0)
    peak = np.maximum(np.maximum.accumulate(wealth, axis=0), 1.0)
    fall: Floats = (1.0 - wealth / peak).max(axis=0, initial=0.0)
    return fall


def beta(returns: Floats, market: Floats) -> Floats:
    """Return covariance with the market divided by its variance, on days on which both are known; NaN without any."""
    known = ~np.isnan(returns) & ~np.isnan(market)[:, None]
    beside = np.broadcast_to(market[:, None], returns.shape)
    away = np.where(known, returns - _mean(returns, known), 0.0)
    market_away = np.where(known, beside - _mean(beside, known), 0.0)
    variance = (market_away**2).sum(axis=0)
    return _quotient((away * market_away).sum(axis=0), variance)


def _mean(values: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    count = known.sum(axis=0)
    return _quotient(np.where(known, values, 0.0).sum(axis=0), count)


def _quotient(part: Floats, whole: npt.NDArray[np.float64 | np.int64]) -> Floats:
    """Divide; NaN where the divisor is not positive."""
    out: Floats = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out
