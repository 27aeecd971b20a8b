"""Balances of all accounts, month by month: the only state, so memory does not grow with the years.

A month's bookings are sorted into booking order, which is neither the order of the file nor that of the ids.
Rounding works as in the real export: interest changes the balance by up to a tenth more or less than its
printed amount. Interest is the first booking of its day, so within a day every balance is the one before
plus the signed amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demo_bank import bookings
from demo_bank.calendar_days import MONTHS
from demo_bank.draws import BoolArray, IntArray, stream
from demo_bank.kinds import RANKS, SIGNS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo_bank.bookings import Batch
    from demo_bank.lending import Cards
    from demo_bank.population import Accounts
    from demo_bank.standing import Habits, Orders

LARGEST_DRIFT = 8  # tenths; published: sums agree with balances within 1.00
ROUNDING_SHARE = 0.25  # of interest bookings that carry a tenth


@dataclass(slots=True)
class State:
    """Per account, in tenths: balance, its drift against the printed amounts, last month's overdraft."""

    balance: IntArray
    drift: IntArray
    overdrawn: IntArray

    @classmethod
    def empty(cls, count: int) -> State:
        """Return the state before the first booking."""
        return cls(*(np.zeros(count, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class Month:
    """One month's bookings by account and in booking order, with the balance after each."""

    bookings: Batch
    balance: IntArray


def months(seed: int, accounts: Accounts, habits: Habits, orders: Orders, cards: Cards) -> Iterator[Month]:
    """Yield the bookings of each month from January 1993 to December 1998."""
    state = State.empty(len(accounts))
    for month in range(MONTHS):
        rng = stream(seed, f"month {month}")
        due = _due(rng, month, accounts, habits, orders, cards, state)
        yield post(rng, due, state)


def _due(
    rng: np.random.Generator,
    month: int,
    accounts: Accounts,
    habits: Habits,
    orders: Orders,
    cards: Cards,
    state: State,
) -> Batch:
    known = bookings.join(
        [
            bookings.openings(rng, accounts, month),
            bookings.standing_orders(rng, orders, month, state.balance),
            bookings.transfers_in(accounts, habits, month),
            bookings.deposits(rng, accounts, habits, month),
            bookings.card_cash(rng, cards, month),
        ]
    )
    available = state.balance + bookings.signed_totals(known, len(accounts))
    safe = state.balance + bookings.signed_debits(known, len(accounts))
    cash = bookings.withdrawals(rng, accounts, habits, month, available, safe)
    end = available + bookings.signed_totals(cash, len(accounts))
    mean = np.maximum((state.balance + end) / 2, 0.0)
    return bookings.join(
        [known, cash, bookings.month_end(rng, accounts, habits, month, mean, state.overdrawn)]
    )


def post(rng: np.random.Generator, due: Batch, state: State) -> Month:
    """Sort bookings, compute the balances, and update the state.

    A booking that would return an account to a balance that it had earlier that day is not accepted, since
    the closing balance of the day could then not be distinguished from the earlier one.
    """
    ordered = due.where(booking_order(rng, due))
    extra = _rounding(rng, ordered, state)
    while True:
        balance = running_balance(ordered, extra, state.balance)
        refused = returns_to_earlier_balance(ordered, balance)
        if not refused.any():
            break
        ordered, extra = ordered.where(~refused), extra[~refused]
    _move_on(state, ordered, extra, balance)
    return Month(ordered, balance)


def booking_order(rng: np.random.Generator, due: Batch) -> IntArray:
    """Return positions by account, day, rank of the kind, and chance."""
    chance = rng.integers(0, 1 << 12, len(due.account))
    key = (((due.account << 12 | due.day) << 2 | RANKS[due.kind]) << 12) | chance
    return np.argsort(key, kind="stable").astype(np.int64)


def _rounding(rng: np.random.Generator, ordered: Batch, state: State) -> IntArray:
    """Return the tenth by which each booking moves the balance beyond its amount; only interest does."""
    extra = np.zeros(len(ordered.account), dtype=np.int64)
    at = np.flatnonzero(ordered.kind == Kind.INTEREST)
    tenth = rng.integers(0, 2, len(at)) * 2 - 1
    carries = rng.random(len(at)) < ROUNDING_SHARE
    inside = np.abs(state.drift[ordered.account[at]] + tenth) <= LARGEST_DRIFT
    extra[at] = np.where(carries & inside, tenth, 0)
    return extra


def starts(values: IntArray) -> BoolArray:
    """Mark the first of each run of equal values."""
    first = np.ones(len(values), dtype=np.bool_)
    first[1:] = values[1:] != values[:-1]
    return first


def running_balance(ordered: Batch, extra: IntArray, opening: IntArray) -> IntArray:
    """Return the balance after each booking; `ordered` is by account and in booking order."""
    moved = ordered.amount * SIGNS[ordered.kind] + extra
    total = np.cumsum(moved)
    first = np.flatnonzero(starts(ordered.account))
    before_account = total[first] - moved[first]
    lengths = np.diff(np.append(first, len(total)))
    return np.asarray(
        total + np.repeat(opening[ordered.account[first]] - before_account, lengths), dtype=np.int64
    )


def returns_to_earlier_balance(ordered: Batch, balance: IntArray) -> BoolArray:
    """Mark the last booking of a day if its balance is also the balance before a booking that day."""
    first = np.flatnonzero(starts(ordered.account << 12 | ordered.day))
    lengths = np.diff(np.append(first, len(balance)))
    last = first + lengths - 1
    before = balance - ordered.amount * SIGNS[ordered.kind]
    clash = before == np.repeat(balance[last], lengths)
    refused = np.zeros(len(balance), dtype=np.bool_)
    if len(first):
        refused[last] = np.logical_or.reduceat(clash, first)
    return refused


def _move_on(state: State, ordered: Batch, extra: IntArray, balance: IntArray) -> None:
    if not len(balance):
        return
    first = np.flatnonzero(starts(ordered.account))
    last = np.append(first[1:], len(balance)) - 1
    account = ordered.account[last]
    state.balance[account] = balance[last]
    state.drift[account] += np.add.reduceat(extra, first)
    state.overdrawn[:] = 0
    state.overdrawn[account] = np.maximum(-np.minimum.reduceat(balance, first), 0)
