"""The records of an ISO 20022 message, made as their elements end."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.sources.iso20022.charge_records import ChargeReader
from bankmesh.sources.iso20022.element_values import (
    NOT_OF_SCHEMA,
    FieldReader,
    amount_of,
    day_of,
    find_all,
    is_of_schema,
    write_amount,
)
from bankmesh.sources.iso20022.message_paths import BALANCE, DETAIL, ENTRY, GROUP, HEADER, PARENT
from bankmesh.sources.iso20022.statement_totals import (
    BOOKED,
    CREDIT,
    DEBIT,
    Balance,
    Movement,
    Sums,
    TotalChecks,
    opening_and_closing,
    signed_amount,
    sum_amounts,
)
from bankmesh.sources.landing_rejects import RecordFault

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.documents.xml_stream import XmlStream
    from bankmesh.sources.iso20022.iso20022_formats import Iso20022Format

Texts = list[str | None]
_TOTALS = ("Bal", "TxsSummry", "NbOfTxs", "CtrlSum")
_AMOUNT_PATHS = ("Amt", "AmtDtls/TxAmt/Amt")
_CURRENCY_PATHS = tuple(f"{path}/@Ccy" for path in _AMOUNT_PATHS)
_AMOUNT_WRITTEN = "digits with a decimal point at most, such as 12.34"
_WHOLE = "a whole message in the order of its schema"


class Iso20022Records:
    """Follows one message; each `end_` method returns the records of the object that an element completes."""

    Found = list[tuple["Element", "Texts | tuple[RecordFault, ...]"]]

    def __init__(self, obj: LegacyObject, written: Iso20022Format, namespace: str, stream: XmlStream) -> None:
        """Start a message whose elements are of that namespace."""
        self._record, self._shape, self._namespace, self._stream = obj.record, written.shape, namespace, stream
        self._required = written.require_balances
        self._number_of = {column.header: number for number, column in enumerate(obj.in_file)}
        fields = written.element_fields(obj.record)
        wanted = [(number, fields[name]) for name, number in self._number_of.items()]
        self._readers = {
            scope: FieldReader(namespace, [(number, field) for number, field in wanted if field.scope == scope])
            for scope in (HEADER, PARENT, ENTRY, GROUP, DETAIL, BALANCE)
        }
        self._charges = {
            scope: ChargeReader(namespace, [(number, field) for number, field in wanted if field.scope == scope])
            for scope in (ENTRY, DETAIL)
        }
        paths = [path for field in fields.values() if field.scope == PARENT for path in field.paths]
        self._kept = {self.tag(name) for name in (*(path.split("/")[0] for path in paths), *_TOTALS)}
        self.checks = TotalChecks(namespace, stream.refuse)
        self.bare_entries = 0
        self._parents = 0
        self._header: Element | None = None
        self._sums, self._all = Sums(), Sums()
        self._above: tuple[Texts, list[RecordFault]] | None = None

    def tag(self, name: str) -> str:
        """Return the tag of an element of the message."""
        return f"{{{self._namespace}}}{name}"

    def record_at(self, tags: list[str]) -> str | None:
        """Return the type of the record that begins with an element, whose tags from the root are given."""
        if tags[2] != self.tag(self._shape.parent):
            return None
        if len(tags) == 3:  # noqa: PLR2004 - the depth of a statement
            return "statement" if self._shape.parent == "Stmt" else None
        if tags[3:] == [self.tag("Bal")]:
            return "balance"
        if tags[3] != self.tag(self._shape.entry):
            return None
        if len(tags) == 4:  # noqa: PLR2004 - the depth of an entry
            return "entry" if self._shape.entry == "Ntry" else "payment"
        return "transaction" if tags[4:] == [self.tag("NtryDtls"), self.tag("TxDtls")] else None

    def is_in_parent(self, tags: list[str]) -> bool:
        """Whether an element below these tags is a child of a statement or batch."""
        return tags[-1] == self.tag(self._shape.parent)

    def begin_parent(self) -> None:
        """Begin a statement or batch."""
        if self._header is None:
            raise self._stream.refuse(f"{self._shape.header} does not come first", _WHOLE)
        self._parents += 1
        self._sums, self._above = Sums(), None

    def end_child(self, element: Element, parent: Element) -> Iso20022Records.Found:
        """Read an entry or payment, and drop what is not needed later. Raises LegacyFileError."""
        if element.tag == self.tag(self._shape.entry):
            found = self._end_entry(element, parent)
            parent.remove(element)
            return found
        if element.tag not in self._kept:
            parent.remove(element)
        elif self._sums.count:
            name = element.tag.rpartition("}")[2]
            raise self._stream.refuse(f"{self._where}: {name} comes after its first {self._shape.entry}", _WHOLE)
        return []

    def end_part(self, element: Element) -> Iso20022Records.Found:
        """End the header, a statement or a batch, and return its statements and balances. Raises LegacyFileError."""
        if element.tag == self.tag(self._shape.header):
            if self._header is not None:
                raise self._stream.refuse(f"{self._shape.header} is there twice", _WHOLE)
            self._header = element
        if element.tag != self.tag(self._shape.parent):
            return []
        where = self._where
        if self._shape.entry == "Ntry":
            balances = [self._balance(each) for each in element.findall(self.tag("Bal"))]
            self.checks.check_balances(where, balances, self._sums, is_required=self._required)
            self.checks.check_summary(where, element, self._sums)
            return self._statement(element, balances)
        self.checks.check(f"{where}: NbOfTxs", element, "NbOfTxs", Decimal(self._sums.count))
        self.checks.check(f"{where}: CtrlSum", element, "CtrlSum", self._sums.total)
        return []

    def end_body(self) -> None:
        """Compare the totals of the header with all batches. Raises LegacyFileError."""
        if self._header is None:
            raise self._stream.refuse(f"the message has no {self._shape.header}", _WHOLE)
        if self._shape.entry != "Ntry":
            self.checks.check("GrpHdr: NbOfTxs", self._header, "NbOfTxs", Decimal(self._all.count))
            self.checks.check("GrpHdr: CtrlSum", self._header, "CtrlSum", self._all.total)

    @property
    def _where(self) -> str:
        return f"{self._shape.parent} {self._parents}"

    def _one(self, element: Element, *paths: str) -> str | None:
        """Return the text at the first path that has one; None if there are several."""
        for path in paths:
            found = find_all(element, path, self._namespace)
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def _movement(self, element: Element, where: str) -> Movement:
        amount_at = ("Amt",) if self._shape.entry == "Ntry" else ("Amt/InstdAmt", "Amt/EqvtAmt/Amt")
        amount = amount_of(self._one(element, *amount_at))
        side = self._one(element, "CdtDbtInd") if self._shape.entry == "Ntry" else CREDIT
        if amount is None:
            raise self._stream.refuse(f"{where} has no readable amount ({' or '.join(amount_at)})", _AMOUNT_WRITTEN)
        if side not in {CREDIT, DEBIT}:
            raise self._stream.refuse(f"{where} has no readable side (CdtDbtInd)", f"{CREDIT} or {DEBIT}")
        currency = self._one(element, *(f"{path}/@Ccy" for path in amount_at)) or ""
        return Movement(amount, side == CREDIT, self._one(element, "Sts/Cd", "Sts") == BOOKED, currency)

    def _balance(self, element: Element) -> Balance:
        moved = self._movement(element, f"{self._where}: a balance")
        day = day_of(self._one(element, "Dt/Dt", "Dt/DtTm") or "")
        kind = self._one(element, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry") or ""
        return Balance(kind, day, moved.signed, moved.currency)

    def _end_entry(self, element: Element, parent: Element) -> Iso20022Records.Found:
        number = self._sums.count + 1
        where = f"{self._where}, {self._shape.entry} {number}"
        moved = self._movement(element, where)
        self._sums.add(moved)
        self._all.add(moved)
        groups = element.findall(self.tag("NtryDtls"))
        details = [(group, detail) for group in groups for detail in group.findall(self.tag("TxDtls"))]
        for group in groups:
            inside = group.findall(self.tag("TxDtls"))
            if inside:
                self.checks.check(f"{where}: Btch/NbOfTxs", group, "Btch/NbOfTxs", Decimal(len(inside)))
                self._check_batch_amount(where, group, inside, moved)
        if self._record not in {"entry", "transaction", "payment"}:
            return []
        if not details:
            self.bare_entries += 1
        texts, faults = self._texts_above(parent)
        self._readers[ENTRY].read(element, texts, faults)
        self._charges[ENTRY].read(element, texts, faults)
        self._put(texts, "entry_number", str(number))
        self._put(texts, "payment_number", str(number))
        self._put(texts, "transaction_count", str(len(details)))
        if self._record != "transaction":
            self._put(texts, "signed_amount", write_amount(moved.signed))
            return [(element, tuple(faults) or texts)]
        if not details:
            self._readers[GROUP].read_all(groups, texts, faults)
            return [(element, self._detail(None, 0, moved, texts, faults, is_only=True))]
        found: Iso20022Records.Found = []
        for at, (group, detail) in enumerate(details, 1):
            own, own_faults = list(texts), list(faults)
            self._readers[GROUP].read(group, own, own_faults)
            found.append((detail, self._detail(detail, at, moved, own, own_faults, is_only=len(details) == 1)))
        return found

    def _check_batch_amount(self, where: str, group: Element, details: list[Element], entry: Movement) -> None:
        """Compare the amount of a batch with its transactions, if all have one of its currency and of one side."""
        amounts = [amount_of(self._one(detail, *_AMOUNT_PATHS)) for detail in details]
        currencies = {self._one(detail, *_CURRENCY_PATHS) for detail in details}
        own = CREDIT if entry.is_credit else DEBIT
        sides = {self._one(detail, "CdtDbtInd") or own for detail in details}
        stated = set(find_all(group, "Btch/TtlAmt/@Ccy", self._namespace))
        known = [amount for amount in amounts if amount is not None]
        if len(known) == len(details) and currencies == stated and len(sides) == 1:
            self.checks.check(f"{where}: Btch/TtlAmt", group, "Btch/TtlAmt", sum_amounts(known))

    def _detail(
        self,
        element: Element | None,
        number: int,
        entry: Movement,
        texts: Texts,
        faults: list[RecordFault],
        *,
        is_only: bool,
    ) -> Texts | tuple[RecordFault, ...]:
        """Add the texts of a transaction to those above; what it does not say is its entry's, if it is the only one."""
        amount, side, currency = None, None, None
        if element is not None:
            self._readers[DETAIL].read(element, texts, faults)
            self._charges[DETAIL].read(element, texts, faults)
            self._put(texts, "transaction_number", str(number))
            stated = self._one(element, *_AMOUNT_PATHS)
            amount = amount_of(stated)
            if stated is not None and amount is None:
                faults.append(RecordFault("amount", "cannot be read as an amount"))
            side = self._one(element, "CdtDbtInd")
            currency = self._one(element, *_CURRENCY_PATHS)
        if side not in {CREDIT, DEBIT, None}:
            faults.append(RecordFault("credit_debit", f"is neither {CREDIT} nor {DEBIT}"))
        if amount is None and is_only:
            amount, currency = entry.amount, entry.currency
            if "currency" in self._number_of and not is_of_schema("@Ccy", currency):
                faults.append(RecordFault("currency", NOT_OF_SCHEMA))
        is_credit = entry.is_credit if side is None else side == CREDIT
        self._put(texts, "credit_debit", CREDIT if is_credit else DEBIT)
        self._put(texts, "currency", currency)
        if amount is not None:
            self._put(texts, "amount", write_amount(amount))
            self._put(texts, "signed_amount", write_amount(signed_amount(amount, is_credit=is_credit)))
        return tuple(faults) or texts

    def _statement(self, element: Element, balances: list[Balance]) -> Iso20022Records.Found:
        if self._record == "statement":
            texts, faults = self._texts_above(element)
            opening, closing = opening_and_closing(balances)
            for name, balance in (("opening", opening), ("closing", closing)):
                if balance is not None:
                    self._put(texts, f"{name}_date", balance.day or None)
                    self._put(texts, f"{name}_balance", write_amount(balance.signed))
            self._put(texts, "entry_count", str(self._sums.count))
            return [(element, tuple(faults) or texts)]
        if self._record != "balance":
            return []
        found: Iso20022Records.Found = []
        for each, balance in zip(element.findall(self.tag("Bal")), balances, strict=True):
            texts, faults = self._texts_above(element)
            self._readers[BALANCE].read(each, texts, faults)
            self._put(texts, "signed_amount", write_amount(balance.signed))
            found.append((each, tuple(faults) or texts))
        return found

    def _texts_above(self, parent: Element) -> tuple[Texts, list[RecordFault]]:
        """Return copies of the texts and faults of the header and of the statement or batch."""
        if self._above is None:
            texts: Texts = [None] * len(self._number_of)
            faults: list[RecordFault] = []
            if self._header is not None:
                self._readers[HEADER].read(self._header, texts, faults)
            self._readers[PARENT].read(parent, texts, faults)
            self._above = texts, faults
        return list(self._above[0]), list(self._above[1])

    def _put(self, texts: Texts, name: str, text: str | None) -> None:
        if name in self._number_of:
            texts[self._number_of[name]] = text
