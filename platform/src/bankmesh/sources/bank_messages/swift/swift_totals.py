"""Headers, balances and totals of SWIFT statements, and how they must agree with the entries and with other pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.currency_decimals import whole_amount
from bankmesh.sources.bank_messages.message_records import BadField
from bankmesh.sources.bank_messages.swift.swift_values import read_amount, read_balance, read_date

if TYPE_CHECKING:
    from bankmesh.sources.bank_messages.message_records import MessageFile
    from bankmesh.sources.bank_messages.swift.swift_entries import SwiftEntry
    from bankmesh.sources.bank_messages.swift.swift_tags import Tag

_REFERENCE = re.compile(r".{1,16}")
_ACCOUNT = re.compile(r".{1,35}")
_OWNER = re.compile(r"([A-Z0-9]{8}(?:[A-Z0-9]{3})?)")
_NUMBER = re.compile(r"([0-9]{1,5})(?:/([0-9]{1,5})(?:/([0-9]{1,5}))?)?")
_FLOOR = re.compile(r"([A-Z]{3})([CD])?([0-9,]+)")
_MOMENT = re.compile(r"([0-9]{6})([01][0-9]|2[0-3])([0-5][0-9])([+-])(0[0-9]|1[0-4])([0-5][0-9])")
_TOTAL = re.compile(r"([0-9]{1,5})([A-Z]{3})([0-9,]+)")
_FIRST_PAGES = (0, 1)
_ACCEPTED = "`split_statements: accept` accepts pages in several files"


@dataclass
class EntrySums:
    """The entries of a message: counts, sums in ten-thousandths, and the number of those without a readable amount."""

    debits: int = 0
    credits: int = 0
    debit_units: int = 0
    credit_units: int = 0
    unreadable: int = 0

    @property
    def entries(self) -> int:
        """The number of all entries so far."""
        return self.debits + self.credits + self.unreadable

    def add(self, entry: SwiftEntry) -> None:
        """Add an entry; a reversal counts on the side to which it is booked."""
        if entry.units is None:
            self.unreadable += 1
        elif entry.units < 0 or entry.fields["mark"] in {"D", "RC"}:
            self.debits, self.debit_units = self.debits + 1, self.debit_units - entry.units
        else:
            self.credits, self.credit_units = self.credits + 1, self.credit_units + entry.units


def read_header(tag: Tag, above: dict[str, str]) -> dict[str, str]:
    """Return the fields of a tag that is neither :61: nor :86:, under the fields `above` it. Raises BadField."""
    if tag.name in {"25", "25P"}:
        return _read_account(tag)
    if len(tag.lines) > 1:
        raise BadField("has more than one line")
    text = tag.text
    if tag.name in {"20", "21"}:
        _match(_REFERENCE, text, "has not 1 to 16 characters")
        return {"transaction_reference" if tag.name == "20" else "related_reference": text}
    if tag.name in {"28", "28C"}:
        number = _match(_NUMBER, text, "is no number of a statement")
        third = {"subsequence_number": number[3]} if number[3] else {}
        return {"statement_number": number[1], "sequence_number": number[2] or ""} | third
    return _read_balance(tag, above) if tag.name[0] == "6" else _read_interim(tag, above)


def check_closing(file: MessageFile, line: int, fields: dict[str, str], sums: EntrySums) -> None:
    """Raise LegacyFileError unless the opening balance and the entries give the closing balance."""
    found = _units(fields["opening_balance"]) + sums.credit_units - sums.debit_units
    if sums.unreadable:
        raise file.refusal(line, f"the closing balance cannot be verified: {sums.unreadable} :61: without an amount")
    if found != _units(fields["closing_balance"]):
        raise file.refusal(line, f"the closing balance is not the opening one and the {sums.entries} entries")


def check_totals(file: MessageFile, line: int, fields: dict[str, str], sums: EntrySums) -> int:
    """Return the number of totals :90D: and :90C:; raise LegacyFileError if one differs from the entries."""
    totals = 0
    for name, count, units in (
        ("debit", sums.debits, sums.debit_units), ("credit", sums.credits, sums.credit_units),
    ):  # fmt: skip
        if f"{name}_count" not in fields:
            continue
        if sums.unreadable or int(fields[f"{name}_count"]) != count or _units(fields[f"{name}_total"]) != units:
            tag = "90D" if name == "debit" else "90C"
            more = f", {sums.unreadable} without a readable amount" if sums.unreadable else ""
            raise file.refusal(line, f":{tag}: differs from the entries ({count} on its side{more})")
        totals += 1
    return totals


class PageChain:
    """The pages of statements: each later one opens with the balance at which the page before it closed.

    `split` counts the pages that continue one of another file, or are continued in another.
    """

    def __init__(self, file: MessageFile, *, is_split: bool) -> None:
        """Begin without open statements; if `is_split`, a statement may have pages in several files."""
        self.split = 0
        self._file, self._is_split = file, is_split
        self._open: dict[tuple[str, str], dict[str, str]] = {}
        self._seen: set[int] = set()

    def follow(self, line: int, fields: dict[str, str], sums: EntrySums) -> int:
        """Take the next page; return 1 if it continues another. Raises LegacyFileError."""
        key = fields["account"], fields["statement_number"]
        before, page = self._open.pop(key, None), int(fields["sequence_number"] or 1)
        if fields["opening_type"] == "M" and before is not None:
            self._check_next(line, before, fields)
        elif fields["opening_type"] == "M":
            self._continue_elsewhere(line)
        elif before is not None:
            raise self._file.refusal(line, "a statement begins before the last page of the one before")
        elif page not in _FIRST_PAGES and int(fields.get("subsequence_number") or page) not in _FIRST_PAGES:
            raise self._file.refusal(line, ":28C: is a later page, but :60F: begins a statement")
        self._check_repeated(line, fields, sums)
        if fields["closing_type"] == "M":
            self._open[key] = fields
        return int(before is not None)

    def require_closed(self, line: int) -> None:
        """Raise LegacyFileError if the last page of a statement is missing, unless it may be in another file."""
        if self._open and not self._is_split:
            raise self._file.refusal(
                line, f"statements without their last page (:62F:): {len(self._open)}; {_ACCEPTED}"
            )
        self.split += len(self._open)

    def _continue_elsewhere(self, line: int) -> None:
        if not self._is_split:
            raise self._file.refusal(line, f":60M: continues a page that is not in the file; {_ACCEPTED}")
        self.split += 1

    def _check_next(self, line: int, before: dict[str, str], fields: dict[str, str]) -> None:
        if fields["sequence_number"] and not _follows(fields, before):
            raise self._file.refusal(line, ":28C: is not the page that follows")
        pairs = (("opening_date", "closing_date"), ("currency", "currency"))
        same = all(fields[opening] == before[closing] for opening, closing in pairs)
        if not same or _units(fields["opening_balance"]) != _units(before["closing_balance"]):
            raise self._file.refusal(line, ":60M: is not the balance at which the page before closed (:62M:)")

    def _check_repeated(self, line: int, fields: dict[str, str], sums: EntrySums) -> None:
        """Refuse a page that the file has twice: the same account, numbers and balances.

        Pages without entries of banks that do not number their statements (0) may be alike, as those of two days are.
        """
        names = ("account", "statement_number", "sequence_number", "subsequence_number", "opening_date",
                 "opening_balance", "closing_date", "closing_balance")  # fmt: skip
        page = hash(tuple(fields.get(name) for name in names))
        if (sums.entries or int(fields["statement_number"])) and page in self._seen:
            raise self._file.refusal(line, "the file has the same page of the statement twice")
        self._seen.add(page)


def _follows(fields: dict[str, str], before: dict[str, str]) -> bool:
    """Whether a page has the number after another's: the second of :28C: or, where there is a third, that one."""
    page, page_before = int(fields["sequence_number"]), int(before["sequence_number"] or 1)
    third, third_before = (each.get("subsequence_number") for each in (fields, before))
    if third and third_before and page == page_before:
        return int(third) == int(third_before) + 1
    return page == page_before + 1


