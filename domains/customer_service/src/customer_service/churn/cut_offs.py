"""Cut-off days of training and evaluation, chosen so that outcomes are known and never leak into the training data."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

WINDOW_MONTHS = 4
"""Number of months before and after a cut-off whose inflow is compared."""

MINIMUM_TENURE_DAYS = 181
"""An account is eligible if it was opened at least this number of days before the cut-off."""

QUARTER_MONTHS = 3
MOST_QUARTERS = 8
"""Two years of training, because the behaviour of customers changes."""


@dataclass(frozen=True)
class CutOffs:
    """The days of a model.

    Attributes:
        test: the latest day whose outcome window is complete; scores are published and evaluated as of it.
        training: the days of the training data, oldest first. Their outcome windows end before `test`.
        current: the last complete day, whose outcome is not known yet.
    """

    test: dt.date
    training: tuple[dt.date, ...]
    current: dt.date


def cut_offs(first_booking: dt.date, complete_through: dt.date) -> CutOffs:
    """Return the days for a history of bookings that begins on one day and is complete through another.

    Training takes the latest day whose outcome window ends before the test cut-off, and the ends of quarters before
    it: at most eight, and only days on which some account can be old enough to be eligible.
    """
    test = latest_judgeable(complete_through)
    latest = latest_judgeable(test - dt.timedelta(days=1))
    earliest = first_booking + dt.timedelta(days=MINIMUM_TENURE_DAYS)
    quarters = [day for day in quarter_ends_before(latest, MOST_QUARTERS) if day >= earliest]
    return CutOffs(test, (*quarters, *([latest] if latest >= earliest else [])), complete_through)


def latest_judgeable(known_through: dt.date) -> dt.date:
    """Return the latest day whose outcome window ends on `known_through` or before."""
    day = months_from(known_through, -WINDOW_MONTHS)
    # Ends of months of different lengths have windows that end on the same day.
    while months_from(day + dt.timedelta(days=1), WINDOW_MONTHS) <= known_through:
        day += dt.timedelta(days=1)
    return day


def quarter_ends_before(day: dt.date, count: int) -> list[dt.date]:
    """Return the last days of the `count` calendar quarters that end before `day`, oldest first."""
    first_month = (day.month - 1) // QUARTER_MONTHS * QUARTER_MONTHS + 1
    start = dt.date(day.year, first_month, 1)
    starts = [months_from(start, -QUARTER_MONTHS * n) for n in reversed(range(count))]
    return [start - dt.timedelta(days=1) for start in starts]


def months_from(day: dt.date, months: int) -> dt.date:
    """Return the same day of another month, or its last day if it is shorter, like Polars' `offset_by`."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
