"""Durations of service levels: a value with a unit of the standard, converted to seconds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bankmesh.contracts.exact_numbers import is_number, spell_number

if TYPE_CHECKING:
    from bankmesh.yaml.documents import Value

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

# A month is 30 days and a year 365, as in banks' retention rules; the exact length would depend on a date.
_UNITS = {
    "s sec second seconds": 1,
    "m min minute minutes": _MINUTE,
    "h hr hour hours": _HOUR,
    "d day days": _DAY,
    "w wk week weeks": 7 * _DAY,
    "mo month months": 30 * _DAY,
    "y yr year years": 365 * _DAY,
}
UNITS: dict[str, int] = {name: seconds for names, seconds in _UNITS.items() for name in names.split()}
LONGEST = 1_000 * 365 * _DAY  # a thousand years; more is a mistake and would overflow a timedelta


def seconds(value: Value, unit: str | None) -> float:
    """Return `value` times `unit` in seconds. Raises ValueError with what is allowed."""
    if unit not in UNITS:
        given = f"unit {unit}" if unit else "no unit"
        raise ValueError(f"{given}; allowed: {', '.join(UNITS)}")
    if not (is_number(value) and 0 < value < math.inf):
        shown = spell_number(value) if is_number(value) else repr(value)
        raise ValueError(f"value {shown} is not a positive number")
    if value > LONGEST / UNITS[unit]:
        raise ValueError(f"{spell_number(value)} {unit} is longer than a thousand years")
    return float(float(value) * UNITS[unit])
