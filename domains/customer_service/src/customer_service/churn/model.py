"""The model that scores inflow attrition: gradient-boosted trees over the features; no model if history is too short.

Single-threaded and seeded, so that two trainings are equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from customer_service.churn.features import FEATURES
from customer_service.judging.versions import version_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MODEL = "inflow-attrition-trees"

# Shallow trees and slow learning, because there are few cases; chosen on the training cut-offs, the last held out.
TREES: dict[str, Any] = {
    "max_depth": 2, "max_iter": 60, "learning_rate": 0.05, "min_samples_leaf": 30, "early_stopping": False,
    "random_state": 0,
}  # fmt: skip

FEWEST_OF_EACH = 10
"""Minimum number of cases with the outcome, and of cases without, for training."""

_PLACES = 6


@dataclass(frozen=True)
class ChurnModel:
    """A trained model.

    Attributes:
        version: a hash of its training rows, its parameters and scikit-learn's release.
        machine: maps a matrix of features to probabilities.
    """

    version: str
    machine: Any

    def score(self, features: pl.DataFrame) -> list[float]:
        """Return the probability of attrition for each row, six places."""
        if features.is_empty():
            return []
        with _one_thread():
            found = self.machine.predict_proba(matrix(features))[:, 1]
        return [round(float(value), _PLACES) for value in found]


def train_churn(cases: pl.DataFrame) -> ChurnModel | None:
    """Train on rows of party_id, cut_off, `FEATURES` and attrition_followed, in any order.

    Returns None with fewer than ten cases of either outcome.
    """
    if not learnable(cases):
        return None
    import sklearn
    from sklearn.ensemble import HistGradientBoostingClassifier

    ordered = cases.sort("cut_off", "party_id")
    values, outcomes = matrix(ordered), ordered["attrition_followed"].to_numpy()
    made_of = json.dumps([list(FEATURES), TREES, sklearn.__version__], sort_keys=True)
    version = version_of([made_of, values.tobytes(), outcomes.tobytes()])
    with _one_thread():
        return ChurnModel(version, HistGradientBoostingClassifier(**TREES).fit(values, outcomes))


def learnable(cases: pl.DataFrame) -> bool:
    """Return whether there are enough cases of either outcome."""
    positives = int(cases["attrition_followed"].sum())
    return min(positives, cases.height - positives) >= FEWEST_OF_EACH


def matrix(features: pl.DataFrame) -> np.ndarray:
    """Return the features as float64, one row per case, in the order of `FEATURES`."""
    return features.select(list(FEATURES)).to_numpy(order="c").astype("float64")


def _one_thread() -> Any:  # noqa: ANN401 - a context manager of a library without types
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
