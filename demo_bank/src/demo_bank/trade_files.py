"""The brokerage's change files: `Batch2/Trade.txt` and so on, in the incremental layout of TPC-DI.

A line is a change: flag, sequence, trade, time, status, type, whether in cash, symbol, quantity, bid,
account, executed by, and once completed price, fee, commission and tax. A trade begins with an I line and
continues with U lines, often in a later file; its sequences are adjacent, so those of a later file are
between those of earlier ones. There is a file for each month, and at the end one that repeats an earlier
month's whole file. Trades placed before the first file have no I line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.brokerage import (
    AT_MARKET,
    GAINS_TAX,
    LARGEST_COMMISSION,
    MARKET_CLOSES,
    MARKET_OPENS,
    Order,
    Outcome,
)
from demo_bank.draws import stream
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.brokerage import BrokerageAccounts, Trades
    from demo_bank.draws import IntArray
    from demo_bank.market import Market

FOLDER: Final = "tpcdi_sf3_sample"
FIRST_BATCH: Final = 2
FIRST_MONTH: Final = np.datetime64("2017-01", "M")
MONTHS: Final = 14
REPLAYED_BATCH: Final = 9
FIRST_TRADE: Final = 412_000
FIRST_SEQUENCE: Final = 1_640_000
SEQUENCES_A_TRADE: Final = 4  # three at most are used
STATUSES: Final = ("SBMT", "PNDG", "CMPT", "CNCL")
SUBMITTED, PENDING, COMPLETED, CANCELLED = range(4)
COLUMNS: Final = (
    "flag", "sequence", "trade_id", "moment", "status", "type", "is_cash", "symbol", "quantity", "bid",
    "account",
    "executed_by", "price", "fee", "commission", "tax",
)  # fmt: skip


def write_files(
    folder: Path, accounts: BrokerageAccounts, trades: Trades, market: Market, seed: int
) -> dict[str, int]:
    """Write a file for each month and the repeated one; return rows by file."""
    changes = _spelled(_changes(trades, market, seed), accounts, trades, market, seed)
    month = changes["moment"].str.slice(0, 7)
    rows = {}
    for number in range(MONTHS + 1):
        batch = FIRST_BATCH + number
        told = number if number < MONTHS else REPLAYED_BATCH - FIRST_BATCH
        part = changes.filter(month == str(FIRST_MONTH + told))
        (folder / f"Batch{batch}").mkdir(parents=True, exist_ok=True)
        path = folder / f"Batch{batch}" / "Trade.txt"
        name = f"Batch{batch}/Trade"
        rows[name] = write_csv(path, [part], line_end="\r\n", header="", separator="|", float_precision=2)
    return rows


def _changes(trades: Trades, market: Market, seed: int) -> pl.DataFrame:
    """Return trade (its position), flag, step, status and time of each change, by trade and step."""
    rng = stream(seed, "trade moments")
    count = len(trades.account)
    at_market = np.isin(trades.order, AT_MARKET)
    first = rng.integers(MARKET_OPENS, MARKET_CLOSES - 1_200, count)
    # a waiting order is executed later, on the same day at the earliest five minutes after it was placed
    same_day = trades.placed == trades.done
    earliest = np.where(same_day, first + 300, MARKET_OPENS)
    ready = earliest + (rng.random(count) * (MARKET_CLOSES - 300 - earliest)).astype(np.int64)
    executed = ready + rng.integers(20, 280, count)
    everything = np.arange(count, dtype=np.int64)
    completed, waits = trades.outcome == Outcome.COMPLETED, ~at_market
    steps = [
        (everything, 0, np.where(at_market, SUBMITTED, PENDING), trades.placed, first),
        (np.flatnonzero(completed & waits), 1, np.full(count, SUBMITTED), trades.done, ready),
        (
            np.flatnonzero(completed),
            2,
            np.full(count, COMPLETED),
            trades.done,
            np.where(at_market, first + 140, executed),
        ),
        (
            np.flatnonzero(trades.outcome == Outcome.CANCELLED),
            2,
            np.full(count, CANCELLED),
            trades.done,
            executed,
        ),
    ]
    frames = [
        pl.DataFrame(
            {
                "trade": which,
                "step": np.full(len(which), step),
                "status": status[which].astype(np.int64),
                "moment": market.days[day[which]].astype("datetime64[ms]") + 1_000 * second[which],
            }
        )
        for which, step, status, day, second in steps
    ]
    return pl.concat(frames).sort("trade", "step")


def _spelled(
    changes: pl.DataFrame, accounts: BrokerageAccounts, trades: Trades, market: Market, seed: int
) -> pl.DataFrame:
    """Return the lines' fields in their order, by sequence."""
    rng = stream(seed, "trade details")
    trade = changes["trade"].to_numpy()
    done = changes["status"].to_numpy() == COMPLETED
    details = _details(rng, trades)
    fields = {
        "flag": np.where(changes["step"].to_numpy() == 0, "I", "U").tolist(),
        "sequence": FIRST_SEQUENCE + SEQUENCES_A_TRADE * trade + changes["step"].to_numpy(),
        "trade_id": FIRST_TRADE + trade,
        "moment": changes["moment"].dt.strftime("%Y-%m-%d %H:%M:%S"),
        "status": pl.Series(STATUSES).gather(changes["status"].to_numpy()),
        "type": pl.Series([order.name for order in Order]).gather(trades.order[trade]),
        "is_cash": details["is_cash"].gather(trade),
        "symbol": pl.Series([share.ticker for share in market.shares]).gather(trades.share[trade]),
        "quantity": trades.quantity[trade],
        "bid": details["bid"].gather(trade),
        "account": accounts.number[trades.account[trade]],
        "executed_by": details["executed_by"].gather(trade),
    }
    frame = pl.DataFrame(fields)
    for name in ("price", "fee", "commission", "tax"):
        known = details[name].gather(trade)
        frame = frame.with_columns(known.set(pl.Series(~done), None).alias(name))
    return frame.select(COLUMNS)


def _details(rng: np.random.Generator, trades: Trades) -> pl.DataFrame:
    """Return the fields that are the same on every line of a trade, by trade."""
    count = len(trades.account)
    bid = np.round(trades.price * (1 + np.clip(0.002 * rng.standard_normal(count), -0.005, 0.005)), 2)
    value = trades.price * trades.quantity
    tax = GAINS_TAX * np.maximum(trades.gain, 0) * trades.quantity
    executed_by: IntArray = rng.integers(101, 1_000, count)
    return pl.DataFrame(
        {
            "is_cash": (rng.random(count) < 0.2).astype(np.int64),  # noqa: PLR2004
            "bid": np.where(trades.outcome == Outcome.COMPLETED, bid, trades.price),
            "executed_by": executed_by,
            "price": trades.price,
            "fee": np.round(rng.uniform(1.0, 19.95, count), 2),
            "commission": np.round(np.minimum(value * 0.0025, LARGEST_COMMISSION), 2),
            "tax": np.round(tax, 2),
        }
    )
