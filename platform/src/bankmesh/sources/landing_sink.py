"""The output of a landing: its writers, and the counts of what was written."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.landing_record import RejectedFile
from bankmesh.sources.landing_rejects import SHOWN, RejectedRecord, reason_of, reject_schema, some_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from pyarrow import parquet

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.landing_record import LandedFile
    from bankmesh.sources.landing_rejects import RecordFault


MANY = 10
"""The records that a file has at least if it is a warning that all of them are rejects."""


@dataclass(frozen=True)
class Reject:
    """A record that cannot be landed: its line (from 1), its text (UTF-8), and its faults."""

    line: int
    raw: bytes
    faults: tuple[RecordFault, ...]

    def row(self, file: str) -> dict[str, object]:
        """Return the row of `rejects.parquet`; `reason` is one text for all faults, `column` the first faulty one."""
        return {
            "file": file,
            "line": self.line,
            "raw_text": self.raw.decode(),
            "reason": reason_of(self.faults),
            "column": self.faults[0].column,
            "faults": [{"column": fault.column, "reason": fault.reason} for fault in self.faults],
        }


@dataclass(frozen=True)
class ParsedBatch:
    """Typed rows and rejects of a piece of a file; `inner_lines` are lines that continue a record."""

    rows: pl.DataFrame
    rejects: list[Reject]
    inner_lines: int = 0


@dataclass
class FileCounts:
    """What was written of one file: the numbers of rows and rejects, and the first rejects."""

    file: str
    rows: int = 0
    rejects: int = 0
    first: list[RejectedRecord] = field(default_factory=list)

    def __str__(self) -> str:
        """The counts and rejects for the message of a refusal; empty if nothing was written."""
        if not self.rows + self.rejects:
            return ""
        found = f"Rejects among the {self.rows + self.rejects:,} records read before that: {self.rejects:,}"
        listed = "; ".join(f"line {reject.line}: {some_faults(reject.faults)}" for reject in self.first)
        more = f"; and {self.rejects - len(self.first):,} more" if self.rejects > len(self.first) else ""
        return f"{found} ({listed}{more})" if listed else found


@dataclass
class Sink:
    """The two files of a landing, the counts of what was written, and the counts of the legacy files.

    `other_records` counts, by type, the records of fixed-width files that are not the object's; `control_totals` are
    the totals of their headers and trailers that agreed. `warnings` name files that were read, and hold no values.
    `rejected_files` are the files with rejects, `current` counts the one that is read.
    """

    row_writer: parquet.ParquetWriter
    reject_writer: parquet.ParquetWriter
    rows: int = 0
    rejects: int = 0
    rows_in: int = 0
    blank_lines: int = 0
    latest: dt.date | None = None
    control_totals: int = 0
    other_records: Counter[str] = field(default_factory=Counter)
    files: list[LandedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rejected_files: list[RejectedFile] = field(default_factory=list)
    current: FileCounts = field(default_factory=lambda: FileCounts(""))

    def begin(self, file: str) -> None:
        """Count what is written of the named file, which comes next."""
        self.current = FileCounts(file)

    def end(self) -> None:
        """Record the file if it has rejects, and warn if it has many and no row."""
        counts = self.current
        if counts.rejects:
            self.rejected_files.append(RejectedFile(counts.file, counts.rows + counts.rejects, counts.rejects))
        if not counts.rows and counts.rejects >= MANY:
            self.warn(counts.file, ("none of its records reads as declared",))

    def warn(self, file: str, warnings: Iterable[str]) -> None:
        """Record what is unlikely about the named file, although it can be read."""
        self.warnings += [f"{file}: {warning}" for warning in warnings]

    def write(self, obj: LegacyObject, file: str, batch: ParsedBatch) -> None:
        """Write a batch of the named file."""
        import polars as pl
        import pyarrow as pa

        if batch.rows.height:
            named = batch.rows if obj.file_as is None else batch.rows.with_columns(pl.lit(file).alias(obj.file_as))
            rows = named.to_arrow(compat_level=pl.CompatLevel.oldest())
            self.row_writer.write_table(rows.cast(self.row_writer.schema))
        if batch.rejects:
            made = [reject.row(file) for reject in batch.rejects]
            room = max(0, SHOWN - len(self.current.first))
            self.current.first += [RejectedRecord(file, each.line, each.faults) for each in batch.rejects[:room]]
            self.reject_writer.write_table(pa.Table.from_pylist(made, reject_schema()))
        for counts in (self, self.current):
            counts.rows += batch.rows.height
            counts.rejects += len(batch.rejects)
        self._notice_latest(obj, batch.rows)

    def _notice_latest(self, obj: LegacyObject, rows: pl.DataFrame) -> None:
        rule = obj.complete_through
        if rule is None or rule.column is None:
            return
        latest = rows[rule.column].max()
        day = latest.date() if isinstance(latest, dt.datetime) else latest
        if isinstance(day, dt.date) and (self.latest is None or day > self.latest):
            self.latest = day
