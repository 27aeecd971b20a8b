"""The rejects of a landing: the position of each record, its faulty columns, and counts by kind of fault.

Only `RejectedRecord.raw`, which is read only on request, holds values of the export.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl
    import pyarrow as pa

SHOWN, FAULTS_SHOWN = 5, 3
"""The records and reasons that a message lists, and the faults of each record."""


@dataclass(frozen=True)
class RecordFault:
    """One fault of a record: the column by its name in the file, None if the line is not a record, and the reason."""

    column: str | None
    reason: str

    def __str__(self) -> str:
        """The fault in messages: `amount cannot be read as decimal(12,2)`."""
        return self.reason if self.column is None else f"{self.column} {self.reason}"


@dataclass(frozen=True)
class RejectedRecord:
    """A rejected record: file (below its system's folder), line from 1, faults in order of the columns.

    `raw` is None unless it was requested.
    """

    file: str
    line: int
    faults: tuple[RecordFault, ...]
    raw: str | None = None

    def __str__(self) -> str:
        """`trans.asc:423: amount cannot be read as decimal(12,2)`."""
        return f"{self.file}:{self.line}: {'; '.join(map(str, self.faults))}"


@dataclass(frozen=True)
class RejectCount:
    """The number of records whose first fault is `fault`."""

    fault: RecordFault
    rejects: int


def reason_of(faults: tuple[RecordFault, ...]) -> str:
    """Return all faults of a record in one text: `n: required, but missing; a: cannot be read as long`."""
    return "; ".join(f.reason if f.column is None else f"{f.column}: {f.reason}" for f in faults)


def reject_schema() -> pa.Schema:
    """Return the columns of `rejects.parquet`: `reason` and `column` summarise in text what `faults` lists.

    Files of earlier releases have no `faults`.
    """
    import pyarrow as pa

    fault = pa.struct([("column", pa.string()), ("reason", pa.string())])
    text = {name: pa.string() for name in ("raw_text", "reason", "column")}
    return pa.schema([("file", pa.string()), ("line", pa.int64()), *text.items(), ("faults", pa.list_(fault))])


def read_rejects(paths: Sequence[Path], limit: int | None = None, *, raw: bool = False) -> tuple[RejectedRecord, ...]:
    """Return the first `limit` rejects of a landing's files of rejects, in order; missing files have none."""
    import polars as pl

    frame = _with_faults(paths)
    if frame is None:
        return ()
    chosen = frame.select("file", "line", "faults", *([pl.col("raw_text")] if raw else []))
    rows = (chosen if limit is None else chosen.head(limit)).collect().iter_rows(named=True)
    return tuple(
        RejectedRecord(
            row["file"],
            row["line"],
            tuple(RecordFault(fault["column"], fault["reason"]) for fault in row["faults"]),
            row.get("raw_text"),
        )
        for row in rows
    )


def count_rejects(paths: Sequence[Path]) -> tuple[RejectCount, ...]:
    """Return the counts of rejects by first fault, the most frequent first; they add up to all rejects of the files."""
    import polars as pl

    frame = _with_faults(paths)
    if frame is None:
        return ()
    first = pl.col("faults").list.first()
    found = (
        frame.select(first.struct.field("column"), first.struct.field("reason"))
        .group_by("column", "reason")
        .len("rejects")
        .sort("rejects", "column", "reason", descending=[True, False, False], nulls_last=True)
        .collect()
    )
    return tuple(RejectCount(RecordFault(column, reason), rejects) for column, reason, rejects in found.iter_rows())


def describe_rejects(paths: Sequence[Path], shown: int = SHOWN) -> str:
    """Return the first rejects, one a line, and counts by kind if there are more; empty if there are none."""
    counts = count_rejects(paths)
    lines = [f"  {record.file}:{record.line}: {some_faults(record.faults)}" for record in read_rejects(paths, shown)]
    more = sum(count.rejects for count in counts) - len(lines)
    if more > 0:
        reasons = "; ".join(f"{count.fault} ({count.rejects:,})" for count in counts[:SHOWN])
        others = f", and {len(counts) - SHOWN:,} other reasons" if len(counts) > SHOWN else ""
        lines.append(f"  and {more:,} more; all by their first reason: {reasons}{others}")
    return "\n".join(lines)


def some_faults(faults: tuple[RecordFault, ...]) -> str:
    """Return the first faults of a record, and the number of the others."""
    listed = "; ".join(map(str, faults[:FAULTS_SHOWN]))
    return f"{listed}; and {len(faults) - FAULTS_SHOWN} more faults" if len(faults) > FAULTS_SHOWN else listed


def _with_faults(paths: Sequence[Path]) -> pl.LazyFrame | None:
    """Return the rows of the existing files, with their `faults`; None if no file exists.

    A reject in a file of earlier releases has one fault, with its first column and its whole reason.
    """
    import polars as pl

    kept = [path for path in paths if path.exists()]
    if not kept:
        return None
    frame = pl.scan_parquet(kept, glob=False)
    if "faults" in frame.collect_schema():
        return frame
    named = pl.col("column") + ": "
    reason = pl.when(pl.col("column").is_not_null() & pl.col("reason").str.starts_with(named))
    alone = reason.then(pl.col("reason").str.slice(named.str.len_chars())).otherwise(pl.col("reason"))
    return frame.with_columns(pl.concat_list(pl.struct("column", alone.alias("reason"))).alias("faults"))
