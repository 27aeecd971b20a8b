"""The core-banking exports: files, columns and quirks of the Czech bank's `.asc` files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank import published
from demo_bank.bookings import NO_BANK
from demo_bank.calendar_days import COMPLETE_THROUGH, MONTHS, yymmdd
from demo_bank.draws import FloatArray, IntArray, stream
from demo_bank.kinds import SPELLINGS
from demo_bank.permutation import IdPermutation
from demo_bank.standing import SYMBOLS
from demo_bank.statements import STATEMENT_FILE, write_statements
from demo_bank.writing import CoreBankingFile, quoted_header, write_core_banking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from demo_bank.bank import Bank
    from demo_bank.ledger import Month

IDS_FOR_AN_ACCOUNT: Final = published.LARGEST_TRANSACTION_ID // published.ACCOUNTS
TRANSACTION_COLUMNS: Final = (
    "trans_id", "account_id", "date", "type", "operation", "amount", "balance", "k_symbol", "bank", "account",
)  # fmt: skip
BANKS: Final = pl.Series([*published.BANKS, None, ""], dtype=pl.String)
TYPES: Final = pl.Series([spelling.type for spelling in SPELLINGS])
OPERATIONS: Final = pl.Series([spelling.operation for spelling in SPELLINGS])
K_SYMBOLS: Final = pl.Series([spelling.k_symbol for spelling in SPELLINGS])


def write_small_files(folder: Path, bank: Bank, seed: int) -> dict[str, int]:
    """Write every core-banking file but the transactions and purchases; return rows by name."""
    frames = {"account": _accounts(bank), "client": _clients(bank), "disp": _dispositions(bank)}
    frames |= {"order": _orders(bank), "loan": _loans(bank)}
    rows = {name: write_core_banking(folder / f"{name}.asc.gz", frame) for name, frame in frames.items()}
    with CoreBankingFile(
        folder / "card.asc.gz", quoted_header("card_id", "disp_id", "type", "issued")
    ) as file:
        file.append(_cards(bank), quoted=False)
        rows["card"] = file.rows
    header = ";".join(f"A{number}" for number in range(1, 17))
    with CoreBankingFile(folder / "district.asc.gz", header) as file:
        file.append(_districts(seed), quoted=False)
        rows["district"] = file.rows
    return rows


def write_transactions(folder: Path, bank: Bank, months: Iterable[Month], seed: int) -> Iterable[int]:
    """Write `trans.asc.gz` month by month, then its control file; yield the rows so far after each month.

    The last month is written as account statements, too.
    """
    balances = np.zeros(len(bank.population.accounts), dtype=np.int64)
    ids = IdPermutation(len(bank.population.accounts) * IDS_FOR_AN_ACCOUNT, seed)
    with CoreBankingFile(folder / "trans.asc.gz", quoted_header(*TRANSACTION_COLUMNS)) as file:
        for number, month in enumerate(months):
            rng = stream(seed, f"file order {number}")
            if number == MONTHS - 1:
                booking_ids = ids(file.rows + np.arange(len(month.balance)))
                statements = folder / STATEMENT_FILE
                write_statements(
                    statements, bank.population.accounts.account_id, balances, month, booking_ids
                )
            file.append(_transactions(rng, bank, month, ids, file.rows))
            balances[month.bookings.account] = month.balance  # the last booking of an account counts
            yield file.rows
    control = f"object;rows;complete_through\r\ntrans;{file.rows};{COMPLETE_THROUGH}\r\n"
    (folder / "trans.control.csv").write_bytes(control.encode("ascii"))


def _transactions(
    rng: np.random.Generator, bank: Bank, month: Month, ids: IdPermutation, given: int
) -> pl.DataFrame:
    """Spell a month's bookings in file order: by day, and within the day by chance."""
    count = len(month.balance)
    order = np.argsort(month.bookings.day << 40 | rng.integers(0, 1 << 40, count), kind="stable")
    booked = month.bookings.where(order)
    bank_code = np.where((booked.bank == NO_BANK) & (booked.counterparty == 0), NO_BANK + 1, booked.bank)
    counterparty = pl.Series(booked.counterparty)
    return pl.DataFrame(
        {
            "trans_id": ids(given + order),
            "account_id": bank.population.accounts.account_id[booked.account],
            "date": yymmdd(booked.day),
            "type": TYPES.gather(booked.kind),
            "operation": OPERATIONS.gather(booked.kind),
            "amount": booked.amount / 10,
            "balance": month.balance[order] / 10,
            "k_symbol": K_SYMBOLS.gather(booked.kind),
            "bank": BANKS.gather(bank_code),
            "account": counterparty.set(counterparty < 0, None).cast(pl.String),
        }
    )


