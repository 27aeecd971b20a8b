"""The brokerage's trades: orders of the bank's own customers, and their outcomes.

Shares are bought in lots; a sale is of a lot already bought, so there are no short sales. Prices
are near the day's close. Only instruments with a complete and unsplit history in 2017 and 2018 are offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from demo_bank.draws import BoolArray, FloatArray, IntArray, gapped_ids, stream
from demo_bank.instruments import DELISTED, LISTED, SPLIT_TICKER

if TYPE_CHECKING:
    from demo_bank.market import Market
    from demo_bank.population import Population
    from demo_bank.prices import Quotes

SHARE_OF_OWNERS: Final = 0.12
FEWEST_ACCOUNTS, MOST_ACCOUNTS = 8, 20_000
FIRST_DAY: Final = "2017-01-03"  # no trade is done before
LOTS_AN_ACCOUNT: Final = 9.0
MOST_LOTS: Final = 40
SOLD_LATER: Final = 0.55  # of lots, wholly or in part
CANCELLED: Final = 0.07  # orders for each lot that are not executed
STILL_OPEN: Final = 0.03
LONGEST_WAIT: Final = 5  # trading days until a limit order is done
MARKET_OPENS, MARKET_CLOSES = 34_200, 57_600  # seconds of the day
GAINS_TAX: Final = 0.15
LARGEST_COMMISSION: Final = 49.95


class Order(IntEnum):
    """Types of order, named as in the trade files."""

    TMB = 0  # market buy
    TMS = 1  # market sell
    TLB = 2  # limit buy
    TLS = 3  # limit sell
    TSL = 4  # stop loss


class Outcome(IntEnum):
    """Status of an order at the end of the files."""

    COMPLETED = 0
    CANCELLED = 1
    OPEN = 2


BUYS: Final = (Order.TMB, Order.TLB)
AT_MARKET: Final = (Order.TMB, Order.TMS)


@dataclass(frozen=True, slots=True)
class BrokerageAccounts:
    """Account numbers, and for each the position of its holder in `Clients`."""

    number: IntArray
    client: IntArray


@dataclass(frozen=True, slots=True)
class Trades:
    """Orders in columns; `placed` and `done` are days of the market, `share` a position in its instruments.

    `done` is the day of completion or cancellation, and for open orders the day placed. Money is in dollars.
    """

    account: IntArray
    share: IntArray
    order: IntArray
    quantity: IntArray
    placed: IntArray
    done: IntArray
    outcome: IntArray
    price: FloatArray
    gain: FloatArray  # dollars a share over the price paid for the lot; 0 for buys

    def where(self, keep: np.ndarray[tuple[int], np.dtype[np.bool_ | np.int64]]) -> Trades:
        """Return the trades selected by a mask or by positions."""
        return Trades(*(getattr(self, name)[keep] for name in Trades.__slots__))

    @property
    def buys(self) -> BoolArray:
        """Which orders add to a holding."""
        return np.isin(self.order, BUYS)


def make_accounts(population: Population, seed: int) -> BrokerageAccounts:
    """Give a share of the account owners a brokerage account; at most 20,000 of them."""
    rng = stream(seed, "brokerage accounts")
    owners = population.accounts.owner
    count = min(max(FEWEST_ACCOUNTS, round(SHARE_OF_OWNERS * len(owners))), MOST_ACCOUNTS, len(owners))
    holders = np.sort(rng.permutation(owners)[:count])
    return BrokerageAccounts(7_100_000 + gapped_ids(rng, count, 3.1), holders)


def make_trades(accounts: BrokerageAccounts, market: Market, quotes: Quotes, seed: int) -> Trades:
    """Draw every order from 2017-01-03 to the end of the price file, in the order of their placing."""
    rng = stream(seed, "trades")
    lots = _lots(rng, accounts, market, quotes)
    sales = _sales(rng, lots, market, quotes)
    cancelled = _without_effect(rng, lots, market, Outcome.CANCELLED, CANCELLED)
    still_open = _without_effect(rng, lots, market, Outcome.OPEN, STILL_OPEN)
    parts = (lots, sales, cancelled, still_open)
    trades = Trades(*(np.concatenate([getattr(part, name) for part in parts]) for name in Trades.__slots__))
    order = np.argsort(trades.placed << 32 | rng.integers(0, 1 << 32, len(trades.placed)), kind="stable")
    return trades.where(order)


def offered(market: Market) -> IntArray:
    """Return the positions of the instruments that customers can trade."""
    left_out = {*LISTED, *DELISTED, SPLIT_TICKER} - {"PXLO", "UNDR"}
    return np.array(
        [n for n, share in enumerate(market.shares) if share.ticker not in left_out], dtype=np.int64
    )


def _lots(rng: np.random.Generator, accounts: BrokerageAccounts, market: Market, quotes: Quotes) -> Trades:
    """Return the completed buys."""
    choice = offered(market)
    popularity = rng.permutation(1 / (np.arange(len(choice)) + 4.0))
    habit = rng.gamma(2.0, LOTS_AN_ACCOUNT / 2.0, len(accounts.number))
    times = np.clip(rng.poisson(habit), 1, MOST_LOTS)
    account = np.repeat(np.arange(len(times), dtype=np.int64), times)
    share = choice[rng.choice(len(choice), len(account), p=popularity / popularity.sum())]
    first = int(np.searchsorted(market.days, np.datetime64(FIRST_DAY)))
    # half a year of building up, then steady: early days are drawn more often
    day = first + (rng.beta(1.0, 1.4, len(account)) * (len(market.days) - 1 - first)).astype(np.int64)
    order = np.where(rng.random(len(account)) < 0.45, Order.TMB, Order.TLB).astype(np.int64)  # noqa: PLR2004
    price = _near_close(rng, market, day, share)
    dollars = np.exp(rng.normal(8.1, 0.9, len(account)))
    quantity = np.maximum(dollars / price, 1).astype(np.int64)
    lots = _trades(
        rng, account, share, order, quantity, day, Outcome.COMPLETED, price, np.zeros(len(account))
    )
    return lots.where(~quotes.faulty[day, share])


def _sales(rng: np.random.Generator, lots: Trades, market: Market, quotes: Quotes) -> Trades:
    """Return sales of some lots on a later day, at most as much as was bought."""
    last = len(market.days) - 1
    sold = lots.where((rng.random(len(lots.account)) < SOLD_LATER) & (lots.done < last))
    count = len(sold.account)
    day = sold.done + 1 + (rng.random(count) * (last - sold.done)).astype(np.int64)
    part = np.where(rng.random(count) < 0.5, 1.0, rng.random(count))  # noqa: PLR2004
    order = rng.choice([Order.TMS, Order.TLS, Order.TSL], count, p=[0.45, 0.45, 0.1]).astype(np.int64)
    price = _near_close(rng, market, day, sold.share)
    quantity = np.maximum(sold.quantity * part, 1).astype(np.int64)
    sales = _trades(
        rng, sold.account, sold.share, order, quantity, day, Outcome.COMPLETED, price, price - sold.price
    )
    return sales.where(~quotes.faulty[day, sold.share])


def _without_effect(
    rng: np.random.Generator, lots: Trades, market: Market, outcome: Outcome, share_of_lots: float
) -> Trades:
    """Return limit orders that were cancelled, or placed in the last days and not yet done."""
    count = max(1, round(share_of_lots * len(lots.account)))
    like = lots.where(rng.integers(0, len(lots.account), count))
    last = len(market.days) - 1
    day = like.done if outcome == Outcome.CANCELLED else last - rng.integers(0, LONGEST_WAIT, count)
    order = np.where(rng.random(count) < 0.7, Order.TLB, Order.TLS).astype(np.int64)  # noqa: PLR2004
    bid = np.round(market.close[day, like.share] * np.where(order == Order.TLB, 0.95, 1.06), 2)
    return _trades(rng, like.account, like.share, order, like.quantity, day, outcome, bid, np.zeros(count))


def _near_close(rng: np.random.Generator, market: Market, day: IntArray, share: IntArray) -> FloatArray:
    """Return prices within about one per cent of the close."""
    away = np.clip(0.003 * rng.standard_normal(len(day)), -0.01, 0.01)
    return np.asarray(np.round(market.close[day, share] * (1 + away), 2), dtype=np.float64)


def _trades(
    rng: np.random.Generator,
    account: IntArray,
    share: IntArray,
    order: IntArray,
    quantity: IntArray,
    done: IntArray,
    outcome: Outcome,
    price: FloatArray,
    gain: FloatArray,
) -> Trades:
    waits = ~np.isin(order, AT_MARKET) & (outcome != Outcome.OPEN)
    placed = done - np.where(waits, rng.integers(0, LONGEST_WAIT + 1, len(done)), 0)
    outcomes = np.full(len(done), outcome, dtype=np.int64)
    return Trades(account, share, order, quantity, placed, done, outcomes, price, gain)
