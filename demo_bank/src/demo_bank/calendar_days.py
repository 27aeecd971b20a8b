"""Days as whole numbers since 1993-01-01, and their formats in the legacy systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from demo_bank.draws import IntArray

FIRST_DAY: Final = np.datetime64("1993-01-01", "D")
MONTHS: Final = 72
MONTH_STARTS: Final[IntArray] = (
    (np.datetime64("1993-01", "M") + np.arange(MONTHS + 1)).astype("datetime64[D]") - FIRST_DAY
).astype(np.int64)
LAST_DAY: Final = int(MONTH_STARTS[MONTHS]) - 1
COMPLETE_THROUGH: Final = "1998-12-31"
CRM_SHIFT_YEARS: Final = 20


def parts(days: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return year, month and day of month."""
    dates = FIRST_DAY + days
    months = dates.astype("datetime64[M]")
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    return year, month, day


def yymmdd(days: IntArray) -> IntArray:
    """Return the day as the number YYMMDD."""
    year, month, day = parts(days)
    return (year - 1900) * 10_000 + month * 100 + day


def day_number(year: IntArray, month: IntArray, day: IntArray) -> IntArray:
    """Return the day number of a date given by its parts."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return (months.astype("datetime64[D]") - FIRST_DAY).astype(np.int64) + day - 1


def month_of(days: IntArray) -> IntArray:
    """Return the number of the month, 0 for January 1993."""
    return np.searchsorted(MONTH_STARTS, days, side="right").astype(np.int64) - 1
