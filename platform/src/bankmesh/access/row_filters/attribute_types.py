"""Which columns Cedar can hold, and the literals of Cedar's extension types as Python values.

Errors do not quote a literal: a refused reader sees them, and a literal is a part of the row filter.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.contracts.model import ColumnType

DECIMAL_SCALE = 4
# With Cedar's places, the 38 digits that a decimal has.
_DECIMAL_WHOLE_DIGITS = 34
_DECIMAL_MOST = Decimal(2**63 - 1).scaleb(-DECIMAL_SCALE)
_DECIMAL_LEAST = Decimal(-(2**63)).scaleb(-DECIMAL_SCALE)
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]{1,4}", re.ASCII)
_DATETIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<millis>[0-9]{3}))?(?P<zone>Z|[+-][0-9]{4}))?",
    re.ASCII,
)
_DURATION = re.compile(
    r"(?P<sign>-?)(?:(?P<days>[0-9]+)d)?(?:(?P<hours>[0-9]+)h)?(?:(?P<minutes>[0-9]+)m)?"
    r"(?:(?P<seconds>[0-9]+)s)?(?:(?P<milliseconds>[0-9]+)ms)?",
    re.ASCII,
)
_UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")


class AttributeType(StrEnum):
    """Cedar's types of the attributes of a row, as a Cedar schema spells them."""

    STRING = "String"
    LONG = "Long"
    BOOL = "Bool"
    DECIMAL = "decimal"
    DATETIME = "datetime"


_TYPES = {
    "string": AttributeType.STRING,
    "boolean": AttributeType.BOOL,
    "integer": AttributeType.LONG,
    "long": AttributeType.LONG,
    "date": AttributeType.DATETIME,
    "timestamp": AttributeType.DATETIME,
}


def attribute_type(column: ColumnType) -> AttributeType | None:
    """Return Cedar's type of a column's values; None if Cedar cannot hold or order them.

    A date is the datetime of its midnight, UTC. Cedar's decimal is a 64-bit number of ten-thousandths. A column of at
    most 4 places is compared as such a number, also where a value is beyond Cedar's: up to 34 digits before the point,
    because a comparison brings both sides to 4 places. Platform versions keep no minimum or maximum that a double would
    round, so no file with permitted rows is skipped. Cedar has no doubles, and arrays are left out.
    """
    if column.name == "decimal":
        is_exact = column.precision - column.scale <= _DECIMAL_WHOLE_DIGITS and column.scale <= DECIMAL_SCALE
        return AttributeType.DECIMAL if is_exact else None
    return _TYPES.get(column.name)


def parse_decimal(text: str) -> Decimal:
    """Return the value of `decimal("...")`. Raises ValueError if Cedar's decimal cannot hold it."""
    value = Decimal(text) if _DECIMAL.fullmatch(text) else None
    if value is None or not _DECIMAL_LEAST <= value <= _DECIMAL_MOST:
        raise ValueError("a literal is not a decimal of Cedar: 1 to 4 places, and at most ±922337203685477.5807")
    return value


def parse_datetime(text: str) -> datetime:
    """Return the value of `datetime("...")`. Raises ValueError if it is malformed or outside the years 1 to 9999."""
    found = _DATETIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)  # noqa: TRY301  (one message for every malformed literal)
        value = datetime.fromisoformat(f"{found['day']}T{found['time'] or '00:00:00'}+00:00")
        millis = timedelta(milliseconds=int(found["millis"] or 0))
        return value + millis - _zone_offset(found["zone"] or "Z")
    except (ValueError, OverflowError):
        raise ValueError("a literal is not a moment of the years 1 to 9999 as Cedar spells them") from None


def parse_duration(text: str) -> timedelta:
    """Return the value of `duration("...")`. Raises ValueError if it is malformed or longer than 9,999 years."""
    found = _DURATION.fullmatch(text)
    parts = {
        name: int(value) for name, value in (found.groupdict() if found else {}).items() if name != "sign" and value
    }
    try:
        if found is None or not parts:
            raise ValueError(text)  # noqa: TRY301
        return timedelta(**parts) * (-1 if found["sign"] else 1)
    except (ValueError, OverflowError):
        raise ValueError("a literal is not a duration as Cedar spells them") from None


def shift_datetime(moment: datetime, by: timedelta) -> datetime:
    """Return a moment moved by a duration. Raises ValueError if it is outside the years 1 to 9999."""
    try:
        return moment + by
    except OverflowError:
        raise ValueError("a datetime moved by `offset` is outside the years 1 to 9999") from None


def _zone_offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:5])
    if hours > 23 or minutes > 59:  # noqa: PLR2004
        raise ValueError(zone)
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
