"""Cron expressions in words: `Every day at 06:00 and 18:00`. What has no short words is quoted as it is written."""

from __future__ import annotations

import re

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MOST_TIMES = 6
_FIELDS = 5
_STEP = re.compile(r"\*/(\d+)")


def describe_times(cron: str) -> str:
    """Return the times of an expression of five fields, without a time zone."""
    fields = cron.lower().split()
    if len(fields) != _FIELDS:
        return f"At the times of cron `{cron}` in"
    minute, hour, day, month, weekday = fields
    times, days = _times(minute, hour), _days(day, month, weekday)
    return f"{days} {times}" if times and days else f"At the times of cron `{cron}` in"


def _times(minute: str, hour: str) -> str | None:
    minutes = _numbers(minute)
    if hour == "*":
        if minutes is not None and len(minutes) == 1:
            return f"at minute {minutes[0]} of every hour"
        step = _STEP.fullmatch(minute)
        return f"every {step[1]} minutes" if step else None
    hours = _numbers(hour)
    if minutes is None or hours is None or len(minutes) * len(hours) > _MOST_TIMES:
        return None
    return f"at {_listed([f'{h:02}:{m:02}' for h in hours for m in minutes])}"


def _days(day: str, month: str, weekday: str) -> str | None:
    months = _names(month, _MONTHS, first=1)
    within = "" if month == "*" else f" in {months}"
    if months is None and month != "*":
        return None
    if day == "*" and weekday == "*":
        return f"Every day{within}"
    if day == "*":
        names = _names(weekday, _DAYS, first=0)
        return f"Every {names}{within}" if names else None
    days = _numbers(day)
    if weekday != "*" or days is None:
        return None
    number = f"{'day' if len(days) == 1 else 'days'} {_listed([str(n) for n in days])}"
    return f"On {number} of {'every month' if month == '*' else months}"


def _names(field: str, names: tuple[str, ...], first: int) -> str | None:
    """Return the names of a list or a range of numbers or abbreviations; None for other forms."""

    def name_of(text: str) -> str | None:
        if text.isascii() and text.isdigit():
            number = int(text) - first
            return names[number % len(names)] if 0 <= number <= len(names) else None
        return next((name for name in names if name[:3].lower() == text), None)

    start, dash, end = field.partition("-")
    if dash:
        ends = name_of(start), name_of(end)
        return f"{ends[0]} to {ends[1]}" if all(ends) else None
    found = [name_of(part) for part in field.split(",")]
    return _listed([name for name in found if name]) if all(found) else None


def _numbers(field: str) -> list[int] | None:
    parts = field.split(",")
    return [int(part) for part in parts] if all(part.isascii() and part.isdigit() for part in parts) else None


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
