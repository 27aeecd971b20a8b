"""The custodian's month-end positions of the brokerage accounts: completed trades, except for a few breaks.

A position is the running sum of an account's completed trades up to the last trading day of a month;
a holding of zero is not written. In `BREAKS` months one position is wrong on purpose: a wrong quantity, a
missing position, or one without any trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.brokerage import FIRST_DAY, Outcome, offered
from demo_bank.custodian_report import REPORT_FILE, write_report
from demo_bank.draws import IntArray, stream
from demo_bank.market_calendar import month_ends
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo_bank.brokerage import BrokerageAccounts, Trades
    from demo_bank.market import Market
    from demo_bank.population import Clients

FOLDER: Final = "custodian"
CUSTODIAN: Final = "Harbour & Quay Custody"
BREAKS: Final = {3: "QUANTITY", 5: "MISSING", 7: "QUANTITY", 9: "UNKNOWN", 11: "QUANTITY"}
"""Kind of break by number of the month-end, from 0; one position each."""


def write_files(
    folder: Path, clients: Clients, accounts: BrokerageAccounts, trades: Trades, market: Market, seed: int
) -> dict[str, int]:
    """Write every month-end's positions into one file, and as a fixed-width report; return their rows."""
    months = list(positions(clients, accounts, trades, market, seed))
    return {
        "positions": write_csv(folder / "positions.csv.gz", months, float_precision=2),
        "position_report": write_report(folder / REPORT_FILE, months),
    }


def positions(
    clients: Clients, accounts: BrokerageAccounts, trades: Trades, market: Market, seed: int
) -> Iterator[pl.DataFrame]:
    """Yield each month-end's positions, by account and symbol."""
    rng = stream(seed, "custodian")
    completed = trades.where(trades.outcome == Outcome.COMPLETED)
    frame = pl.DataFrame(
        {
            "account": completed.account,
            "share": completed.share,
            "done": completed.done,
            "quantity": completed.quantity * np.where(completed.buys, 1, -1),
        }
    )
    ends = month_ends(market.days[market.days >= np.datetime64(FIRST_DAY)])
    for number, end in enumerate(np.searchsorted(market.days, ends).tolist()):
        held = frame.filter(pl.col("done") <= end).group_by("account", "share").agg(pl.col("quantity").sum())
        held = held.filter(pl.col("quantity") != 0).sort("account", "share")
        broken = _broken(rng, held, BREAKS.get(number), offered(market))
        yield _spelled(broken, end, clients, accounts, market)


def _broken(rng: np.random.Generator, held: pl.DataFrame, kind: str | None, choice: IntArray) -> pl.DataFrame:
    """Return the positions, with one wrong position if this is a month with a break."""
    if kind is None or held.is_empty():
        return held
    at = int(rng.integers(0, held.height))
    row = pl.int_range(pl.len()) == at
    if kind == "MISSING":
        return held.filter(~row)
    if kind == "QUANTITY":
        return held.with_columns(
            pl.when(row).then(pl.col("quantity") + 100).otherwise("quantity").alias("quantity")
        )
    account = held["account"][at]
    known = held.filter(pl.col("account") == account)["share"].to_list()
    unknown = next(share for share in choice.tolist() if share not in known)
    extra = pl.DataFrame({"account": [account], "share": [unknown], "quantity": [50]}, schema=held.schema)
    return held.vstack(extra).sort("account", "share")


def _spelled(
    held: pl.DataFrame, end: int, clients: Clients, accounts: BrokerageAccounts, market: Market
) -> pl.DataFrame:
    account, share = held["account"].to_numpy(), held["share"].to_numpy()
    price = np.round(market.close[end, share], 2)
    client = pl.Series(clients.client_id[accounts.client[account]]).cast(pl.String).str.zfill(8)
    return pl.DataFrame(
        {
            "position_date": pl.Series(np.full(held.height, market.days[end])),
            "custodian": pl.Series([CUSTODIAN]).gather(np.zeros(held.height, dtype=np.int64)),
            "account_number": accounts.number[account],
            "client_id": "C" + client,
            "symbol": pl.Series([s.ticker for s in market.shares]).gather(share),
            "quantity": held["quantity"],
            "price": price,
            "market_value": np.round(price * held["quantity"].to_numpy(), 2),
            "currency": pl.Series(["USD"]).gather(np.zeros(held.height, dtype=np.int64)),
        }
    )
