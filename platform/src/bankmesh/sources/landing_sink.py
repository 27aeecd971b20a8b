"""The output of a landing: its writers, and the counts of what was written."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.landing_rejects import reason_of, reject_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from pyarrow import parquet

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.landing_record import LandedFile
    from bankmesh.sources.landing_rejects import RecordFault


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
class Sink:
    """The two files of a landing, the counts of what was written, and the counts of the legacy files.

    `other_records` counts, by type, the records of fixed-width files that are not the object's; `control_totals` are
    the totals of their headers and trailers that agreed. `warnings` name files that were read, and hold no values.
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
            self.reject_writer.write_table(pa.Table.from_pylist(made, reject_schema()))
        self.rows += batch.rows.height
        self.rejects += len(batch.rejects)
        self._notice_latest(obj, batch.rows)

    def _notice_latest(self, obj: LegacyObject, rows: pl.DataFrame) -> None:
        rule = obj.complete_through
        if rule is None or rule.column is None:
            return
        latest = rows[rule.column].max()
        day = latest.date() if isinstance(latest, dt.datetime) else latest
        if isinstance(day, dt.date) and (self.latest is None or day > self.latest):
            self.latest = day
