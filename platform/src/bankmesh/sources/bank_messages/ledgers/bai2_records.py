"""Logical records of BAI2: lines with continuations, fields, amounts with implied decimals, and funds types."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from bankmesh.sources.bank_messages.currency_decimals import currency_decimals
from bankmesh.sources.bank_messages.message_dates import read_short_day
from bankmesh.sources.bank_messages.message_records import BadField

_AMOUNT = re.compile(r"([+-]?)([0-9]+)")
_MOST_DISTRIBUTIONS = 99
_SIMPLE_FUNDS = ("", "0", "1", "2", "Z")


@dataclass
class LogicalRecord:
    """A record with its continuations (88): code, first line, and for each line its text and whether `/` ends it."""

    code: str
    line: int
    lines: list[str] = field(default_factory=list)
    bodies: list[tuple[str, bool]] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add a line."""
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


def read_funds(cursor: FieldCursor, currency: str) -> dict[str, str]:
    """Read a funds type and the fields that belong to it. Raises BadField."""
    kind = cursor.take()
    fields = {"funds_type": kind}
    if kind == "S":
        for name in ("immediate_amount", "one_day_amount", "later_amount"):
            fields[name] = read_amount(name, cursor.take(), currency)[0]
    elif kind == "V":
        fields["value_date"] = read_short_day("value_date", cursor.take())
        fields["value_time"] = read_time("value_time", cursor.take())
    elif kind == "D":
        number = int(read_count("number of distributions", cursor.take()))
        if number > _MOST_DISTRIBUTIONS:
            raise BadField(f"there are more than {_MOST_DISTRIBUTIONS} distributions")
        pairs = [(read_count("days", cursor.take()), cursor.take()) for _ in range(number)]
        amounts = (f"{days}:{read_amount('distribution', amount, currency)[0]}" for days, amount in pairs)
        fields["distribution"] = " ".join(amounts)
    elif kind not in _SIMPLE_FUNDS:
        raise BadField("funds_type is none of 0, 1, 2, S, V, D, Z")
    return fields
