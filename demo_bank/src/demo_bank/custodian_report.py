"""The custodian's positions as a fixed-width report: a header, a line for each, a trailer with totals.

Amounts are digits with two implied decimals and, where they may be negative, a sign behind them.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

REPORT_FILE: Final = "POSITIONS.TXT.gz"
RECORD_LENGTH: Final = 88
_POSITION: Final = "D"


def write_report(path: Path, months: Iterable[pl.DataFrame]) -> int:
    """Write the positions of all month-ends, in the columns of `custodian.positions`; return their number."""
    positions = pl.concat(months)
    quantity, price, value = pl.col("quantity"), _cents("price"), _cents("market_value")
    lines = positions.select(
        pl.concat_str(
            pl.lit(_POSITION),
            pl.col("position_date").dt.strftime("%Y%m%d"),
            _digits(pl.col("account_number"), 12),
            pl.col("client_id"),
            pl.col("symbol").str.pad_end(15),
            _signed(quantity, 12),
            _digits(price, 11),
            _signed(value, 15),
            pl.col("currency"),
        )
    ).to_series()
    totals = positions.select(
        pl.concat_str(
            pl.lit("T"),
            _digits(pl.len().cast(pl.Int64), 9),
            _signed(quantity.sum(), 15),
            _signed(value.sum(), 18),
        )
    ).item()
    header = positions.select(
        pl.concat_str(
            pl.lit("H"), pl.col("position_date").max().dt.strftime("%Y%m%d"), pl.col("custodian").first()
        )
    ).item()
    records = [header, *lines.to_list(), totals]
    text = "".join(f"{record:{RECORD_LENGTH}}\n" for record in records)
    path.write_bytes(gzip.compress(text.encode("ascii"), compresslevel=1, mtime=0))
    return positions.height


def _cents(column: str) -> pl.Expr:
    return (pl.col(column) * 100).round().cast(pl.Int64)


def _digits(number: pl.Expr, places: int) -> pl.Expr:
    return number.cast(pl.String).str.zfill(places)


def _signed(number: pl.Expr, places: int) -> pl.Expr:
    sign = pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit(" "))
    return pl.concat_str(_digits(number.abs(), places), sign)
