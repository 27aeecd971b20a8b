"""Days on which markets are open: New York for shares, yields and volatility, TARGET for exchange rates.

Days are numpy dates. The rules are those in force from 2004 to 2018.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Days = npt.NDArray[np.datetime64]
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
FIRST_PRICE_DAY: Final = "2013-02-08"
LAST_PRICE_DAY: Final = "2018-02-07"


def new_york_days(first: str, last: str) -> Days:
    """Return the trading days from `first` to `last`, both ISO dates and included."""
    return _open_days(first, last, new_york_holidays)


def target_days(first: str, last: str) -> Days:
    """Return the days on which the euro's payment system is open."""
    return _open_days(first, last, target_holidays)


def weekdays(first: str, last: str) -> Days:
    """Return Monday to Friday, holidays included."""
    return _open_days(first, last, lambda _: ())


def _open_days(first: str, last: str, holidays: Callable[[int], Iterable[date]]) -> Days:
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    closed = np.array(
        [day for year in range(int(first[:4]), int(last[:4]) + 1) for day in holidays(year)],
        dtype="datetime64[D]",
    )
    open_days: Days = days[np.is_busday(days, holidays=closed)]
    return open_days


def month_ends(days: Days) -> Days:
    """Return the last of `days` in each month; that of the last month only if the month is over by then."""
    months = days.astype("datetime64[M]")
    last = np.append(months[1:] != months[:-1], [False])
    ends: Days = days[last]
    return ends


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the anonymous algorithm, Nature 1876)."""
    century, in_century = divmod(year, 100)
    golden = year % 19
    leap, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - correction + 15) % 30
    short_leap, short_rest = divmod(in_century, 4)
    weekday = (32 + 2 * rest + 2 * short_leap - epact - short_rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def new_york_holidays(year: int) -> tuple[date, ...]:
    """Return the nine full holidays of the New York exchanges."""
    return (
        _observed(date(year, 1, 1)),
        _nth(year, 1, MONDAY, 3),
        _nth(year, 2, MONDAY, 3),
        easter(year) - timedelta(days=2),
        _nth(year, 6, MONDAY, 1) - timedelta(days=7),  # the last Monday of May
        _observed(date(year, 7, 4)),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 11, THURSDAY, 4),
        _observed(date(year, 12, 25)),
    )


def target_holidays(year: int) -> tuple[date, ...]:
    """Return the six holidays of TARGET."""
    sunday = easter(year)
    around_easter = (sunday - timedelta(days=2), sunday + timedelta(days=1))
    return (date(year, 1, 1), *around_easter, date(year, 5, 1), date(year, 12, 25), date(year, 12, 26))


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _observed(day: date) -> date:
    """Move a Sunday to the Monday after; a Saturday to the Friday before, but not into the year before."""
    if day.weekday() == SUNDAY:
        return day + timedelta(days=1)
    if day.weekday() == SATURDAY and (day.month, day.day) != (1, 1):
        return day - timedelta(days=1)
    return day
