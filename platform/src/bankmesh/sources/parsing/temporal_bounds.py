"""Normalisation of parsed dates and timestamps: to UTC, and within the years that every reader supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LAST_YEAR = 9999


def to_utc(moment: pl.Expr, zone: str) -> pl.Expr:
    """Convert local times to UTC; hours that a clock change skips or repeats are ambiguous, and become faults."""
    utc = moment.dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return utc if zone == "UTC" else utc.dt.convert_time_zone("UTC")


def within_calendar(value: pl.Expr) -> pl.Expr:
    """Null values outside the years 1 to 9999, which Python, Delta and all engines of the platform can read."""
    import polars as pl

    return pl.when(value.dt.year().is_between(1, LAST_YEAR)).then(value)
