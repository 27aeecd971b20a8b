"""Lands one fixed-width file: records become typed rows, and what is no record of a declared type becomes a reject."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError, shorten_list
from bankmesh.sources.declarations.record_layout import FieldPosition, FilteredTotal
from bankmesh.sources.fixed_width.batch_totals import BatchTotals
from bankmesh.sources.fixed_width.control_totals import ControlRecords, FilteredSum, SummedColumn
from bankmesh.sources.fixed_width.field_texts import field_texts, is_blank
from bankmesh.sources.fixed_width.parent_records import UNKNOWN, ParentTrace
from bankmesh.sources.fixed_width.record_stream import RecordStream
from bankmesh.sources.fixed_width.record_types import damaged_rejects, identify_types
from bankmesh.sources.landing_record import LandedFile
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.landing_sink import ParsedBatch, Reject
from bankmesh.sources.parsing.ordered_pool import in_order
from bankmesh.sources.parsing.stated_totals import ColumnSum, sum_of_values
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from bankmesh.sources.declarations.record_layout import FixedField, FixedWidthFormat
    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.fixed_width.parent_records import ParentRecords
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.fixed_width.record_types import TypedRecords
    from bankmesh.sources.landing_sink import Sink
    from bankmesh.sources.parsing.record_structure import Flags, Positions

MOST_BYTES = 4 << 20
"""The text parsed at once; its characters may take four times as many bytes."""


@dataclass(frozen=True)
class FixedWidthBatch:
    """Rows and rejects of a block of records, and its share of the sums that control totals state."""

    parsed: ParsedBatch
    sums: list[ColumnSum]
    filtered: list[ColumnSum]


def land_fixed_width(
    obj: LegacyObject, written: FixedWidthFormat, path: Path, name: str, sink: Sink, block_bytes: int
) -> None:
    """Land the object's records of the file at `path`, named `name` in all records.

    A record of another length or of no declared type is a reject of every object of the file. Raises LegacyFileError,
    also if a title line, header or trailer is missing, or if a control total differs from the records.
    """
    file = _FixedWidthFile(obj, written, path, block_bytes)
    for batch in in_order(file.tasks()):
        sink.write(obj, name, batch.parsed)
        file.add(batch)
    totals = file.reconcile()
    if file.rows_in == 0 and not obj.may_be_empty:
        what = f"{obj.record} records" if obj.record else "records"
        raise LegacyFileError(path, f"the file has no {what}", f"{what} (or `may_be_empty: true`)")
    sink.rows_in += file.rows_in
    sink.blank_lines += file.stream.blank_lines
    sink.control_totals += totals
    sink.other_records.update(file.other_records)
    sink.warn(name, file.stream.warnings)
    sink.files.append(LandedFile(name, file.stream.size, file.stream.sha256))


class _FixedWidthFile:
    """One file while it is landed."""

    def __init__(self, obj: LegacyObject, written: FixedWidthFormat, path: Path, block_bytes: int) -> None:
        self.stream = RecordStream(path, written, min(block_bytes, MOST_BYTES), obj.member)
        self._obj, self._written, self._own = obj, written, written.index(obj.record)
        self._convert = Converter(obj.in_file)
        self._line_columns = [(column.name, column.line_of) for column in obj.columns if column.line_of is not None]
        self._fields = [column.fixed for column in obj.in_file if column.fixed is not None]
        above = [*(field.record for field in self._fields), *(record for _, record in self._line_columns)]
        self._trace = ParentTrace(written, dict.fromkeys((name for name in above if name), written.record_length))
        self._controls = ControlRecords(path, written)
        self._counts = np.zeros(max(1, len(written.records)), np.int64)
        self._summed = [SummedColumn(written, record, column) for record, column in obj.summed]
        self._sums = [ColumnSum.zero() for _ in self._summed]
        columns = {(record, column.header): column for record, column in obj.summed}
        self._filtered = [
            FilteredSum(written, total, columns.get((total.records[0], total.column or "")))
            for total in (total for record in written.records for total in record.totals)
            if isinstance(total, FilteredTotal)
        ]
        self._batches = BatchTotals(path, written, columns)
        self._filtered_sums = [ColumnSum.zero() for _ in self._filtered]
        self._uncovered = _uncovered(obj, written)

    def tasks(self) -> Iterator[Callable[[], FixedWidthBatch]]:
        """Yield the conversion of each block; types and parents depend on the blocks before and are found here."""
        for block in self.stream.blocks():
            if not len(block):
                continue
            records = identify_types(block, self._written)
            refusal = self._follow(records)
            # Its rejects may say why the file is refused.
            yield partial(self._batch, records, self._trace.follow(records))
            if refusal is not None:
                raise refusal

    def _follow(self, records: TypedRecords) -> LegacyFileError | None:
        """Count the records of a block; return the error of its control records or batches."""
        try:
            self._controls.follow(records)
            self._batches.follow(records)
        except LegacyFileError as error:
            return error
        self._counts += records.counts(len(self._counts))
        return None

    def add(self, batch: FixedWidthBatch) -> None:
        """Add the sums of a batch."""
        self._sums = [one + other for one, other in zip(self._sums, batch.sums, strict=True)]
        self._filtered_sums = [one + other for one, other in zip(self._filtered_sums, batch.filtered, strict=True)]

    def reconcile(self) -> int:
        """Check header, trailer and control totals; return the number of totals. Raises LegacyFileError."""
        self._controls.require_all()
        names = [record.name for record in self._written.records]
        columns = self._obj.summed
        return self._batches.require_ends() + self._controls.reconcile(
            dict(zip(names, self._counts.tolist(), strict=False)),
            {(record, column.header): found for (record, column), found in zip(columns, self._sums, strict=True)},
            {(record, column.header): column for record, column in columns},
            dict(zip((each.total for each in self._filtered), self._filtered_sums, strict=True)),
        )

    @property
    def other_records(self) -> dict[str, int]:
        """The records that are not the object's, by type, and the title and end lines."""
        counts = {"title lines": len(self._written.title_lines), "end lines": len(self._written.end_lines)}
        for kind, record in enumerate(self._written.records):
            if kind != self._own:
                counts[record.name] = int(self._counts[kind])
        return {name: count for name, count in counts.items() if count}

    @property
    def rows_in(self) -> int:
        """The object's records, with all damaged ones: counted from the bytes, so that rows can be compared with it."""
        return self.stream.records - sum(self.other_records.values())

    def _batch(self, records: TypedRecords, parents: dict[str, ParentRecords]) -> FixedWidthBatch:
        import polars as pl
        import pyarrow as pa

        block, own = records.block, records.of_type(self._own)
        rejects = damaged_rejects(records, self._written)
        rows = block.matrix(own, 0, self._written.record_length)
        reasons = self._reasons(own, rows, parents)
        rejects += [Reject(int(block.lines[at]), block.raw(at), (fault,)) for at, fault in reasons.items()]
        if reasons:
            kept = ~np.isin(own, list(reasons))
            own, rows = own[kept], rows[kept]
        texts = [self._texts(field, own, rows, parents) for field in self._fields]
        converted = self._convert(pa.table({f"c{at}": text for at, text in enumerate(texts)}))
        faulty = [found.row for found in converted.faulty]
        for found in converted.faulty:
            at = int(own[found.row])
            rejects.append(Reject(int(block.lines[at]), block.raw(at), found.faults))
        rejects.sort(key=lambda reject: reject.line)
        landed = np.delete(own, faulty)
        lines = [
            pl.Series(name, parents[of].lines[parents[of].nearest[landed]] if of else block.lines[landed], pl.Int64)
            for name, of in self._line_columns
        ]
        is_whole = not reasons and not faulty
        sums = [
            # Values of clean records are converted already.
            sum_of_values(converted.rows[summed.column.name])
            if is_whole and summed.kind == self._own and summed.column in self._obj.columns
            else summed.sum_of(records, self._written.record_length)
            for summed in self._summed
        ]
        filtered = [each.sum_of(records, self._written.record_length) for each in self._filtered]
        return FixedWidthBatch(ParsedBatch(converted.rows.with_columns(lines), rejects), sums, filtered)

    def _texts(self, field: FixedField, own: Positions, rows: Cells, parents: dict[str, ParentRecords]) -> pa.Array:
        import pyarrow as pa

        if not field.record:
            return field_texts(rows, field)
        above = parents[field.record]
        return field_texts(above.rows, field).take(pa.array(above.nearest[own]))

    def _reasons(self, own: Positions, rows: Cells, parents: dict[str, ParentRecords]) -> dict[int, RecordFault]:
        """Return why some of the object's records cannot be landed, apart from their values."""
        found: dict[int, RecordFault] = {}
        for name, above in parents.items():
            fault = RecordFault(None, f"no {name} record above, or a damaged record between")
            found |= dict.fromkeys(own[above.nearest[own] == UNKNOWN].tolist(), fault)
        if self._uncovered.any():
            filled = np.flatnonzero(~is_blank(rows, self._uncovered))
            for at, places in zip(own[filled].tolist(), (rows[filled] != ord(" ")) & self._uncovered, strict=True):
                found[at] = _uncovered_fault(places)
        return found


def _uncovered_fault(places: Flags) -> RecordFault:
    """Return the fault of a record that is filled at `places`; it names positions, never characters."""
    return RecordFault(None, f"not blank at {shorten_list(map(str, _positions(places)))}, where no column is declared")


def _uncovered(obj: LegacyObject, written: FixedWidthFormat) -> Flags:
    """Return the characters that neither a column, nor the selector, nor `unused` covers."""
    free = np.ones(written.record_length, np.bool_)
    covered = [column.fixed.position for column in obj.in_file if column.fixed and not column.fixed.record]
    for position in (*covered, *obj.unused, *([written.selector] if written.selector else [])):
        free[position.span] = False
    return free


def _positions(places: Flags) -> Iterator[FieldPosition]:
    """Yield the runs of characters that are set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], places.astype(np.int8), [0]])))
    for first, stop in zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True):
        yield FieldPosition(first + 1, stop - first)