def _match(pattern: re.Pattern[str], text: str, problem: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise BadField(problem)
    return match


def _read_account(tag: Tag) -> dict[str, str]:
    _match(_ACCOUNT, tag.lines[0], "has not 1 to 35 characters")
    if tag.name == "25":
        if len(tag.lines) > 1:
            raise BadField("has more than one line")
        return {"account": tag.text}
    owner = _match(_OWNER, "\n".join(tag.lines[1:]), "has no BIC in its second line")
    return {"account": tag.lines[0], "account_owner_bic": owner[1]}


def _read_balance(tag: Tag, above: dict[str, str]) -> dict[str, str]:
    balance = read_balance(tag.text)
    names = {"60": "opening", "62": "closing", "64": "available", "65": "available"}
    name = names[tag.name[:2]]
    if balance.currency != above.get("currency", balance.currency):
        raise BadField("is in another currency than the statement")
    fields = {f"{name}_date": balance.date, f"{name}_balance": balance.amount.text, "currency": balance.currency}
    return fields | ({f"{name}_type": tag.name[2]} if tag.name[:2] in {"60", "62"} else {})


def _read_interim(tag: Tag, above: dict[str, str]) -> dict[str, str]:
    if tag.name == "34F":
        return _read_floor_limit(tag.text, above)
    if tag.name == "13D":
        return {"report_time": _read_moment(tag.text)}
    return _read_total(tag.text, "debit" if tag.name == "90D" else "credit", above)


def _read_floor_limit(text: str, above: dict[str, str]) -> dict[str, str]:
    currency, mark, amount = _match(_FLOOR, text, "is no floor limit: currency, mark, amount").groups()
    expected = "C" if above.get("debit_floor_limit") else "D"
    if currency != above.get("currency", currency) or (mark or "D") != expected or "credit_floor_limit" in above:
        raise BadField("is not the limit that is due: one without a mark, or one of debits and one of credits")
    limit = read_amount(amount, currency).text
    if mark is None:
        return {"currency": currency, "debit_floor_limit": limit, "credit_floor_limit": limit}
    return {"currency": currency, "debit_floor_limit" if mark == "D" else "credit_floor_limit": limit}


def _read_moment(text: str) -> str:
    day, hour, minute, sign, hours, minutes = _match(_MOMENT, text, "is no date, time and offset").groups()
    return f"{read_date(day).isoformat()}T{hour}:{minute}:00{sign}{hours}:{minutes}"


def _read_total(text: str, side: str, above: dict[str, str]) -> dict[str, str]:
    count, currency, amount = _match(_TOTAL, text, "is no count, currency and sum").groups()
    if currency != above.get("currency"):
        raise BadField("is in another currency than the floor limit")
    return {f"{side}_count": count, f"{side}_total": read_amount(amount, currency).text}


def _units(text: str) -> int:
    whole, _, decimals = text.partition(".")
    return whole_amount(whole, decimals)
