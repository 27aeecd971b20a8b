"""Writes all exports of the demo bank: draws the bank once, then streams what grows with time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo_bank import core_banking, crm, customer_service, host_loans, investments, ledger
from demo_bank.bank import Bank, make_bank
from demo_bank.purchases import purchase_months
from demo_bank.writing import CoreBankingFile, quoted_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CORE_FOLDER = "berka_pkdd99"
CRM_FOLDER = "retail_banking_demo"
PURCHASE_COLUMNS = ("purchase_id", "card_id", "date", "amount", "mcc", "merchant")


class UnusableSettingError(ValueError):
    """A scale or seed that is out of range."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Summary of an export: the folder, and rows by file."""

    folder: Path
    rows: dict[str, int]


def generate(out: Path, *, scale: float, seed: int, progress: Callable[[str], None] | None = None) -> Summary:
    """Write the legacy exports into `out`; the same scale and seed give the same bytes.

    `progress` is called with one line after each simulated year. Raises UnusableSettingError if scale is
    not between 0 and 500 or seed is negative, before anything is written.
    """
    if not 0 < scale <= 500:  # noqa: PLR2004
        raise UnusableSettingError(f"scale must be above 0 and at most 500, not {scale}")
    if seed < 0:
        raise UnusableSettingError(f"seed must be 0 or more, not {seed}")
    core, customer = out / CORE_FOLDER, out / CRM_FOLDER
    for folder in (core, customer):
        folder.mkdir(parents=True, exist_ok=True)
    bank = make_bank(scale=scale, seed=seed)
    rows = core_banking.write_small_files(core, bank, seed)
    crm_rows, phones = crm.write_files(customer, bank, seed)
    rows |= crm_rows
    rows |= customer_service.write_files(customer, bank, phones, scale, seed)
    rows |= customer_service.write_corpus(out, seed)
    rows |= investments.write_files(out, bank, seed)
    rows["host_loan"] = host_loans.write_loans(out / host_loans.HOST_FOLDER, bank)
    rows["card_purchase"] = _write_purchases(core, bank, seed)
    rows["trans"] = _write_transactions(core, bank, seed, progress)
    return Summary(out, rows)


def _write_purchases(folder: Path, bank: Bank, seed: int) -> int:
    with CoreBankingFile(folder / "card_purchase.asc.gz", quoted_header(*PURCHASE_COLUMNS)) as file:
        for month in purchase_months(seed, bank.cards):
            file.append(month)
        return file.rows


def _write_transactions(folder: Path, bank: Bank, seed: int, progress: Callable[[str], None] | None) -> int:
    months = ledger.months(seed, bank.population.accounts, bank.habits, bank.orders, bank.cards)
    rows = 0
    for number, so_far in enumerate(core_banking.write_transactions(folder, bank, months, seed), start=1):
        rows = so_far
        if progress and number % 12 == 0:
            progress(f"{1992 + number // 12}: {rows:,} transactions")
    return rows
