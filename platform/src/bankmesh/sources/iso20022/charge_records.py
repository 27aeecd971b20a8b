"""The charge records of an entry or transaction, added up where they have one currency and one side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.sources.iso20022.element_values import NOT_OF_SCHEMA, amount_of, find_all, is_of_schema, write_amount
from bankmesh.sources.iso20022.message_paths import CHARGES_AMOUNT, CHARGES_CURRENCY, CHARGES_SIDE
from bankmesh.sources.iso20022.statement_totals import CREDIT, DEBIT, sum_amounts
from bankmesh.sources.landing_rejects import RecordFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from bankmesh.sources.iso20022.message_paths import ElementField

_SIDES = ({CREDIT}, {DEBIT}, {None})


class ChargeReader:
    """Reads the fields of one scope that all charge records make together.

    A record is `Chrgs` in version 02, where it is repeated, and `Chrgs/Rcrd` in later ones.
    """

    def __init__(self, namespace: str, fields: Sequence[tuple[int, ElementField]]) -> None:
        """Take the combined ones of the fields, each with the number of its column."""
        self._namespace = namespace
        self._fields = [(number, field) for number, field in fields if field.combined]

    def read(self, element: Element, texts: list[str | None], faults: list[RecordFault]) -> None:
        """Fill in the fields; each is a fault if the records have no readable sum of one currency and side."""
        records = self._records(element) if self._fields else []
        if not records:
            return
        amounts = [amount_of(self._one(record, "Amt")) for record in records]
        currencies = {self._one(record, "Amt/@Ccy") for record in records}
        sides = {self._one(record, "CdtDbtInd") for record in records}
        known = [amount for amount in amounts if amount is not None]
        problem = _find_problem(currencies, sides, are_readable=len(known) == len(records))
        if problem is not None:
            faults.extend(RecordFault(field.name, problem) for _, field in self._fields)
            return
        found = {
            CHARGES_AMOUNT: write_amount(sum_amounts(known)),
            CHARGES_CURRENCY: currencies.pop(),
            CHARGES_SIDE: sides.pop(),
        }
        for number, field in self._fields:
            texts[number] = next(text for name, text in found.items() if field.name.endswith(name))

    def _records(self, element: Element) -> list[Element]:
        """Return the elements that hold a charge each; a stated total alone is none."""
        found = []
        for charges in element.findall(self._tag("Chrgs")):
            found += charges.findall(self._tag("Rcrd"))
            if charges.find(self._tag("Amt")) is not None:
                found.append(charges)
        return found

    def _one(self, record: Element, path: str) -> str | None:
        """Return the text at a path; None if it is absent, and an empty one, which nothing reads, if it is repeated."""
        found = find_all(record, path, self._namespace)
        return (found[0] if len(found) == 1 else "") if found else None

    def _tag(self, name: str) -> str:
        return f"{{{self._namespace}}}{name}"


def _find_problem(currencies: set[str | None], sides: set[str | None], *, are_readable: bool) -> str | None:
    if not are_readable:
        return "cannot be read: a charge record has no readable amount"
    if len(currencies) > 1:
        return "cannot be added up: charge records have several currencies"
    if len(sides) > 1:
        return "cannot be added up: charge records have several sides (CdtDbtInd)"
    if sides not in _SIDES or not all(is_of_schema("@Ccy", currency or "") for currency in currencies):
        return NOT_OF_SCHEMA
    return None
