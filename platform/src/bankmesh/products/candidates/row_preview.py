"""A few rows of a candidate for its asset page; nothing above `internal` is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.model import Contract

PREVIEW_ROWS = 5


def preview_table(contract: Contract, folder: Path) -> str:
    """Return a Markdown table of a few rows, over the columns classified `internal` or `public`; may be empty."""
    names = [c.name for c in contract.columns if c.classification <= Classification.INTERNAL]
    if not names or not any(folder.rglob("*.parquet")):
        return ""
    frame = _scan(contract, folder).select(names).head(PREVIEW_ROWS).collect()
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    hidden = len(contract.columns) - len(names)
    if hidden:
        lines.append(f"\n*{hidden} columns classified above internal are not shown.*")
    return "\n".join(lines)


def _scan(contract: Contract, folder: Path) -> pl.LazyFrame:
    import polars as pl

    column = contract.partitioning.column if contract.partitioning else None
    schema = {column: pl.Date} if column else None
    return pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=column is not None, hive_schema=schema)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
