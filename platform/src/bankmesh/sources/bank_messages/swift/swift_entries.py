"""Fields of one entry: the subfields of :61:, and those of a structured :86:."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.message_records import BadField
from bankmesh.sources.bank_messages.swift.swift_values import (
    DEBIT_MARKS,
    read_amount,
    read_date,
    read_entry_date,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.sources.bank_messages.swift.swift_tags import Tag

_ENTRY = re.compile(
    r"(?P<value_date>[0-9]{6})(?P<entry_date>[0-9]{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?(?P<amount>[0-9,]+)"
    r"(?P<type>S[0-9]{3}|[NF][A-Z0-9]{3})(?P<owner>.{0,16}?)(?://(?P<bank>.{0,16}))?"
)
_HIDDEN_ENTRY = re.compile(r"[0-9]{6}(?:[0-9]{4})?R?[CD][A-Z]?[0-9]{1,12},[0-9]{0,3}[SNF][A-Z0-9]{3}")
_SUPPLEMENT_LENGTH = 34
_STRUCTURED = re.compile(r"(?P<code>[0-9]{3})(?P<mark>[^A-Za-z0-9 ])(?=[0-9]{2})")
_ENTRY_LINES = 2
_SUBFIELDS = {"00": "booking_text", "10": "journal_number", "30": "counterparty_bank", "31": "counterparty_account",
              "32": "counterparty_name", "33": "counterparty_name", "34": "text_key_extension"}  # fmt: skip
_REMITTANCE = {f"{number:02}" for number in (*range(20, 30), *range(60, 64))}


@dataclass(frozen=True, slots=True)
class SwiftEntry:
    """An entry: its fields, what it adds to the balance (in ten-thousandths), and why it is a reject.

    `units` is None if the amount or its mark cannot be read.
    """

    fields: dict[str, str]
    units: int | None
    fault: str = ""


def read_entry(tag: Tag, currency: str) -> SwiftEntry:
    """Read :61:; `currency` is that of the account."""
    match = _ENTRY.fullmatch(tag.lines[0])
    if match is None:
        return SwiftEntry({}, None, ":61: is not built of value date, entry date, mark, amount, type, references")
    mark, units = match["mark"], None
    fields = {"mark": mark, "transaction_type": match["type"], "owner_reference": match["owner"]}
    fields |= {"funds_code": match["funds"] or "", "bank_reference": match["bank"] or ""}
    at = "amount"
    try:
        amount = read_amount(match["amount"], currency)
        units = -amount.units if mark in DEBIT_MARKS else amount.units
        fields["amount"] = amount.text
        fields["signed_amount"] = f"-{amount.text}" if units < 0 else amount.text
        at = "value_date"
        value_date = read_date(match["value_date"])
        fields["value_date"] = value_date.isoformat()
        at = "booking_date"
        if match["entry_date"]:
            fields["booking_date"] = read_entry_date(match["entry_date"], value_date).isoformat()
        at = "supplementary_details"
        fields[at] = _read_supplement(tag)
    except BadField as error:
        return SwiftEntry(fields, units, f":61: {at} {error}")
    return SwiftEntry(fields, units)


def read_information(tags: Sequence[Tag]) -> dict[str, str]:
    """Return :86: as it is and, if it is built of a code and numbered subfields (`166?00...?20...`), these, too.

    Several :86: of one entry are one text; the later ones may repeat the code. Raises BadField for another code.
    """
    fields = {"information": "\n".join(tag.text for tag in tags)}
    texts = ["".join(tag.lines) for tag in tags]
    match = _STRUCTURED.match(texts[0])
    if match is None:
        return fields
    later = [_STRUCTURED.match(text) for text in texts[1:]]
    if any(each and each["code"] != match["code"] for each in later):
        raise BadField("has several transaction codes")
    rest = [text[each.end("code") if each else 0 :] for text, each in zip(texts[1:], later, strict=True)]
    joined = "".join([texts[0], *rest])
    parts = _separator(match["mark"]).split(joined[match.end("code") :])[1:]
    fields["transaction_code"] = match["code"]
    for part in parts:
        name = "remittance_information" if part[:2] in _REMITTANCE else _SUBFIELDS.get(part[:2])
        if name is not None:
            fields[name] = fields.get(name, "") + part[2:]
    return fields


def hides_entry(tag: Tag) -> bool:
    """Whether a text holds what reads as another :61: whose tag or line end is damaged."""
    return any(_HIDDEN_ENTRY.search(line) for line in (tag.lines if tag.name == "86" else tag.lines[1:]))


@lru_cache
def _separator(mark: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(mark)}(?=[0-9]{{2}})")


def _read_supplement(tag: Tag) -> str:
    if len(tag.lines) > _ENTRY_LINES:
        raise BadField(f"has more lines than {_ENTRY_LINES - 1}")
    text = tag.lines[1] if len(tag.lines) == _ENTRY_LINES else ""
    if len(text) > _SUPPLEMENT_LENGTH:
        raise BadField(f"is longer than {_SUPPLEMENT_LENGTH} characters")
    return text
