"""Calibration of scores: of a hundred cases scored 0.2, about twenty should have the outcome."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_EDGE = 1e-9
"""Scores are kept this far from 0 and 1, where a logit is undefined."""


class Bin(NamedTuple):
    """A part of the cases, by score: their number, their mean score, and the number with the outcome."""

    cases: int
    mean_score: float
    positives: int


def brier(outcomes: Sequence[bool], scores: Sequence[float]) -> float:
    """Return the mean squared difference of score and outcome, 0 to 1, smaller is better: Brier (1950)."""
    return sum((score - outcome) ** 2 for outcome, score in zip(outcomes, scores, strict=True)) / len(scores)


def bins(outcomes: Sequence[bool], scores: Sequence[float], count: int) -> list[Bin]:
    """Return at most `count` bins of about equal size, from the lowest scores to the highest."""
    ordered = sorted(zip(scores, outcomes, strict=True))
    edges = [round(len(ordered) * n / count) for n in range(count + 1)]
    parts = [ordered[low:high] for low, high in pairwise(edges) if high > low]
    return [Bin(len(part), sum(s for s, _ in part) / len(part), sum(o for _, o in part)) for part in parts]


def expected_error(outcomes: Sequence[bool], scores: Sequence[float], count: int = 10) -> float:
    """Return the mean over `bins` of the distance between mean score and observed share: Naeini et al. (2015)."""
    found = bins(outcomes, scores, count)
    return sum(abs(part.mean_score * part.cases - part.positives) for part in found) / len(scores)


def slope_and_intercept(outcomes: Sequence[bool], scores: Sequence[float]) -> tuple[float, float] | None:
    """Return slope and intercept of the outcome on the score's logit; 1 and 0 are perfect: Cox (1958), Biometrika 45.

    By logistic regression. None unless both outcomes occur and scores vary.
    """
    if len(set(outcomes)) < 2 or len(set(scores)) < 2:  # noqa: PLR2004 - one of each kind
        return None
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    held = np.clip(np.asarray(scores, dtype=float), _EDGE, 1 - _EDGE)
    logits = np.log(held / (1 - held)).reshape(-1, 1)
    # Without a penalty, because this is a measurement and not a prediction.
    fitted = LogisticRegression(C=np.inf, max_iter=1000).fit(logits, np.asarray(outcomes, dtype=int))
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