def _accounts(bank: Bank) -> pl.DataFrame:
    accounts = bank.population.accounts
    by_day = np.argsort(accounts.opened, kind="stable")
    return pl.DataFrame(
        {
            "account_id": accounts.account_id[by_day],
            "district_id": accounts.district[by_day],
            "frequency": pl.Series(list(published.FREQUENCIES)).gather(accounts.frequency[by_day]),
            "date": yymmdd(accounts.opened[by_day]),
        }
    )


def _clients(bank: Bank) -> pl.DataFrame:
    clients = bank.population.clients
    month = clients.birth_month + np.where(clients.female, 50, 0)  # the Czech birth number of women
    number = (clients.birth_year - 1900) * 10_000 + month * 100 + clients.birth_day
    birth_number = pl.Series(number).cast(pl.String).str.zfill(6)
    return pl.DataFrame(
        {"client_id": clients.client_id, "birth_number": birth_number, "district_id": clients.district}
    )


def _dispositions(bank: Bank) -> pl.DataFrame:
    clients = bank.population.clients
    return pl.DataFrame(
        {
            "disp_id": clients.disp_id,
            "client_id": clients.client_id,
            "account_id": bank.population.accounts.account_id[clients.account],
            "type": pl.Series(["DISPONENT", "OWNER"]).gather(clients.is_owner.astype(np.int64)),
        }
    )


def _orders(bank: Bank) -> pl.DataFrame:
    orders = bank.orders
    return pl.DataFrame(
        {
            "order_id": orders.order_id,
            "account_id": bank.population.accounts.account_id[orders.account],
            "bank_to": BANKS.gather(orders.bank),
            "account_to": pl.Series(orders.account_to).cast(pl.String),
            "amount": orders.amount / 10,
            "k_symbol": pl.Series(SYMBOLS).gather(orders.symbol),
        }
    )


def _loans(bank: Bank) -> pl.DataFrame:
    loans = bank.loans
    return pl.DataFrame(
        {
            "loan_id": loans.loan_id,
            "account_id": bank.population.accounts.account_id[loans.account],
            "date": yymmdd(loans.granted),
            "amount": loans.duration * loans.payment,
            "duration": loans.duration,
            "payments": loans.payment.astype(np.float64),
            "status": loans.status,
        }
    )


def _cards(bank: Bank) -> pl.DataFrame:
    """Return cards with the quotes of the type set: the issue moment is written bare although it is text."""
    cards = bank.cards
    owner = bank.population.accounts.owner[cards.account]
    issued = pl.Series(yymmdd(cards.issued)).cast(pl.String) + " 00:00:00"
    return pl.DataFrame(
        {
            "card_id": cards.card_id,
            "disp_id": bank.population.clients.disp_id[owner],
            "type": [f'"{kind}"' for kind in cards.kind],
            "issued": issued,
        }
    )


def _districts(seed: int) -> pl.DataFrame:
    """Return districts with real names and regions; every figure is made up."""
    rng = stream(seed, "districts")
    names = [(name, region) for region, members in published.REGIONS.items() for name in members]
    count = len(names)
    inhabitants = np.where(np.arange(count) == 0, 1_210_000, rng.integers(45_000, 330_000, count))
    unemployed = rng.uniform(0.4, 7.0, count)
    crimes = (inhabitants * rng.uniform(0.02, 0.05, count)).astype(np.int64)
    columns: dict[str, list[str] | IntArray] = {
        "A1": np.arange(1, count + 1),
        "A2": [f'"{name}"' for name, _ in names],
        "A3": [f'"{region}"' for _, region in names],
        "A4": inhabitants,
    }
    for number, most in ((5, 150), (6, 70), (7, 20), (8, 5), (9, 11)):
        columns[f"A{number}"] = rng.integers(1, most, count)
    columns["A10"] = _decimals(rng.uniform(34, 100, count), 1)
    columns["A11"] = rng.integers(8_100, 12_600, count)
    columns["A12"] = _with_gap(_decimals(unemployed, 2))
    columns["A13"] = _decimals(unemployed * rng.uniform(1.0, 1.4, count), 2)
    columns["A14"] = rng.integers(80, 168, count)
    columns["A15"] = _with_gap([str(value) for value in crimes])
    columns["A16"] = (crimes * rng.uniform(0.9, 1.1, count)).astype(np.int64)
    return pl.DataFrame(columns)


def _decimals(values: FloatArray, places: int) -> list[str]:
    return [f"{value:.{places}f}" for value in values]


def _with_gap(values: list[str]) -> list[str]:
    """One district has no figures for 1995; the export has a question mark there."""
    values[published.DISTRICT_WITHOUT_FIGURES - 1] = "?"
    return values
