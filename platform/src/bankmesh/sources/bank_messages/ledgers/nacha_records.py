"""Records of NACHA files: values of their positions, check digits, directions, and the totals they must agree with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.message_dates import read_short_day
from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE
from bankmesh.sources.bank_messages.message_records import BadField

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.sources.bank_messages.message_fields import MessageField

_CREDITS = frozenset(f"{account}{kind}" for account in "2345" for kind in "1234")
_DEBITS = frozenset([*(f"{account}{kind}" for account in "234" for kind in "6789"), "55", "56"])
_DIGITS = re.compile(r"[0-9]+")
_PLACE = re.compile(r"[0-9]: ([0-9]+)(?:-([0-9]+))?")
_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)
_HASHED = 10**10
_EFFECTIVE, _NO_DAY = "effective_date", "000000"
"""The only day that a file may leave out: the operator accepts a batch without it, blank or zero."""


@dataclass(frozen=True)
class RecordLayout:
    """The fields of a record and their positions."""

    fields: tuple[tuple[str, str, slice], ...]

    @classmethod
    def of(cls, fields: Iterable[MessageField]) -> RecordLayout:
        """Return the layout of fields that are each at one position."""
        made = []
        for field in fields:
            match = _PLACE.fullmatch(field.place)
            if match is not None:
                made.append((field.name, field.kind, slice(int(match[1]) - 1, int(match[2] or match[1]))))
        return cls(tuple(made))

    def read(self, line: str) -> dict[str, str]:
        """Return the fields of a line. Raises BadField for the first that is not written as the standard says."""
        found = {}
        for name, kind, span in self.fields:
            text = line[span].strip()
            if kind == DATE:
                text = "" if name == _EFFECTIVE and text == _NO_DAY else read_short_day(name, text)
            elif kind in {COUNT, AMOUNT}:
                if _DIGITS.fullmatch(line[span]) is None:
                    raise BadField(f"{name} has not only digits")
                text = f"{int(text[:-2])}.{text[-2:]}" if kind == AMOUNT else text
            found[name] = text
        return found


@dataclass
class BatchSums:
    """Counts and sums of entries: of the records, of the digits of receiving banks, and of amounts in cents."""

    records: int = 0
    hash: int = 0
    debit: int = 0
    credit: int = 0
    unreadable: int = 0

    def add(self, other: BatchSums) -> None:
        """Add the sums of a batch to those of its file."""
        self.records += other.records
        self.hash += other.hash
        self.debit += other.debit
        self.credit += other.credit
        self.unreadable += other.unreadable

    def add_entry(self, line: str) -> None:
        """Count an entry and, if they are readable, its bank and its amount."""
        self.records += 1
        mark, bank, amount = direction_of(line[1:3]), line[3:11], line[29:39]
        if not mark or _DIGITS.fullmatch(bank) is None or _DIGITS.fullmatch(amount) is None:
            self.unreadable += 1
            return
        self.hash += int(bank)
        if mark == "D":
            self.debit += int(amount)
        else:
            self.credit += int(amount)

    def differing(self, stated: dict[str, str]) -> str:
        """Return the name of the first field of a control record that differs from the sums; empty if none does."""
        found = {"entry_addenda_count": self.records, "entry_hash": self.hash % _HASHED,
                 "total_debit": self.debit, "total_credit": self.credit}  # fmt: skip
        return next((name for name, value in found.items() if int(stated[name].replace(".", "")) != value), "")


def direction_of(transaction_code: str) -> str:
    """Return C or D, the side on which a transaction code books; empty for a code that there is not."""
    if transaction_code in _CREDITS:
        return "C"
    return "D" if transaction_code in _DEBITS else ""


def has_check_digit(bank: str, digit: str) -> bool:
    """Whether eight digits of a routing number have that check digit."""
    total = sum(weight * int(each) for weight, each in zip(_WEIGHTS, bank, strict=True))
    return digit == str(-total % 10)
