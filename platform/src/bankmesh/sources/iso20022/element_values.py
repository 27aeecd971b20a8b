"""Finds the texts of fields in elements of one namespace, and reads amounts exactly."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.message_fields import AMOUNT, DATE, MOMENT
from bankmesh.sources.landing_rejects import RecordFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from bankmesh.sources.iso20022.message_paths import ElementField

BLANKS = " \t\r\n"
_AMOUNT = re.compile(r"[0-9]{1,30}(?:\.[0-9]{0,20})?|\.[0-9]{1,20}")
_ZEROS = re.compile(r"(\.[0-9]{6})0+(?![0-9])")
"""Digits of a fraction of seconds beyond microseconds, which are none if they are zeros."""

_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
_CURRENCY = re.compile("[A-Z]{3}")
_BIC = re.compile("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_FLAG = re.compile("true|false|1|0")
NOT_OF_SCHEMA = "is not written as the schema of the message says"
SIMPLE_TYPES = {
    "@Ccy": _CURRENCY,
    "Ccy": _CURRENCY,
    "IBAN": re.compile("[A-Z]{2}[0-9]{2}[A-Za-z0-9]{1,30}"),
    "BIC": _BIC,
    "BICFI": _BIC,
    "UETR": re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "ChrgBr": re.compile("DEBT|CRED|SHAR|SLEV"),
    "PmtMtd": re.compile("CHK|TRF|TRA"),
    "PgNb": re.compile("[0-9]{1,5}"),
    "RvslInd": _FLAG,
    "LastPgInd": _FLAG,
    "BtchBookg": _FLAG,
}
"""How the schemas of all versions write the text of an element or attribute of that name."""


class FieldReader:
    """Reads fields of elements, but combined ones; `fields` has those of one scope with the number of their column."""

    def __init__(self, namespace: str, fields: Sequence[tuple[int, ElementField]]) -> None:
        """Compile the paths of the fields for elements of that namespace, each with the last name in it."""
        self._fields = [
            (number, field, [(_compiled(path, namespace), path.rpartition("/")[2]) for path in field.paths])
            for number, field in fields
            if not field.combined
        ]

    def read(self, element: Element, texts: list[str | None], faults: list[RecordFault]) -> None:
        """Fill in the texts of the fields that the element has; repeated elements are faults."""
        self.read_all([element], texts, faults)

    def read_all(self, elements: Sequence[Element], texts: list[str | None], faults: list[RecordFault]) -> None:
        """Fill in the texts of the fields that one of the elements has; those that several have are faults."""
        for number, field, paths in self._fields:
            for steps, name in paths:
                found = [text for element in elements for text in values_at(element, steps)]
                if not found:
                    continue
                if len(found) > 1 and not field.joined:
                    faults.append(RecordFault(field.name, "is repeated, where the standard has one"))
                elif not is_of_schema(name, found[0]):
                    faults.append(RecordFault(field.name, NOT_OF_SCHEMA))
                else:
                    texts[number] = _written(field, found)
                break


def find_all(element: Element, path: str, namespace: str) -> list[str]:
    """Return the texts at a path below an element."""
    return list(values_at(element, _compiled(path, namespace)))


def values_at(element: Element, steps: Sequence[str]) -> Iterator[str]:
    """Yield the texts at a path of tags; the last may be an attribute. An element with others below has none."""
    if not steps:
        if not len(element):
            yield (element.text or "").strip(BLANKS)
        return
    if steps[0].startswith("@"):
        value = element.get(steps[0][1:])
        if value is not None:
            yield value.strip(BLANKS)
        return
    for child in element.findall(steps[0]):
        yield from values_at(child, steps[1:])


def amount_of(text: str | None) -> Decimal | None:
    """Return the exact amount that a text spells as XML Schema does, without a sign; None if it spells none."""
    return Decimal(text) if text is not None and _AMOUNT.fullmatch(text) else None


def day_of(text: str) -> str:
    """Return the day of a date or moment; anything else as it is, so that no column reads it as a date."""
    match = _DATE.fullmatch(text)
    return match[1] if match else text


def write_amount(amount: Decimal) -> str:
    """Return an amount in positional notation, as columns read it."""
    return format(amount, "f")


def is_of_schema(name: str, text: str) -> bool:
    """Whether a text may be that of the element or attribute of that name; an empty element is an absent one."""
    simple = SIMPLE_TYPES.get(name)
    return simple is None or simple.fullmatch(text) is not None or (not text and not name.startswith("@"))


def _written(field: ElementField, found: list[str]) -> str | None:
    """Return what a column of the field reads: an empty text is none, and a day ends before its time or zone."""
    if field.joined:
        return "\n".join(found) or None
    text = found[0]
    if field.kind == DATE:
        return day_of(text) or None
    if field.kind == AMOUNT:
        amount = amount_of(text)
        return text or None if amount is None else write_amount(amount)
    return (_ZEROS.sub(r"\1", text) if field.kind == MOMENT else text) or None


def _compiled(path: str, namespace: str) -> tuple[str, ...]:
    return tuple(step if step.startswith("@") else f"{{{namespace}}}{step}" for step in path.split("/"))
