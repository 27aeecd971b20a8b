"""Logical records of BAI2: lines with continuations, fields, amounts with implied decimals, and funds types."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.currency_decimals import currency_decimals
from bankmesh.sources.bank_messages.message_dates import read_short_day
from bankmesh.sources.bank_messages.message_records import BadField

if TYPE_CHECKING:
    from collections.abc import Callable

_AMOUNT = re.compile(r"([+-]?)([0-9]+)")
_MOST_DISTRIBUTIONS = 99
_SIMPLE_FUNDS = ("", "0", "1", "2", "Z")
_FUNDS = (*_SIMPLE_FUNDS, "S", "V", "D")
_NUMERIC_FUNDS = ("", "0", "1", "2")
_TYPE_CODE = re.compile("[0-9]{3}")
_REFERENCE = re.compile(r"(?=[^ ]*[0-9])[^ ]+|")
_REFERENCES = 2
_MOST_LINES, _MOST_CHARACTERS = 10_000, 1 << 20


@dataclass
class LogicalRecord:
    """A record with its continuations (88): code, first line, and for each line its text and whether `/` ends it."""

    code: str
    line: int
    lines: list[str] = field(default_factory=list)
    bodies: list[tuple[str, bool]] = field(default_factory=list)
    characters: int = 0

    def add(self, text: str) -> None:
        """Add a line. Raises BadField for more lines or text than a record may have."""
        self.characters += len(text)
        if len(self.lines) == _MOST_LINES or self.characters > _MOST_CHARACTERS:
            raise BadField(f"a record with its continuations has more than {_MOST_LINES} lines or 1 MiB")
        self.lines.append(text)
        body = text.rstrip()[3:]
        self.bodies.append((body.removesuffix("/"), body.endswith("/")))

    @property
    def raw(self) -> str:
        """The record as delivered."""
        return "\n".join(self.lines)


class FieldCursor:
    """The fields of a record, from the first on."""

    def __init__(self, record: LogicalRecord) -> None:
        """Begin behind the code of the record."""
        self._lines = deque(record.bodies)
        self._fields: deque[str] = deque()
        self._is_ended = True

    @property
    def has_more(self) -> bool:
        """Whether there is another field."""
        return bool(self._fields or self._lines)

    def fields_behind_slash(self) -> list[str]:
        """Return the fields of the next line if the one before, which is read, ended with `/`; otherwise nothing."""
        return self._lines[0][0].split(",") if self._is_ended and self._lines and not self._fields else []

    def take(self) -> str:
        """Return the next field, empty if there is none. Raises BadField for a line without its `/`."""
        if not self._fields:
            if not self._is_ended:
                raise BadField("a line does not end with /")
            if not self._lines:
                return ""
            body, self._is_ended = self._lines.popleft()
            self._fields.extend(body.split(","))
        return self._fields.popleft()

    def take_rest(self) -> str:
        """Return what follows as text, which may hold commas, and need not end with `/`."""
        if not self._fields and not self._is_ended:
            raise BadField("a line does not end with /")
        texts = [",".join(self._fields)] if self._fields else []
        texts += [body for body, _ in self._lines]
        self._fields.clear()
        self._lines.clear()
        self._is_ended = True
        return "\n".join(texts).strip()

    def require_end(self) -> None:
        """Raise BadField if there are more fields, or if the last line does not end with `/`."""
        if any(self._fields) or self._lines:
            raise BadField("there are more fields than the standard has")
        if not self._is_ended:
            raise BadField("a line does not end with /")


def read_amount(name: str, text: str, currency: str) -> tuple[str, int]:
    """Return an amount with its decimals as text, and as it is written; both of nothing are empty or 0."""
    if not text:
        return "", 0
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise BadField(f"{name} is no amount of digits")
    places = currency_decimals(currency)
    digits = match[2].zfill(places + 1)
    plain = f"{int(digits[:-places])}.{digits[-places:]}" if places else str(int(digits))
    value = int(text)
    return f"-{plain}" if value < 0 else plain, value


def read_count(name: str, text: str) -> str:
    """Return a number of digits. Raises BadField."""
    if not (text.isascii() and text.isdigit()):
        raise BadField(f"{name} is no number")
    return text


def read_time(name: str, text: str) -> str:
    """Return HHMM, 2400 or 9999; empty if there is none. Raises BadField."""
    if text and not re.fullmatch(r"(?:[01][0-9]|2[0-3])[0-5][0-9]|2400|9999", text):
        raise BadField(f"{name} is no time HHMM")
    return text


def is_summary_ended(cursor: FieldCursor, *, has_count: bool) -> bool:
    """Whether `/` ended a summary early, so that the next line begins another; otherwise that line continues it.

    A line may be cut between any two fields, and a summary may end before its last fields. Raises BadField if the next
    line can be read in both ways.
    """
    first, *others = cursor.fields_behind_slash() or [""]
    if _TYPE_CODE.fullmatch(first) is None:
        return False
    if has_count:
        return True
    if not others or others[0] in _NUMERIC_FUNDS:
        raise BadField("a summary ends with / before its item count, and what follows may be a count or a type code")
    return others[0] not in _FUNDS


def take_within_summary(cursor: FieldCursor) -> str:
    """Return the next field of a funds type. Raises BadField if it may be the code of another summary."""
    if _TYPE_CODE.fullmatch(next(iter(cursor.fields_behind_slash()), "")):
        raise BadField("a summary ends with / within its funds type, and what follows may be an amount or a type code")
    return cursor.take()


def is_text_next(cursor: FieldCursor, references: int) -> bool:
    """Whether `/` ended the fields of a transaction before all `references`, so that the next line is text.

    Raises BadField if it can be read in both ways. Both references together are in the next line if they look like
    some: no blanks, and a digit.
    """
    behind = cursor.fields_behind_slash()
    if not behind:
        return False
    are_references = [_REFERENCE.fullmatch(each) is not None for each in behind[:references]]
    if are_references == [True] * _REFERENCES:
        return False
    if any(are_references):
        raise BadField("a line ends with / before the references, and what follows may be a reference or text")
    return True


def is_funds_type_missing(cursor: FieldCursor) -> bool:
    """Whether `/` ended a transaction before its funds type. Raises BadField if the next line may begin with one."""
    behind = cursor.fields_behind_slash()
    if behind and behind[0] in _FUNDS:
        raise BadField("a line ends with / before the funds type, and what follows may be a funds type or text")
    return bool(behind)


def read_funds(take: Callable[[], str], currency: str) -> dict[str, str]:
    """Read a funds type and the fields that belong to it; `take` returns the next field. Raises BadField."""
    kind = take()
    fields = {"funds_type": kind}
    if kind == "S":
        for name in ("immediate_amount", "one_day_amount", "later_amount"):
            fields[name] = read_amount(name, take(), currency)[0]
    elif kind == "V":
        fields["value_date"] = read_short_day("value_date", take())
        fields["value_time"] = read_time("value_time", take())
    elif kind == "D":
        number = int(read_count("number of distributions", take()))
        if number > _MOST_DISTRIBUTIONS:
            raise BadField(f"there are more than {_MOST_DISTRIBUTIONS} distributions")
        pairs = [(read_count("days", take()), take()) for _ in range(number)]
        amounts = (f"{days}:{read_amount('distribution', amount, currency)[0]}" for days, amount in pairs)
        fields["distribution"] = " ".join(amounts)
    elif kind not in _SIMPLE_FUNDS:
        raise BadField("funds_type is none of 0, 1, 2, S, V, D, Z")
    return fields
