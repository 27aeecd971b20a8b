"""Values of SWIFT fields: dates, amounts with a comma, balances."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from bankmesh.sources.bank_messages.currency_decimals import currency_decimals, whole_amount
from bankmesh.sources.bank_messages.message_records import BadField

_LAST_YEAR_OF_2000S = 79
_MOST_DAYS_APART = 150
_AMOUNT = re.compile(r"([0-9]+),([0-9]*)")
_AMOUNT_LENGTH = 15
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9,]+)")
DEBIT_MARKS = ("D", "RC")


@dataclass(frozen=True, slots=True)
class SwiftAmount:
    """An amount: its text with a point, and its value in ten-thousandths."""

    text: str
    units: int


@dataclass(frozen=True, slots=True)
class SwiftBalance:
    """A balance: its day as an ISO date, its currency, and its amount, negative if in debit."""

    date: str
    currency: str
    amount: SwiftAmount


def read_date(text: str) -> dt.date:
    """Read YYMMDD; years up to 79 are of the 2000s, as SWIFT defines. Raises BadField."""
    year = int(text[:2])
    try:
        return dt.date(year + (2000 if year <= _LAST_YEAR_OF_2000S else 1900), int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise BadField("is no day of the calendar") from None


def read_entry_date(text: str, value_date: dt.date) -> dt.date:
    """Read MMDD as the day of that name next to the value date, over the turn of a year. Raises BadField."""
    days = []
    for year in (value_date.year - 1, value_date.year, value_date.year + 1):
        try:
            days.append(dt.date(year, int(text[:2]), int(text[2:])))
        except ValueError:
            continue
    if not days:
        raise BadField("is no day of the calendar")
    nearest = min(days, key=lambda day: abs(day - value_date))
    if abs(nearest - value_date).days > _MOST_DAYS_APART:
        raise BadField(f"is more than {_MOST_DAYS_APART} days from the value date, so that its year is not known")
    return nearest


def read_amount(text: str, currency: str, *, negative: bool = False) -> SwiftAmount:
    """Read an amount with its comma. Raises BadField also if it has more decimals than the currency."""
    match = _AMOUNT.fullmatch(text)
    if match is None or len(text) > _AMOUNT_LENGTH:
        raise BadField(f"is no amount of at most {_AMOUNT_LENGTH} characters with one comma")
    whole, decimals = match.groups()
    if len(decimals) > currency_decimals(currency):
        raise BadField("has more decimals than its currency")
    units = whole_amount(whole, decimals)
    plain = f"{whole}.{decimals}" if decimals else whole
    return SwiftAmount(f"-{plain}", -units) if negative and units else SwiftAmount(plain, units)


def read_balance(text: str) -> SwiftBalance:
    """Read a balance: mark, date, currency, amount. Raises BadField."""
    match = _BALANCE.fullmatch(text)
    if match is None:
        raise BadField("is no balance: mark, date, currency, amount")
    mark, date, currency, amount = match.groups()
    return SwiftBalance(read_date(date).isoformat(), currency, read_amount(amount, currency, negative=mark == "D"))
