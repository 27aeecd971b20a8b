"""Exports about investments: one market, and the systems with data about it, each in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_bank import (
    brokerage,
    custodian,
    filings,
    index_provider,
    prices,
    reference_rates,
    trade_files,
)
from demo_bank.market import make_market

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.bank import Bank

FOLDERS = (
    prices.FOLDER,
    index_provider.FOLDER,
    reference_rates.ECB_FOLDER,
    reference_rates.TREASURY_FOLDER,
    reference_rates.VIX_FOLDER,
    trade_files.FOLDER,
    custodian.FOLDER,
    filings.FOLDER,
)


def write_files(out: Path, bank: Bank, seed: int) -> dict[str, int]:
    """Write the files of every system below `out`; return rows by file."""
    for folder in FOLDERS:
        (out / folder).mkdir(parents=True, exist_ok=True)
    market = make_market(seed)
    quotes = prices.make_quotes(market, seed)
    accounts = brokerage.make_accounts(bank.population, seed)
    trades = brokerage.make_trades(accounts, market, quotes, seed)
    rows = prices.write_files(out / prices.FOLDER, market, quotes)
    rows |= index_provider.write_files(out / index_provider.FOLDER, market, seed)
    rows |= reference_rates.write_files(out, seed)
    rows |= trade_files.write_files(out / trade_files.FOLDER, accounts, trades, market, seed)
    clients = bank.population.clients
    rows |= custodian.write_files(out / custodian.FOLDER, clients, accounts, trades, market, seed)
    return rows | filings.write_files(out / filings.FOLDER, market, seed)
