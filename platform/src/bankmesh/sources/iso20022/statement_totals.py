"""The totals that ISO 20022 messages state: balances, transaction summaries, batches, and control sums of payments."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import reduce
from typing import TYPE_CHECKING

from bankmesh.sources.iso20022.element_values import amount_of, find_all
from bankmesh.sources.iso20022.message_paths import HEADER, PARENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from xml.etree.ElementTree import Element

    from bankmesh.errors import LegacyFileError

CREDIT, DEBIT = "CRDT", "DBIT"
BOOKED = "BOOK"
OPENING, CLOSING, INTERIM = ("OPBD", "PRCD"), ("CLBD",), "ITBD"
CHECKED_PATHS = {
    HEADER: ("NbOfTxs", "CtrlSum"),
    PARENT: (
        "NbOfTxs", "CtrlSum", "TxsSummry/TtlNtries/NbOfNtries", "TxsSummry/TtlNtries/Sum",
        "TxsSummry/TtlNtries/TtlNetNtryAmt", "TxsSummry/TtlNtries/TtlNetNtry/Amt", "TxsSummry/TtlNtries/CdtDbtInd",
        "TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd", "TxsSummry/TtlCdtNtries/NbOfNtries", "TxsSummry/TtlCdtNtries/Sum",
        "TxsSummry/TtlDbtNtries/NbOfNtries", "TxsSummry/TtlDbtNtries/Sum",
    ),
}  # fmt: skip
"""Totals that are verified wherever a message has them, by scope."""

_EXACT = Context(prec=100)
_AGREE = "a whole message whose totals agree with its records"


def signed_amount(amount: Decimal, *, is_credit: bool) -> Decimal:
    """Return an amount with the sign of its side: all digits of it, where `-amount` keeps 28; zero has no sign."""
    return amount if is_credit or not amount else amount.copy_negate()


def sum_amounts(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    return reduce(_EXACT.add, amounts, Decimal(0))


@dataclass(frozen=True)
class Movement:
    """What an entry adds to its statement: an amount with its side; `is_booked` ones change the balance."""

    amount: Decimal
    is_credit: bool
    is_booked: bool
    currency: str

    @property
    def signed(self) -> Decimal:
        """The amount, negative if it lowers the balance."""
        return signed_amount(self.amount, is_credit=self.is_credit)


@dataclass(frozen=True)
class Balance:
    """A balance of a statement."""

    type: str
    day: str
    signed: Decimal
    currency: str


@dataclass
class Sums:
    """Counts and exact sums of the entries of one statement, or of the payments of one batch or message."""

    count: int = 0
    total: Decimal = Decimal(0)
    credits: int = 0
    credit_total: Decimal = Decimal(0)
    booked: Decimal = Decimal(0)
    currencies: set[str] = field(default_factory=set)

    def add(self, moved: Movement) -> None:
        """Add an entry."""
        self.count += 1
        self.total = _EXACT.add(self.total, moved.amount)
        self.currencies.add(moved.currency)
        if moved.is_credit:
            self.credits += 1
            self.credit_total = _EXACT.add(self.credit_total, moved.amount)
        if moved.is_booked:
            self.booked = _EXACT.add(self.booked, moved.signed)


class TotalChecks:
    """Compares totals that a message states with its records, and counts those that agree.

    `refuse` makes the error for a problem and what is expected. No message holds an amount: it may be confidential.
    """

    def __init__(self, namespace: str, refuse: Callable[[str, str], LegacyFileError]) -> None:
        """Check messages of a namespace."""
        self.agreed = 0
        self._namespace, self._refuse = namespace, refuse

    def check_balances(self, where: str, balances: list[Balance], sums: Sums, *, is_required: bool) -> None:
        """Require that opening balance and booked entries give the closing balance. Raises LegacyFileError."""
        for kind in (*OPENING, *CLOSING):
            if sum(balance.type == kind for balance in balances) > 1:
                raise self._refuse(f"{where} has several balances {kind}", "one of each")
        opening, closing = opening_and_closing(balances)
        if opening is None or closing is None:
            if is_required:
                lacking = "opening" if opening is None else "closing"
                expected = "balances OPBD (or PRCD) and CLBD, or `require_balances: false` in the format"
                raise self._refuse(f"{where} has no {lacking} booked balance", expected)
            return
        if {opening.currency, closing.currency} | sums.currencies != {opening.currency}:
            raise self._refuse(
                f"{where} has entries or balances of several currencies", "those of its account's currency"
            )
        if _EXACT.add(opening.signed, sums.booked) != closing.signed:
            problem = f"{where}: opening balance and booked entries do not give the closing balance"
            raise self._refuse(problem, _AGREE)
        self.agreed += 1

    def check_summary(self, where: str, statement: Element, sums: Sums) -> None:
        """Compare a transaction summary with the entries. Raises LegacyFileError."""
        debits, debit_total = sums.count - sums.credits, _EXACT.subtract(sums.total, sums.credit_total)
        net = _EXACT.subtract(sums.credit_total, debit_total)
        expected = [
            ("TtlNtries/NbOfNtries", Decimal(sums.count)), ("TtlNtries/Sum", sums.total),
            ("TtlCdtNtries/NbOfNtries", Decimal(sums.credits)), ("TtlCdtNtries/Sum", sums.credit_total),
            ("TtlDbtNtries/NbOfNtries", Decimal(debits)), ("TtlDbtNtries/Sum", debit_total),
            ("TtlNtries/TtlNetNtryAmt", net.copy_abs()), ("TtlNtries/TtlNetNtry/Amt", net.copy_abs()),
        ]  # fmt: skip
        for path, found in expected:
            self.check(f"{where}: TxsSummry/{path}", statement, f"TxsSummry/{path}", found)
        for path in ("TtlNtries/CdtDbtInd", "TtlNtries/TtlNetNtry/CdtDbtInd"):
            for side in find_all(statement, f"TxsSummry/{path}", self._namespace):
                if net and side != (CREDIT if net > 0 else DEBIT):
                    raise self._refuse(f"{where}: TxsSummry/{path} is not the side of the net amount", _AGREE)

    def check(self, where: str, element: Element, path: str, found: Decimal) -> None:
        """Compare each number at a path with what was found. Raises LegacyFileError."""
        for text in find_all(element, path, self._namespace):
            stated = amount_of(text.removeprefix("+"))
            if stated is None:
                raise self._refuse(f"{where} is no number", _AGREE)
            if stated != found:
                raise self._refuse(f"{where} does not agree with the records", _AGREE)
            self.agreed += 1


def opening_and_closing(balances: list[Balance]) -> tuple[Balance | None, Balance | None]:
    """Return the booked balances between which a statement's entries are.

    Pages of a statement have interim balances in their place: the first that is not closing opens, the last closes.
    """
    interim = [balance for balance in balances if balance.type == INTERIM]
    opening = next((balance for kind in OPENING for balance in balances if balance.type == kind), None)
    closing = next((balance for kind in CLOSING for balance in balances if balance.type == kind), None)
    if opening is None and interim:
        opening = interim.pop(0)
    if closing is None and interim:
        closing = interim.pop()
    return opening, closing
