"""The value of a cell as text, strictly as its column declares: numbers as Excel shows them, dates of both systems."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.sources.declarations.date_formats import STORED, STORED_MARK
from bankmesh.sources.declarations.number_formats import spell_number

if TYPE_CHECKING:
    from bankmesh.sources.declarations.source_declaration import SourceColumn

TEXT, NUMBER, DATE, TIME, DURATION, FLAG, ERROR, UNSTORED, UNREADABLE = (
    "a text", "a number", "a date", "a time without a day", "a duration", "true or false", "an error value",
    "a formula without a stored result", "a value that is none of its cell's type",
)  # fmt: skip
MIDNIGHT = "00:00:00.000"
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
    type_name, wanted = column.type.name, _wanted(column)
    if cell.kind in {ERROR, UNSTORED, UNREADABLE}:
        raise CellFault(cell.kind)
    if cell.kind == TEXT and _reads_text(cell.text, column, wanted, quoted=quoted):
        return cell.text
    if wanted == TEXT and cell.kind in {TIME, DURATION}:
        return spell_time(cell.text, is_elapsed=cell.kind == DURATION)
    if cell.kind != wanted:
        raise CellFault(f"{cell.kind}, where {wanted} is declared")
    if wanted == NUMBER:
        plain = cell.text if type_name == "double" else exact_number(cell.text, column.type.scale or 0)
        return spell_number(plain, column.numbers)
    if wanted != DATE:
        return cell.text
    day, _, time = cell.text.partition("T")
    if type_name == "date" and time not in {"", MIDNIGHT}:
        raise CellFault("a time within a day, where a date is declared")
    return STORED_MARK + (day if type_name == "date" else cell.text)


def _wanted(column: SourceColumn) -> str:
    """Return the kind of cells that a column reads."""
    if column.type.name in {"long", "integer", "decimal", "double"}:
        return NUMBER
    if column.type.name in {"date", "timestamp"}:
        return DATE
    return FLAG if column.type.name == "boolean" and column.codes is None else TEXT


def _reads_text(text: str, column: SourceColumn, wanted: str, *, quoted: bool) -> bool:
    """Whether a column that wants another kind of cell, or a text, reads a text: a missing value, or declared so."""
    if text in column.missing:
        return True
    has_formats = any(form != STORED for form in column.formats)
    return (wanted == NUMBER and quoted) or (wanted == DATE and has_formats and not text.startswith(STORED_MARK))


def spell_time(serial: str, *, is_elapsed: bool) -> str:
    """Return a time, or elapsed time, as `HH:MM:SS`, with milliseconds if it has any. Raises CellFault."""
    number = float(serial)
    milliseconds = round(abs(number) * _MILLISECONDS)
    if not is_elapsed and (number < 0 or milliseconds >= _MILLISECONDS):
        raise CellFault("a time with days, which its format does not show")
    seconds, rest = divmod(milliseconds, 1000)
    minutes, hours = seconds // 60, seconds // 3600
    text = f"{hours:02d}:{minutes % 60:02d}:{seconds % 60:02d}" + (f".{rest:03d}" if rest else "")
    return f"-{text}" if number < 0 and milliseconds else text


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


def cell_place(reference: str) -> tuple[int, int]:
    """Return the row, from 1, and the column, from 0, of a cell such as `B2`."""
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters) :]), column_position(letters)


def column_position(letters: str) -> int:
    """Return a column's position from 0: `A` is 0, `AA` is 26."""
    found = 0
    for letter in letters:
        found = found * 26 + ord(letter) - ord("A") + 1
    return found - 1


def column_letters(position: int) -> str:
    """Return the letters of a column's position from 0: 0 is `A`, 26 is `AA`."""
    letters = ""
    rest = position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
