"""One figure about one model: the rows of the product model_evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from customer_service.judging.intervals import Estimate

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

SCHEMA = {
    "model": pl.String,
    "model_version": pl.String,
    "dataset": pl.String,
    "metric": pl.String,
    "as_of": pl.Date,
    "value": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "cases": pl.Int64,
    "note": pl.String,
}
KEY = ("model", "dataset", "metric")
_PLACES = 6


@dataclass(frozen=True)
class Subject:
    """The subject of an evaluation: a model, its version, the name of the data, and their day if they have one."""

    model: str
    version: str
    dataset: str
    as_of: dt.date | None = None

    def finding(self, metric: str, found: Estimate | float | None, cases: int, note: str) -> dict[str, Any]:
        """Return one row, with six places; a figure that the data do not allow is null."""
        estimate = Estimate(found) if isinstance(found, float | int) else found
        figures = [None if figure is None else round(figure, _PLACES) for figure in estimate or (None, None, None)]
        described = (self.model, self.version, self.dataset, metric, self.as_of, *figures, cases, note)
        return dict(zip(SCHEMA, described, strict=True))


def as_frame(findings: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return the rows in the product's columns, sorted by its key."""
    return pl.DataFrame(list(findings), schema=SCHEMA).sort(KEY)
