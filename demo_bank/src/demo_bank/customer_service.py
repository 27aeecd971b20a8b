"""Exports of customer service: complaints, reviews, calls, texts, and a corpus of intents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_bank import call_centre, intents, interaction_texts, service_desk

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from demo_bank.bank import Bank


def write_files(folder: Path, bank: Bank, phones: pl.Series, scale: float, seed: int) -> dict[str, int]:
    """Write the files of service desk and call centre into the CRM's `folder`; return rows by file.

    `phones` are the clients' numbers as the CRM has them.
    """
    complaints = service_desk.make_complaints(bank, scale, seed)
    calls = call_centre.make_calls(bank, complaints, scale, seed)
    rows = service_desk.write_files(folder, bank, complaints, scale, seed)
    rows |= call_centre.write_files(folder, bank, calls, complaints, phones, seed)
    return rows | interaction_texts.write_files(folder, complaints, calls, seed)


def write_corpus(out: Path, seed: int) -> dict[str, int]:
    """Write the corpus of intents into its folder below `out`; return rows by file."""
    folder = out / intents.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return intents.write_files(folder, seed)
