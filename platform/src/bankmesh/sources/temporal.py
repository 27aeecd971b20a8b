"""Moments and days, once they are read: to UTC, and after Christ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def to_utc(moment: pl.Expr, zone: str) -> pl.Expr:
    """Hours that a clock change skips or repeats have no single moment, and become faults."""
    utc = moment.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return utc if zone == "UTC" else utc.dt.convert_time_zone("UTC")


def after_christ(value: pl.Expr) -> pl.Expr:
    """The year 0 is Polars' only: no other engine of the platform can read it."""
    import polars as pl

    return pl.when(value.dt.year() >= 1).then(value)
