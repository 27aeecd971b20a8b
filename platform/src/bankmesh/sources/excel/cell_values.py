"""The value of a cell as text, strictly as its column declares: numbers as Excel shows them, dates of both systems."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.sources.declarations.number_formats import spell_number

if TYPE_CHECKING:
    from bankmesh.sources.declarations.source_declaration import SourceColumn

TEXT, NUMBER, DATE, DURATION, FLAG, ERROR, UNSTORED, UNREADABLE = (
    "a text", "a number", "a date", "a duration", "true or false", "an error value",
    "a formula without a stored result", "a value that is none of its cell's type",
)  # fmt: skip
SHOWN_DIGITS = 15
NOISE = 2
"""How many of the smallest steps of a double the results of formulas may be off."""

_SPARE_STEPS = 16
_LONGEST_EXPONENT = 4
_LAST_SERIAL = 2_958_466
_FALSE_LEAP_DAY = 60
_MILLISECONDS = 86_400_000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_EXPONENT = re.compile(r"[eE][+-]?0*([0-9]*)")


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


def read_cell(cell: Cell, column: SourceColumn, *, quoted: bool) -> str:
    """Return the text that a column reads. Raises CellFault."""
    type_name = column.type.name
    wanted = TEXT
    if type_name in {"long", "integer", "decimal", "double"}:
        wanted = NUMBER
    elif type_name in {"date", "timestamp"}:
        wanted = DATE
    elif type_name == "boolean" and column.codes is None:
        wanted = FLAG
    if cell.kind in {ERROR, UNSTORED, UNREADABLE}:
        raise CellFault(cell.kind)
    if cell.kind == TEXT and (cell.text in column.missing or (wanted == NUMBER and quoted)):
        return cell.text
    if cell.kind != wanted:
        raise CellFault(f"{cell.kind}, where {wanted} is declared")
    if wanted == NUMBER:
        plain = cell.text if type_name == "double" else exact_number(cell.text, column.type.scale or 0)
        return spell_number(plain, column.numbers)
    if wanted == DATE and type_name == "date":
        day, _, time = cell.text.partition("T")
        if time not in {"", "00:00:00.000"}:
            raise CellFault("a time within a day, where a date is declared")
        return day
    return cell.text


def exact_number(text: str, scale: int) -> str:
    """Return a stored number in plain spelling, for a column of `scale` places. Raises CellFault.

    Up to 15 digits are exact. With more, a number of at most `scale` places is exact if a double distinguishes numbers
    of its size and places. Any other is the noise of a double (`0.30000000000000004`) if the 15 digits that Excel shows
    are at most two steps of a double off, and such steps are far smaller than the last of the declared places.
    """
    number, double = Decimal(text), float(text)
    plain = _plain(number)
    digits = plain.replace(".", "").lstrip("+-0")
    if len(digits.rstrip("0")) <= SHOWN_DIGITS:
        return plain
    step, places = Decimal(math.ulp(double)), len(plain.partition(".")[2])
    if places <= scale:
        if step <= Decimal(1).scaleb(-places):
            return plain
    elif step * _SPARE_STEPS <= Decimal(1).scaleb(-scale):
        shown = Decimal(f"{double:.{SHOWN_DIGITS}g}")
        # Unless it is noise, the number stays as stored: it has more places than declared.
        return _plain(shown) if abs(float(shown) - double) <= NOISE * float(step) else plain
    raise CellFault("more digits than a cell stores exactly")


def _plain(number: Decimal) -> str:
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def is_number(text: str) -> bool:
    """Whether a stored text is a number."""
    return _NUMBER.fullmatch(text) is not None


def is_finite(number: str) -> bool:
    """Whether a double holds a stored number."""
    exponent = _EXPONENT.search(number)
    return abs(float(number)) < float("inf") and (exponent is None or len(exponent[1]) < _LONGEST_EXPONENT)


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
