"""Strict validation of the cron expressions in contracts: five fields.

Only syntax that every scheduler reads alike is accepted: numbers, names of months and weekdays, lists, rising ranges
and steps. Shorthands (`@daily`) and extensions (`L`, `#`, `?`, seconds) are refused, because schedulers differ on them.
So are two forms that Dagster runs at other times than cron: a range of one value (`6-6`), which Dagster takes for all
values of the field, and a step or list with `*` in one day field while the other one is restricted (`0 6 */2 * mon`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CronField:
    """A field of an expression: its name, lowest and highest value, and names of values."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    CronField("minute", 0, 59),
    CronField("hour", 0, 23),
    CronField("day of month", 1, 31),
    CronField("month", 1, 12, _MONTHS),
    CronField("day of week", 0, 7, _WEEKDAYS),
)
_DAY, _MONTH, _WEEKDAY = 2, 3, 4
_SHORT_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def check_cron(text: str) -> None:
    """Raise ValueError, naming the wrong field and what is allowed, unless `text` is a cron expression."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        fields = ", ".join(field.name for field in FIELDS)
        raise ValueError(f"{text!r} has {len(parts)} fields; a cron expression has five: {fields}")
    values = [field_values(part, field) for part, field in zip(parts, FIELDS, strict=True)]
    days = (parts[_DAY], parts[_WEEKDAY])
    if "*" not in days and "*" in "".join(days):
        # cron and Dagster differ on whether a day must then satisfy both fields or either.
        raise ValueError(
            f"{text!r} restricts day of month and day of week, one of them with *, and schedulers differ on the days"
            " it means; write * alone for one of the two, or both without it, such as 1-31/2"
        )
    if not _some_day_exists(values[_DAY], values[_MONTH]):
        # With a weekday such a day has no effect, but Dagster refuses the expression all the same.
        never = ", so it would never run" if parts[_WEEKDAY] == "*" else ""
        raise ValueError(f"{text!r} names a day that none of its months has{never}")


def field_values(text: str, field: CronField) -> set[int]:
    """Return the values of a field: of its list, ranges and steps. Raises ValueError."""
    found: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        width = _step(step, field, text) if slash else 1
        first, last = _span(span, field, text)
        if slash and first == last and span != "*":
            raise ValueError(f"{field.name} {text!r}: a step needs a range, such as {field.first}-{field.last}/{step}")
        found.update(range(first, last + 1, width))
    return found


def _span(text: str, field: CronField, whole: str) -> tuple[int, int]:
    if text == "*":
        return field.first, field.last
    low, dash, high = text.partition("-")
    first = _number(low, field, whole)
    last = _number(high, field, whole) if dash else first
    if dash and last == first:
        raise ValueError(f"{field.name} {whole!r}: the range {text} has one value; write {low}")
    if last < first:
        raise ValueError(f"{field.name} {whole!r}: the range {text} does not rise from low to high")
    return first, last


def _number(text: str, field: CronField, whole: str) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.first
    if text.isascii() and text.isdigit() and field.first <= int(text) <= field.last:
        return int(text)
    named = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise ValueError(f"{field.name} {whole!r}: {text!r} is not allowed; {field.first} to {field.last}{named}")


def _step(text: str, field: CronField, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= field.last):
        raise ValueError(f"{field.name} {whole!r}: the step {text!r} is not a number from 1 to {field.last}")
    return int(text)


def _some_day_exists(days: set[int], months: set[int]) -> bool:
    return any(min(days) <= _SHORT_MONTHS.get(month, 31) for month in months)
