"""Small pictures of a published version for its asset page; nothing above `internal` is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import OpenVersion

PREVIEW_ROWS = 5
_BAR = 30


def preview_table(contract: Contract, opened: OpenVersion) -> str:
    """A Markdown table of a few rows, over the columns classified `internal` or `public`; may be empty."""
    names = [c.name for c in contract.columns if c.classification <= Classification.INTERNAL]
    if not names:
        return ""
    frame = opened.scan_polars().select(names).head(PREVIEW_ROWS).collect()
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    hidden = len(contract.columns) - len(names)
    if hidden:
        lines.append(f"\n*{hidden} columns classified above internal are not shown.*")
    return "\n".join(lines)


def rows_by_partition(contract: Contract, opened: OpenVersion) -> str:
    """Rows of each year (or month, within the last year) as a bar chart in Markdown; empty if not partitioned."""
    if contract.partitioning is None:
        return ""
    import polars as pl

    year = pl.col(contract.partitioning.column).dt.year().alias("year")
    counts = opened.scan_polars().group_by(year).agg(pl.len().alias("rows")).sort("year").collect()
    if counts.is_empty():
        return ""
    most = max(counts["rows"])
    lines = ["| year | rows | |", "| --- | ---: | --- |"]
    lines += [f"| {y} | {n:,} | {'█' * max(1, round(_BAR * n / most))} |" for y, n in counts.iter_rows()]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
