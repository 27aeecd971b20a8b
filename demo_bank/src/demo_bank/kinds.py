"""The kinds of booking and their codes in the core-banking system: type, operation, k_symbol.

`VYBER` as a type is the undocumented third value of the real export. All three kinds of missing values
occur: an absent counterparty, the empty string and the single blank in k_symbol, and the counterparty
account `0` without bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from demo_bank.draws import IntArray


class Kind(IntEnum):
    """Kinds of booking, in the order of `SPELLINGS`."""

    INTEREST = 0
    PENALTY = 1
    FEE = 2
    PENSION = 3
    TRANSFER_IN = 4
    HOUSEHOLD = 5
    OTHER_ORDER = 6
    INSURANCE = 7
    LEASING = 8
    LOAN_PAYMENT = 9
    CASH_IN = 10
    CASH_OUT = 11
    CASH_OUT_UNDOCUMENTED = 12
    CASH_OUT_ZERO = 13
    CASH_OUT_ZERO_BLANK = 14
    CASH_OUT_ZERO_HOUSEHOLD = 15
    CARD_CASH = 16
    OPENING = 17


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one kind is written; `rank` orders a day's bookings: month-end bookings come first."""

    type: str
    operation: str
    k_symbol: str
    rank: int = 3
    zero_account: bool = False

    @property
    def is_credit(self) -> bool:
        """Whether the booking adds to the balance."""
        return self.type == "PRIJEM"


SPELLINGS: Final = (
    Spelling("PRIJEM", "", "UROK", rank=0),
    Spelling("VYDAJ", "VYBER", "SANKC. UROK", rank=1),
    Spelling("VYDAJ", "VYBER", "SLUZBY", rank=2),
    Spelling("PRIJEM", "PREVOD Z UCTU", "DUCHOD"),
    Spelling("PRIJEM", "PREVOD Z UCTU", ""),
    Spelling("VYDAJ", "PREVOD NA UCET", "SIPO"),
    Spelling("VYDAJ", "PREVOD NA UCET", " "),
    Spelling("VYDAJ", "PREVOD NA UCET", "POJISTNE"),
    Spelling("VYDAJ", "PREVOD NA UCET", ""),
    Spelling("VYDAJ", "PREVOD NA UCET", "UVER"),
    Spelling("PRIJEM", "VKLAD", ""),
    Spelling("VYDAJ", "VYBER", ""),
    Spelling("VYBER", "VYBER", ""),
    Spelling("VYDAJ", "VYBER", "", zero_account=True),
    Spelling("VYDAJ", "VYBER", " ", zero_account=True),
    Spelling("VYDAJ", "VYBER", "SIPO", zero_account=True),
    Spelling("VYDAJ", "VYBER KARTOU", "", zero_account=True),
    Spelling("PRIJEM", "VKLAD", "", rank=0),
)
SIGNS: Final[IntArray] = np.array([1 if s.is_credit else -1 for s in SPELLINGS], dtype=np.int64)
RANKS: Final[IntArray] = np.array([s.rank for s in SPELLINGS], dtype=np.int64)
ZERO_ACCOUNT: Final = np.array([s.zero_account for s in SPELLINGS])
KIND_OF_SYMBOL: Final[IntArray] = np.array(
    [Kind.HOUSEHOLD, Kind.OTHER_ORDER, Kind.INSURANCE, Kind.LEASING, Kind.LOAN_PAYMENT], dtype=np.int64
)
"""Kind of the bookings of a standing order, by position in `standing.SYMBOLS`; leasing loses its symbol."""
