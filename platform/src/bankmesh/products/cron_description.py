"""Cron expressions in words: `Every day at 06:00 and 18:00`. What has no short words is quoted as it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.cron_expressions import FIELDS, field_values

if TYPE_CHECKING:
    from collections.abc import Sequence

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_YEAR = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MOST_LISTED = 6
_SHORTEST_RANGE = 3
_HOURS, _MINUTES = 24, 60


def describe_times(cron: str) -> str:
    """Return the times of an expression of five fields, without a time zone."""
    parts = cron.split()
    quoted = f"At the times of cron `{cron}` in"
    if len(parts) != len(FIELDS):
        return quoted
    try:
        values = [sorted(field_values(part, field)) for part, field in zip(parts, FIELDS, strict=True)]
    except ValueError:
        return quoted
    minutes, hours, days, months, weekdays = values
    times = _times(minutes, hours)
    days_of = _days(days, months, sorted({(day - 1) % len(_WEEK) for day in weekdays}))
    return f"{days_of} {times}" if times and days_of else quoted


def _times(minutes: Sequence[int], hours: Sequence[int]) -> str | None:
    if len(hours) == _HOURS:
        if len(minutes) == 1:
            return f"at minute {minutes[0]} of every hour"
        return _intervals(minutes)
    if len(minutes) * len(hours) > _MOST_LISTED:
        return None
    return f"at {_listed([f'{hour:02}:{minute:02}' for hour in hours for minute in minutes])}"


def _intervals(minutes: Sequence[int]) -> str | None:
    step = minutes[1]
    if _MINUTES % step or list(minutes) != list(range(0, _MINUTES, step)):
        return None
    return f"every {step} minutes" if step > 1 else "every minute"


def _days(days: Sequence[int], months: Sequence[int], weekdays: Sequence[int]) -> str | None:
    """Return the days; `weekdays` count from Monday, 0. None if both kinds of days are restricted, or too many."""
    named = None if len(months) == len(_YEAR) else _named([_YEAR[month - 1] for month in months], months)
    every_day, every_weekday = len(days) == FIELDS[2].last, len(weekdays) == len(_WEEK)
    if every_day:
        of_week = "day" if every_weekday else _named([_WEEK[day] for day in weekdays], weekdays)
        return f"Every {of_week}{f' in {named}' if named else ''}"
    if not every_weekday or len(days) > _MOST_LISTED:
        return None
    return f"On {'day' if len(days) == 1 else 'days'} {_listed([str(day) for day in days])} of {named or 'every month'}"


def _named(names: Sequence[str], values: Sequence[int]) -> str:
    """Return the names of rising values: three or more in a row as a range."""
    if len(values) >= _SHORTEST_RANGE and values[-1] - values[0] == len(values) - 1:
        return f"{names[0]} to {names[-1]}"
    return _listed(names)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
