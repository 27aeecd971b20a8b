"""The value of a cell as text, strictly as its column declares: numbers as Excel shows them, dates of both systems."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

TEXT, NUMBER, DATE, FLAG, ERROR, UNSTORED = (
    "a text", "a number", "a date", "true or false", "an error value", "a formula without a stored result",
)  # fmt: skip
SHOWN_DIGITS = 15
_LAST_SERIAL = 2_958_466
_FALSE_LEAP_DAY = 60
_MILLISECONDS = 86_400_000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Cell:
    """A cell that is not empty: what it holds, and its text as stored (of dates: the ISO text)."""

    kind: str
    text: str

    def __str__(self) -> str:
        """The cell in a reject's raw text."""
        return self.text or f"({self.kind})"


class CellFault(ValueError):
    """A cell is not what its column declares; the text is the reason, without the value."""


def read_cell(cell: Cell, type_name: str, *, has_codes: bool, quoted: bool) -> str:
    """Return the text that a column of a type reads. Raises CellFault."""
    wanted = TEXT
    if type_name in {"long", "integer", "decimal", "double"}:
        wanted = NUMBER
    elif type_name in {"date", "timestamp"}:
        wanted = DATE
    elif type_name == "boolean" and not has_codes:
        wanted = FLAG
    if cell.kind in {ERROR, UNSTORED}:
        raise CellFault(cell.kind)
    if wanted == NUMBER and cell.kind == TEXT and quoted:
        return cell.text
    if cell.kind != wanted:
        raise CellFault(f"{cell.kind}, where {wanted} is declared")
    if wanted == NUMBER:
        return cell.text if type_name == "double" else shown_number(cell.text)
    if wanted == DATE and type_name == "date":
        day, _, time = cell.text.partition("T")
        if time not in {"", "00:00:00.000"}:
            raise CellFault("a time within a day, where a date is declared")
        return day
    return cell.text


def shown_number(text: str) -> str:
    """Return a stored number with the 15 digits that Excel shows: `0.30000000000000004` is 0.3."""
    plain = format(Decimal(f"{float(text):.{SHOWN_DIGITS}g}"), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def is_number(text: str) -> bool:
    """Whether a stored text is a number, and one that a double holds."""
    return _NUMBER.fullmatch(text) is not None and abs(float(text)) < float("inf")


def moment_of(serial: str, *, is_1904: bool) -> str | None:
    """Return the ISO text of a date's serial number, to the millisecond; None if it is no date.

    In the 1900 system day 60 is 29 February 1900, which never was; days before it are one later than they seem.
    """
    number = float(serial)
    if not 0 <= number < _LAST_SERIAL:
        return None
    milliseconds = round(number * _MILLISECONDS)
    days, rest = divmod(milliseconds, _MILLISECONDS)
    if is_1904:
        start = dt.datetime(1904, 1, 1)  # noqa: DTZ001 - a serial number has no zone
    elif days in {0, _FALSE_LEAP_DAY}:
        return None
    else:
        start = dt.datetime(1899, 12, 31 if days < _FALSE_LEAP_DAY else 30)  # noqa: DTZ001
    try:
        return (start + dt.timedelta(days=days, milliseconds=rest)).isoformat(timespec="milliseconds")
    except OverflowError:
        return None
