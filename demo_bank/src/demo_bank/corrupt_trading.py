"""Damage to the files of the brokerage and of the price vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_bank import prices, trade_files
from demo_bank.damage import Damage, existing, replace_lines, rewrite_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def truncated_trade(folder: Path) -> Damage:
    """Cut a trade's line short after its third field, as an interrupted transfer does."""
    file = _trades(folder, trade_files.FIRST_BATCH)
    number = rewrite_line(file, lambda _, line: b"|".join(line.split(b"|")[:3]) + b"\r\n")
    return Damage("truncated-trade", file, number, "cut short after the third field")


def unknown_trade_status(folder: Path) -> Damage:
    """Give a trade a status that is in no code table."""
    file = _trades(folder, trade_files.FIRST_BATCH + 1)

    def change(_: bytes, line: bytes) -> bytes:
        fields = line.split(b"|")
        return b"|".join([*fields[:4], b"HELD", *fields[5:]])

    return Damage("unknown-trade-status", file, rewrite_line(file, change), "status is HELD")


def missing_price_column(folder: Path) -> Damage:
    """Remove the column volume from the latest price file, including the header."""
    vintage = max(prices.VINTAGES)
    file = existing(folder / prices.FOLDER / f"all_stocks_5yr_vintage_{vintage}.csv.gz")

    def without(lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            fields = line.split(b",")
            yield b",".join(fields[:5] + fields[6:])

    replace_lines(file, without)
    return Damage("missing-price-column", file, None, "has no column volume")


def _trades(folder: Path, batch: int) -> Path:
    return existing(folder / trade_files.FOLDER / f"Batch{batch}" / "Trade.txt")
