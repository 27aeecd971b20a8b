"""The bookings of one month: orders, income, cash, cards, and the bank's own bookings.

Each function returns a `Batch` without balances; `ledger` sorts them into booking order and computes the
balances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demo_bank import published
from demo_bank.attrition import income_left
from demo_bank.calendar_days import MONTH_STARTS
from demo_bank.kinds import KIND_OF_SYMBOL, SIGNS, Kind
from demo_bank.standing import NO_TRANSFER, PENSION, UVER, Habits, Orders

if TYPE_CHECKING:
    from demo_bank.draws import FloatArray, IntArray
    from demo_bank.lending import Cards
    from demo_bank.population import Accounts

NO_BANK = len(published.BANKS)  # position past the last code: absent
ABSENT = -1
FEES = np.array([round(10 * fee) for fee in published.STATEMENT_FEES.values()], dtype=np.int64)
INTEREST_A_MONTH = 0.0042  # median interest over median balance, published transaction table
MOST_DEPOSITS, MOST_WITHDRAWALS, MOST_CARD_CASH = 7, 8, 5
CARD_CASH_A_MONTH = 0.57
LITTLE = 20_000  # tenths: with less, no cash is drawn, except by accounts that overdraw
UNDOCUMENTED = 0.063  # 16,666 of the withdrawals have the type VYBER


@dataclass(frozen=True, slots=True)
class Batch:
    """Bookings in columns: account position, day number, kind, amount in tenths, counterparty."""

    account: IntArray
    day: IntArray
    kind: IntArray
    amount: IntArray
    bank: IntArray
    counterparty: IntArray

    def where(self, keep: np.ndarray[tuple[int], np.dtype[np.bool_ | np.int64]]) -> Batch:
        """Return the bookings selected by a mask or by positions."""
        return Batch(*(getattr(self, name)[keep] for name in Batch.__slots__))


def join(batches: list[Batch]) -> Batch:
    """Return all bookings of several batches."""
    return Batch(*(np.concatenate([getattr(batch, name) for batch in batches]) for name in Batch.__slots__))


def plain(account: IntArray, day: IntArray, kind: IntArray | int, amount: IntArray) -> Batch:
    """Return bookings without counterparty."""
    absent = np.full(len(account), ABSENT, dtype=np.int64)
    kinds = np.broadcast_to(np.asarray(kind, dtype=np.int64), account.shape)
    return Batch(account, day, kinds, amount, np.full(len(account), NO_BANK, dtype=np.int64), absent)


def signed_totals(batch: Batch, count: int) -> FloatArray:
    """Return the signed sum of the bookings of each account."""
    signed = (batch.amount * SIGNS[batch.kind]).astype(np.float64)
    return np.bincount(batch.account, weights=signed, minlength=count).astype(np.float64, copy=False)


def signed_debits(batch: Batch, count: int) -> FloatArray:
    """Return the signed sum of the debits of each account, at most 0."""
    debits = np.minimum(batch.amount * SIGNS[batch.kind], 0).astype(np.float64)
    return np.bincount(batch.account, weights=debits, minlength=count).astype(np.float64, copy=False)


def openings(rng: np.random.Generator, accounts: Accounts, month: int) -> Batch:
    """Return the first deposit of each account that opens in the month: 200 to 1,100 crowns."""
    opens = (accounts.opened >= MONTH_STARTS[month]) & (accounts.opened < MONTH_STARTS[month + 1])
    account = np.flatnonzero(opens).astype(np.int64)
    return plain(account, accounts.opened[account], Kind.OPENING, 1000 * rng.integers(2, 12, len(account)))


def standing_orders(rng: np.random.Generator, orders: Orders, month: int, balance: IntArray) -> Batch:
    """Return the payments of the standing orders that run; without funds only loan payments are taken."""
    runs = (orders.first_month <= month) & (month < orders.end_month)
    due = np.bincount(orders.account, weights=orders.amount * runs, minlength=len(balance))
    runs &= (balance > due)[orders.account] | (orders.symbol == UVER)
    runs &= rng.random(len(runs)) >= orders.missed
    return Batch(
        account=orders.account[runs],
        day=MONTH_STARTS[month] + orders.day[runs] - 1,
        kind=KIND_OF_SYMBOL[orders.symbol[runs]],
        amount=orders.amount[runs],
        bank=orders.bank[runs],
        counterparty=orders.account_to[runs],
    )


def transfers_in(accounts: Accounts, habits: Habits, month: int) -> Batch:
    """Return pensions and salaries, from the first pay day after the account was opened."""
    day = MONTH_STARTS[month] + habits.transfer_day - 1
    account = np.flatnonzero((habits.transfer != NO_TRANSFER) & (day > accounts.opened)).astype(np.int64)
    return Batch(
        account=account,
        day=day[account],
        kind=np.where(habits.transfer[account] == PENSION, Kind.PENSION, Kind.TRANSFER_IN).astype(np.int64),
        amount=_crowns(habits.transfer_amount * income_left(habits.leaves, month))[account],
        bank=habits.transfer_bank[account],
        counterparty=habits.transfer_account[account],
    )


def deposits(rng: np.random.Generator, accounts: Accounts, habits: Habits, month: int) -> Batch:
    """Return cash paid in: a third of the amounts in whole hundreds, as published."""
    account = _repeat(rng, habits.deposits_a_month, accounts.opened < MONTH_STARTS[month + 1], MOST_DEPOSITS)
    size = habits.deposit_size * income_left(habits.leaves, month)
    crowns = size[account] * rng.lognormal(-0.18, 0.6, len(account))
    exact = crowns.clip(100, 49_992).astype(np.int64)
    amount = 10 * np.where(rng.random(len(account)) < 1 / 3, exact // 100 * 100, exact)
    return _after_opening(plain(account, _days(rng, len(account), month), Kind.CASH_IN, amount), accounts)


def withdrawals(
    rng: np.random.Generator,
    accounts: Accounts,
    habits: Habits,
    month: int,
    available: FloatArray,
    safe: FloatArray,
) -> Batch:
    """Return cash drawn: part of what exceeds the account's target balance, in one or more parts.

    `available` is the month's end balance without cash drawn; `safe` is the minimum for any order of credits.
    """
    safe = np.where(habits.target_balance < LITTLE, available, safe)
    has_cash = (accounts.opened < MONTH_STARTS[month + 1]) & (
        safe > np.minimum(LITTLE, habits.target_balance)
    )
    account = _repeat(rng, habits.withdrawals_a_month, has_cash, MOST_WITHDRAWALS)
    weight = rng.gamma(1.5, 1.0, len(account))
    whole = np.bincount(account, weights=weight, minlength=len(accounts))[account]
    excess = np.maximum(np.minimum(available - habits.target_balance, safe), 0.0)[account] * 0.85
    tenths = np.maximum(weight / whole * excess, 2000 * weight).clip(1000, 765_000)
    draw = rng.random(len(account))
    by_hand = draw < habits.posted_by_hand[account]
    undocumented = ~by_hand & (draw > 1 - 2 * UNDOCUMENTED) & (tenths > 20_020) & (tenths < 249_710)  # noqa: PLR2004
    kind = np.where(undocumented, Kind.CASH_OUT_UNDOCUMENTED, Kind.CASH_OUT)
    zero_kinds = np.array(
        [Kind.CASH_OUT_ZERO] * 15 + [Kind.CASH_OUT_ZERO_HOUSEHOLD] * 4 + [Kind.CASH_OUT_ZERO_BLANK]
    )
    kind = np.where(by_hand, zero_kinds[rng.integers(0, len(zero_kinds), len(account))], kind).astype(
        np.int64
    )
    unit = np.where(undocumented, 10, np.where(rng.random(len(account)) < 0.8, 1000, 100))  # noqa: PLR2004
    amount = tenths.astype(np.int64) // unit * unit
    batch = plain(account, _days(rng, len(account), month), kind, amount)
    batch.counterparty[by_hand] = 0
    return _after_opening(batch, accounts)


def card_cash(rng: np.random.Generator, cards: Cards, month: int) -> Batch:
    """Return cash drawn with cards after their issue, in hundreds, counterparty account `0`."""
    issued = cards.issued < MONTH_STARTS[month + 1]
    card = _repeat(rng, np.full(len(issued), CARD_CASH_A_MONTH), issued, MOST_CARD_CASH)
    day = _days(rng, len(card), month)
    amount = 1000 * np.exp(rng.normal(3.0, 0.75, len(card))).clip(1, 66).astype(np.int64)
    batch = plain(cards.account[card], day, Kind.CARD_CASH, amount)
    batch.counterparty[:] = 0
    return batch.where(day > cards.issued[card])


def month_end(
    rng: np.random.Generator,
    accounts: Accounts,
    habits: Habits,
    month: int,
    mean: FloatArray,
    overdrawn: IntArray,
) -> Batch:
    """Return interest on the mean balance, penalty on last month's overdraft, and the statement fee."""
    last = int(MONTH_STARTS[month + 1]) - 1
    open_now = accounts.opened < last
    interest = np.where(open_now, (mean * INTEREST_A_MONTH).astype(np.int64), 0)
    penalty = np.where(open_now & (overdrawn > 0), np.maximum(overdrawn // 400, 1), 0)
    pays_fee = (month >= habits.fees_from) & (rng.random(len(accounts)) < 0.89)  # noqa: PLR2004
    fee = np.where(pays_fee & open_now, FEES[accounts.frequency], 0)
    batches = []
    for kind, amount in ((Kind.INTEREST, interest), (Kind.PENALTY, penalty), (Kind.FEE, fee)):
        account = np.flatnonzero(amount > 0).astype(np.int64)
        batches.append(plain(account, np.full(len(account), last, dtype=np.int64), kind, amount[account]))
    return join(batches)


def _repeat(
    rng: np.random.Generator, rate: FloatArray, who: np.ndarray[tuple[int], np.dtype[np.bool_]], most: int
) -> IntArray:
    times = np.where(who, np.minimum(rng.poisson(rate), most), 0)
    return np.repeat(np.arange(len(rate), dtype=np.int64), times)


def _crowns(tenths: FloatArray) -> IntArray:
    """Return amounts in tenths as whole crowns, at least one, still in tenths."""
    return 10 * np.maximum(tenths / 10, 1).astype(np.int64)


def _days(rng: np.random.Generator, count: int, month: int) -> IntArray:
    return rng.integers(MONTH_STARTS[month], MONTH_STARTS[month + 1], count)


def _after_opening(batch: Batch, accounts: Accounts) -> Batch:
    return batch.where(batch.day > accounts.opened[batch.account])
