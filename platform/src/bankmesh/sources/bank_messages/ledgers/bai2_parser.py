"""Parser of BAI2 files: nesting of files, groups and accounts, and the totals and counts of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.ledgers.bai2_records import (
    FieldCursor,
    LogicalRecord,
    is_funds_type_missing,
    is_summary_ended,
    is_text_next,
    read_amount,
    read_count,
    read_funds,
    read_time,
    take_within_summary,
)
from bankmesh.sources.bank_messages.message_dates import read_short_day
from bankmesh.sources.bank_messages.message_records import BadField, MessageRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.sources.bank_messages.message_records import MessageFile

_CONTINUATION = "88"
_INSIDE = {"01": (), "02": ("01",), "03": ("01", "02"), "16": ("01", "02", "03"), "49": ("01", "02", "03"),
           "98": ("01", "02"), "99": ("01",)}  # fmt: skip
_NAMES = {"01": "file", "02": "group", "03": "account"}
_OPENS = {"49": "03", "98": "02", "99": "01"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NO_AMOUNT = "890"
_VERSION, _UPDATE, _USD = "2", "1", "USD"


@dataclass
class _Level:
    """A file, group or account while it is read: its fields, and what its control record must state."""

    line: int
    raw: str
    fields: dict[str, str] = field(default_factory=dict)
    total: int = 0
    children: int = 0
    records: int = 0
    unreadable: int = 0


class Bai2Parser:
    """Parser of one delivery, which may hold several files, each from 01 to 99; a `MessageParser`."""

    def __init__(self, file: MessageFile) -> None:
        """Prepare to read a file."""
        self.control_totals = 0
        self._file = file
        self._levels: dict[str, _Level] = {}
        self._ended = False
        self._files: set[tuple[str, ...]] = set()
        self._read: dict[str, Callable[[FieldCursor], dict[str, str]]] = {
            "01": _read_file, "02": _read_group, "03": self._read_account,
        }  # fmt: skip

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[MessageRecord]:
        """Yield files, groups, accounts, summaries and transactions. Raises LegacyFileError."""
        line, record = 0, None
        for line, text in lines:
            if not text.strip():
                continue
            code = text[:2]
            if _CONTROL.search(text) or (code not in _INSIDE and code != _CONTINUATION) or text[2:3] not in {",", "/"}:
                raise self._file.refusal(line, "the line is no record of BAI2")
            if code != _CONTINUATION:
                if record is not None:
                    yield from self._take(record)
                record = LogicalRecord(code, line)
            elif record is None or record.code in _OPENS:
                raise self._file.refusal(line, "a continuation (88) continues no record")
            try:
                record.add(text)
            except BadField as error:
                raise self._file.refusal(line, str(error)) from None
        if record is not None:
            yield from self._take(record)
        if not self._ended or self._levels:
            raise self._file.refusal(line, "the file ends without its trailer (99)")

    def _take(self, record: LogicalRecord) -> Iterator[MessageRecord]:
        if tuple(self._levels) != _INSIDE[record.code]:
            raise self._file.refusal(record.line, f"a record {record.code} is not in its place")
        for level in self._levels.values():
            level.records += len(record.lines)
        if record.code == "16":
            yield self._transaction(record)
            return
        try:
            if record.code in _OPENS:
                yield self._close(record)
            else:
                yield from self._open(record)
        except BadField as error:
            raise self._file.refusal(record.line, f"{record.code}: {error}") from None

    def _open(self, record: LogicalRecord) -> Iterator[MessageRecord]:
        above = self._shared()
        level = _Level(record.line, record.raw, records=len(record.lines))
        for parent in list(self._levels.values())[-1:]:
            parent.children += 1
        self._levels[record.code] = level
        cursor = FieldCursor(record)
        level.fields = above | self._read[record.code](cursor)
        if record.code == "01":
            self._ended = False
            self._check_new(level.fields)
        while record.code == "03" and cursor.has_more:
            summary = self._read_summary(cursor, level)
            if summary:
                yield MessageRecord("summary", record.line, record.raw, level.fields | summary)
        cursor.require_end()

    def _check_new(self, fields: dict[str, str]) -> None:
        """Raise BadField if the delivery has had a file of that sender, receiver, day, time and identification."""
        key = tuple(fields.values())
        if key in self._files:
            raise BadField("the same file is there twice: sender, receiver, day, time and identification")
        self._files.add(key)

    def _read_account(self, cursor: FieldCursor) -> dict[str, str]:
        account, currency = cursor.take(), cursor.take()
        if not account:
            raise BadField("account is missing")
        return {"account": account, "currency": _read_currency(currency, self._levels["02"].fields["group_currency"])}

    def _read_summary(self, cursor: FieldCursor, level: _Level) -> dict[str, str]:
        currency = level.fields["currency"]
        code, amount = cursor.take(), cursor.take()
        text, units = read_amount("amount", amount, currency)
        level.total += units
        fields = {"type_code": code, "amount": text}
        if not is_summary_ended(cursor, has_count=False):
            count = cursor.take()
            fields["item_count"] = read_count("item_count", count) if count else ""
            if not is_summary_ended(cursor, has_count=True):
                fields |= read_funds(partial(take_within_summary, cursor), currency)
        if not code:
            if any(fields.values()):
                raise BadField("an amount has no type_code")
            return {}
        return fields | {"type_code": _read_code(code)}

    def _transaction(self, record: LogicalRecord) -> MessageRecord:
        level, cursor = self._levels["03"], FieldCursor(record)
        currency, fields, fault, is_counted = level.fields["currency"], {}, "", False
        try:
            code, amount = cursor.take(), cursor.take()
            text, units = read_amount("amount", amount, currency)
            level.total, is_counted = level.total + units, True
            fields = _read_transaction(_read_code(code), text) | _read_details(cursor, currency)
        except BadField as error:
            fault = f"16: {error}"
            level.unreadable += not is_counted
        return MessageRecord("transaction", record.line, record.raw, level.fields | fields, fault)

    def _close(self, record: LogicalRecord) -> MessageRecord:
        opened = _OPENS[record.code]
        level, cursor = self._levels.pop(opened), FieldCursor(record)
        total = cursor.take()
        if not re.fullmatch(r"[+-]?[0-9]+", total):
            raise BadField("control_total is no number")
        stated = {"control_total": total}
        count = {"98": "account_count", "99": "group_count"}.get(record.code)
        if count is not None:
            stated[count] = read_count(count, cursor.take())
        stated["record_count"] = read_count("record_count", cursor.take())
        cursor.require_end()
        if level.unreadable:
            raise BadField(f"the total cannot be verified: {level.unreadable} transactions without a readable amount")
        if int(total) != level.total:
            raise BadField("control_total is not the sum of what is above it")
        if count is not None and int(stated[count]) != level.children:
            raise BadField(f"{count} differs: there are {level.children}")
        if int(stated["record_count"]) != level.records:
            raise BadField(f"record_count differs: there are {level.records}")
        self.control_totals += len(stated)
        for parent in list(self._levels.values())[-1:]:
            parent.total += level.total
        self._ended = opened == "01"
        return MessageRecord(_NAMES[opened], level.line, f"{level.raw}\n{record.raw}", level.fields | stated)

    def _shared(self) -> dict[str, str]:
        return next((level.fields for level in reversed(self._levels.values())), {})


def _read_file(cursor: FieldCursor) -> dict[str, str]:
    fields = {"sender": cursor.take(), "receiver": cursor.take()}
    fields["file_creation_date"] = read_short_day("file_creation_date", cursor.take())
    fields["file_creation_time"] = read_time("file_creation_time", cursor.take())
    fields["file_identification"] = cursor.take()
    cursor.take()  # physical record length
    cursor.take()  # block size
    if cursor.take() != _VERSION:
        raise BadField(f"the version is not {_VERSION}")
    return fields


def _read_group(cursor: FieldCursor) -> dict[str, str]:
    fields = {"ultimate_receiver": cursor.take(), "originator": cursor.take(), "group_status": cursor.take()}
    if fields["group_status"] != _UPDATE:
        raise BadField("group_status is not 1: deletions, corrections and tests are not read")
    fields["as_of_date"] = read_short_day("as_of_date", cursor.take())
    fields["as_of_time"] = read_time("as_of_time", cursor.take())
    fields["group_currency"] = _read_currency(cursor.take(), _USD)
    fields["as_of_modifier"] = cursor.take()
    if fields["as_of_modifier"] not in {"", "1", "2", "3", "4"}:
        raise BadField("as_of_modifier is none of 1, 2, 3, 4")
    return fields


def _read_currency(text: str, default: str) -> str:
    if text and not _CURRENCY.fullmatch(text):
        raise BadField("the currency is no code of three letters")
    return text or default


def _read_code(text: str) -> str:
    if not re.fullmatch("[0-9]{3}", text):
        raise BadField("type_code is no number of three digits")
    return text


def _read_details(cursor: FieldCursor, currency: str) -> dict[str, str]:
    """Return the fields of a transaction behind its amount. Raises BadField."""
    fields: dict[str, str] = {}
    if not is_funds_type_missing(cursor):
        fields = read_funds(cursor.take, currency)
        references = ("bank_reference", "customer_reference")
        for at, name in enumerate(references):
            if is_text_next(cursor, len(references) - at):
                break
            fields[name] = cursor.take()
    return fields | {"information": cursor.take_rest()}


def _read_transaction(code: str, amount: str) -> dict[str, str]:
    """Return the fields that follow from a type code and its amount. Raises BadField."""
    number, mark = int(code), ""
    if 100 <= number < 400 or 920 <= number < 960:  # noqa: PLR2004 - the ranges of the standard
        mark = "C"
    elif 400 <= number < 700 or number >= 960:  # noqa: PLR2004
        mark = "D"
    elif number < 100 or 900 <= number < 920:  # noqa: PLR2004
        raise BadField("type_code is that of a balance, not of a transaction")
    if not amount and code != _NO_AMOUNT:
        raise BadField("amount is missing")
    fields = {"type_code": code, "amount": amount, "mark": mark}
    if mark and amount:
        flipped = amount.removeprefix("-") if amount.startswith("-") else f"-{amount}"
        fields["signed_amount"] = amount if mark == "C" or not amount.strip("0.") else flipped
    return fields
