"""The rows of customer_churn_propensity: each party's scores, or the reason why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from customer_service.churn.model import MODEL

if TYPE_CHECKING:
    from customer_service.churn.experiment import Experiment
    from customer_service.churn.model import ChurnModel

NO_MODEL = "HISTORY_TOO_SHORT"
"""The reason of all otherwise eligible parties if there is too little history for training."""


_JUDGED = {"cut_off": pl.Date, "eligible": pl.Boolean, "reason": pl.String, "score": pl.Float64}
SCHEMA = {
    "party_id": pl.Int64,
    **_JUDGED,
    **{f"current_{name}": kind for name, kind in _JUDGED.items()},
    "model_name": pl.String,
    "model_version": pl.String,
}


def scores(experiment: Experiment, model: ChurnModel | None) -> pl.DataFrame:
    """Return one row per party, scored at the test cut-off and, in columns `current_…`, on the last complete day."""
    judged = _scored(experiment.test, model)
    today = _scored(experiment.current, model)
    renamed = today.rename({name: f"current_{name}" for name in _JUDGED})
    return (
        judged.join(renamed, on="party_id", how="left", validate="1:1")
        .with_columns(
            pl.lit(MODEL if model else None, pl.String).alias("model_name"),
            pl.lit(model.version if model else None, pl.String).alias("model_version"),
        )
        .sort("party_id")
    )


def _scored(features: pl.DataFrame, model: ChurnModel | None) -> pl.DataFrame:
    ordered = features.sort("party_id")
    eligible = ordered["eligible"]
    found = pl.Series("score", model.score(ordered.filter(eligible)) if model else [], dtype=pl.Float64)
    chosen = ordered.filter(eligible).select("party_id").head(len(found)).with_columns(found)
    why = pl.when("eligible").then(pl.lit(None if model else NO_MODEL)).otherwise("reason").alias("reason")
    return (
        ordered.select("party_id", "cut_off", "eligible", "reason")
        .with_columns(why, pl.col("eligible") & (model is not None))
        .join(chosen, on="party_id", how="left", validate="1:1")
    )
