"""Recurring bookings of an account: standing orders, regular income, habits of paying in and drawing cash.

Money is in tenths of a crown throughout, the unit to which the real export rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demo_bank import published
from demo_bank.attrition import leaving_months
from demo_bank.calendar_days import MONTHS, month_of
from demo_bank.draws import BoolArray, FloatArray, IntArray, pick, shuffled_shares, stream
from demo_bank.lending import Loans, first_payment_month

if TYPE_CHECKING:
    from demo_bank.population import Population

SYMBOLS = (*published.ORDER_SYMBOLS, "UVER")
UVER = SYMBOLS.index("UVER")
PAYMENT_DAY = 12  # every loan payment in the published data
NEVER = MONTHS + 1
NO_TRANSFER, PENSION, SALARY = 0, 1, 2
# Median and spread (of the logarithm) of the order amounts by symbol, from the published order table.
AMOUNTS = {"SIPO": (3190, 0.95), " ": (1340, 1.3), "POJISTNE": (630, 1.5), "LEASING": (1951, 0.58)}
LARGEST = {"SIPO": 14_882, " ": 12_541, "POJISTNE": 12_504, "LEASING": 4_970}
LARGEST_SHARE_OF_INCOME = 0.6
LARGEST_LOAN_SHARE = 0.35
LARGEST_INCOME = 42_000
POSTED_BY_HAND = 0.12  # of accounts


@dataclass(frozen=True, slots=True)
class Orders:
    """Standing orders by account; running from `first_month` to before `end_month`, payable on `day`."""

    order_id: IntArray
    account: IntArray
    symbol: IntArray
    amount: IntArray
    bank: IntArray
    account_to: IntArray
    day: IntArray
    first_month: IntArray
    end_month: IntArray
    missed: FloatArray  # share of months without the payment


@dataclass(frozen=True, slots=True)
class Habits:
    """Per account: the regular transfer in, deposits and withdrawals."""

    transfer: IntArray  # NO_TRANSFER, PENSION or SALARY
    transfer_amount: IntArray
    transfer_day: IntArray
    transfer_bank: IntArray
    transfer_account: IntArray
    deposits_a_month: FloatArray
    deposit_size: FloatArray
    withdrawals_a_month: FloatArray
    target_balance: FloatArray
    posted_by_hand: FloatArray  # share of withdrawals with the counterparty `0`
    fees_from: IntArray  # month number
    leaves: IntArray  # last month with the full income, attrition.NEVER for those that stay


def make_orders(population: Population, loans: Loans, seed: int) -> Orders:
    """Draw standing orders: the published number an account, one of them for each loan."""
    rng = stream(seed, "orders")
    count = len(population.accounts)
    how_many = shuffled_shares(rng, published.ORDERS_PER_ACCOUNT, count)
    _give_loans_an_order(rng, how_many, loans.account)
    account = np.repeat(np.arange(count, dtype=np.int64), how_many)
    total = len(account)
    symbol = pick(rng, published.ORDER_SYMBOLS, total)
    start = month_of(population.accounts.opened)[account] + rng.geometric(1 / 6, total)
    orders = Orders(
        order_id=29_400 + np.cumsum(rng.geometric(1 / 2.6, total)),
        account=account,
        symbol=symbol,
        amount=_order_amounts(rng, symbol),
        bank=rng.integers(0, len(published.BANKS), total),
        account_to=rng.integers(1_000_000, 99_999_999, total),
        day=rng.integers(2, 15, total),
        first_month=start,
        end_month=np.full(total, NEVER, dtype=np.int64),
        missed=np.zeros(total),
    )
    _turn_into_loan_payments(rng, orders, loans, np.searchsorted(account, loans.account))
    return orders


def _give_loans_an_order(rng: np.random.Generator, how_many: IntArray, borrowers: IntArray) -> None:
    """Swap counts so that every borrower has at least one order and the totals stay."""
    lacking = borrowers[how_many[borrowers] == 0]
    others = np.setdiff1d(np.flatnonzero(how_many > 0), borrowers)
    givers = rng.permutation(others)[: len(lacking)]
    how_many[lacking] = how_many[givers]
    how_many[givers] = 0


def _order_amounts(rng: np.random.Generator, symbol: IntArray) -> IntArray:
    median = np.array([AMOUNTS[name][0] for name in published.ORDER_SYMBOLS], dtype=np.float64)[symbol]
    spread = np.array([AMOUNTS[name][1] for name in published.ORDER_SYMBOLS])[symbol]
    largest = np.array([LARGEST[name] for name in published.ORDER_SYMBOLS])[symbol]
    amount = np.exp(np.log(median) + spread * rng.standard_normal(len(symbol)))
    tenths = 10 * amount.clip(1, largest).astype(np.int64)
    is_leasing = symbol == SYMBOLS.index("LEASING")
    return tenths + np.where(
        is_leasing, rng.integers(0, 10, len(symbol)) * rng.integers(0, 2, len(symbol)), 0
    )


def _turn_into_loan_payments(rng: np.random.Generator, orders: Orders, loans: Loans, place: IntArray) -> None:
    """Make one order of each borrower the loan's: under half a crown off the loan's whole-crown payment."""
    count = len(place)
    orders.symbol[place] = UVER
    orders.amount[place] = loans.payment * 10 - rng.integers(0, 5, count) * rng.integers(0, 2, count)
    orders.day[place] = PAYMENT_DAY
    orders.first_month[place] = first_payment_month(loans)
    orders.end_month[place] = first_payment_month(loans) + loans.duration
    orders.missed[place] = np.where(np.isin(loans.status, ["B", "D"]), 0.25, 0.0)


def make_habits(population: Population, loans: Loans, orders: Orders, seed: int) -> Habits:
    """Draw how each account earns and spends; orders fit the income, for pensioners by being smaller."""
    rng = stream(seed, "habits")
    accounts = population.accounts
    count = len(accounts)
    transfer = _transfers(rng, population, loans)
    income = _incomes(rng, transfer, orders)
    _fit_orders(orders, income)
    pays_cash_in = transfer == NO_TRANSFER
    borrows = np.isin(np.arange(count), loans.account)
    leaves = leaving_months(
        stream(seed, "attrition"), month_of(accounts.opened), (transfer != PENSION) & ~borrows
    )
    deposits = np.where(pays_cash_in, np.maximum(rng.gamma(9.0, 1.12 / 9.0, count), income / 18_000), 0.05)
    return Habits(
        transfer=transfer,
        transfer_amount=10 * income.astype(np.int64),
        transfer_day=rng.integers(5, 16, count),
        transfer_bank=rng.integers(0, len(published.BANKS), count),
        transfer_account=rng.integers(1_000_000, 99_999_999, count),
        deposits_a_month=deposits,
        deposit_size=np.where(pays_cash_in, income / deposits, 2500.0),
        withdrawals_a_month=0.5 + rng.gamma(3.0, 1.05 / 3.0, count),
        target_balance=_target_balances(rng, income, loans),
        posted_by_hand=np.where(rng.random(count) < POSTED_BY_HAND, 0.5, 0.0),
        fees_from=month_of(accounts.opened) + rng.integers(1, 5, count),
        leaves=leaves,
    )


def _transfers(rng: np.random.Generator, population: Population, loans: Loans) -> IntArray:
    """Give most of those born before 1940 a pension, a quarter of the others a salary by transfer."""
    owner = population.accounts.owner
    old = population.clients.birth_year[owner] < 1940  # noqa: PLR2004
    borrows = np.zeros(len(owner), dtype=np.bool_)
    borrows[loans.account] = True
    draw = rng.random(len(owner))
    pension = old & ~borrows & (draw < 0.92)  # noqa: PLR2004
    salary = ~old & (draw < 0.25)  # noqa: PLR2004
    return np.where(pension, PENSION, np.where(salary, SALARY, NO_TRANSFER)).astype(np.int64)


def _incomes(rng: np.random.Generator, transfer: IntArray, orders: Orders) -> FloatArray:
    """Return crowns per month: pensions in the published range, others above what is due, up to a limit."""
    count = len(transfer)
    pension = rng.integers(4019, 6988, count).astype(np.float64)
    earned = np.exp(np.log(11_000) + 0.65 * rng.standard_normal(count)).clip(2900, LARGEST_INCOME)
    due = _due(orders, orders.symbol >= 0, count) / LARGEST_SHARE_OF_INCOME
    loan = _due(orders, orders.symbol == UVER, count) / LARGEST_LOAN_SHARE
    enough = np.maximum(np.minimum(np.maximum(earned, due), LARGEST_INCOME), loan)
    return np.where(transfer == PENSION, pension, enough)


def _due(orders: Orders, which: BoolArray, count: int) -> FloatArray:
    """Return the crowns a month that the selected orders take from each account."""
    crowns = orders.amount / 10 * which
    return np.bincount(orders.account, weights=crowns, minlength=count).astype(np.float64, copy=False)


def _fit_orders(orders: Orders, income: FloatArray) -> None:
    """Make orders other than loan payments smaller where they exceed what the income allows."""
    is_loan = orders.symbol == UVER
    free = LARGEST_SHARE_OF_INCOME * income - _due(orders, is_loan, len(income))
    factor = np.minimum(1.0, free / np.maximum(_due(orders, ~is_loan, len(income)), 1.0))[orders.account]
    smaller = 10 * np.maximum(1, (orders.amount * factor / 10).astype(np.int64))
    orders.amount[:] = np.where(~is_loan & (factor < 1), smaller, orders.amount)


def _target_balances(rng: np.random.Generator, income: FloatArray, loans: Loans) -> FloatArray:
    """Return the balance each account is spent down to: little for borrowers in arrears, who may overdraw."""
    count = len(income)
    target = 10 * np.maximum(np.exp(np.log(22_000) + 0.5 * rng.standard_normal(count)), income)
    in_arrears = loans.account[np.isin(loans.status, ["B", "D"])]
    target[in_arrears] = 10 * rng.normal(1500, 4000, len(in_arrears))
    short_of_cash = rng.random(count) < 0.01  # noqa: PLR2004
    return np.where(short_of_cash, 10 * rng.normal(1000, 2500, count), target)
