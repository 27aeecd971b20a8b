"""Estimates with confidence intervals: the area under the ROC curve, and shares."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

LEVEL = 0.95
"""Confidence level of every interval in this module."""

_FEWEST = 2
"""Minimum number of values for a variance."""


class Estimate(NamedTuple):
    """A figure with the bounds of its 95 % interval; None where it has none."""

    value: float
    lower: float | None = None
    upper: float | None = None


def auc(outcomes: Sequence[bool], scores: Sequence[float]) -> Estimate | None:
    """Return the area under the ROC curve: how often a positive scores above a negative; a tie counts half.

    Variance by DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845, computed from mid-ranks as Sun and
    Xu (2014), IEEE Signal Processing Letters 21, 1389-1393. The interval is symmetric on the logit scale, so that
    it stays inside 0 and 1: Pepe (2003), The Statistical Evaluation of Medical Tests, section 5.2.

    None without a positive and a negative. No interval if one side has a single case, or if the variance is
    zero, as in a perfect separation.
    """
    import numpy as np

    positive = np.asarray(outcomes, dtype=bool)
    values = np.asarray(scores, dtype=float)
    above, below = values[positive], values[~positive]
    if not (len(above) and len(below)):
        return None
    ranks = _midranks(values)
    of_positives = (ranks[positive] - _midranks(above)) / len(below)
    of_negatives = 1 - (ranks[~positive] - _midranks(below)) / len(above)
    area = float(of_positives.mean())
    if min(len(above), len(below)) < _FEWEST:
        return Estimate(area)
    variance = float(of_positives.var(ddof=1) / len(above) + of_negatives.var(ddof=1) / len(below))
    return _on_logit_scale(area, math.sqrt(variance))


def share(successes: int, trials: int) -> Estimate | None:
    """Return `successes` of `trials` with Wilson's score interval (1927), JASA 22, 209-212; None without a trial."""
    if not trials:
        return None
    z = _quantile()
    observed = successes / trials
    spread = z * z / trials
    centre = (observed + spread / 2) / (1 + spread)
    half = z * math.sqrt(observed * (1 - observed) / trials + spread / (4 * trials)) / (1 + spread)
    return Estimate(observed, max(0.0, centre - half), min(1.0, centre + half))


def _on_logit_scale(value: float, deviation: float) -> Estimate:
    product = value * (1 - value)
    if deviation == 0 or product == 0:
        return Estimate(value)
    logit, half = math.log(value / (1 - value)), _quantile() * deviation / product
    return Estimate(value, _logistic(logit - half), _logistic(logit + half))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _quantile() -> float:
    return NormalDist().inv_cdf((1 + LEVEL) / 2)


def _midranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 1; equal values get the mean of their ranks."""
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
