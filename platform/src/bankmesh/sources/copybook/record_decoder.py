"""Decodes the declared fields of many records to typed rows, by the layout that the counts of their tables give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.sources.copybook.code_page_evidence import CodePageEvidence
from bankmesh.sources.copybook.code_pages import encode_text
from bankmesh.sources.copybook.copybook_format import FIXED_LENGTH
from bankmesh.sources.copybook.field_decoder import FieldDecoder
from bankmesh.sources.copybook.stored_numbers import decode_digits
from bankmesh.sources.fixed_width.parent_records import UNKNOWN
from bankmesh.sources.fixed_width.record_stream import RecordBlock
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from bankmesh.sources.copybook.copybook_format import CopybookFormat
    from bankmesh.sources.copybook.storage_layout import FieldReference
    from bankmesh.sources.copybook.stored_numbers import Bytes, Flags
    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.sources.fixed_width.parent_records import ParentRecords
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.parsing.record_structure import Positions

    Counts = tuple[tuple[str, int], ...]

_BLANK = b"\x40"


@dataclass(frozen=True)
class DecodedRecords:
    """Typed rows in order, the records they are of, and the faults of the others; both by position in the batch."""

    rows: pl.DataFrame
    landed: Positions
    faults: dict[int, tuple[RecordFault, ...]]


class _ColumnField:
    """A declared column and where its field is."""

    def __init__(self, written: CopybookFormat, record: str, column: SourceColumn, evidence: CodePageEvidence) -> None:
        self.column = column
        self.above = column.fixed.record if column.fixed else ""
        self.layout = written.storage(self.above or record)
        self.reference = self.layout.find(column.header)
        self.decoder = FieldDecoder(column, written.stored(self.reference), written.encoding, evidence)
        self.condition: FieldReference | None = None
        self.values: tuple[bytes, ...] = ()
        if column.when is not None:
            name, values = column.when
            self.condition = self.layout.find(name)
            size = self.layout.position(self.condition)[1]
            self.values = tuple((encode_text(text, written.encoding) or b"").ljust(size, _BLANK) for text in values)

    def is_within(self, counts: Mapping[str, int]) -> bool:
        """Whether records with such tables have the field, and the one that its condition compares."""
        fields = [self.reference, self.condition] if self.condition is not None else [self.reference]
        return all(field.is_within(counts) for field in fields)


class _RecordBytes:
    """Some records of a block. Only the bytes of one field are copied at once, as the longest record may be long."""

    def __init__(self, block: RecordBlock, own: Positions) -> None:
        self._block, self._own = block, own
        self.lengths = block.stops[own] - block.starts[own]

    def __len__(self) -> int:
        return len(self._own)

    @classmethod
    def of_rows(cls, rows: Cells) -> _RecordBytes:
        """Return the rows of a matrix as records."""
        starts = np.arange(len(rows), dtype=np.int64) * rows.shape[1]
        return cls(RecordBlock(rows.reshape(-1), starts, starts + rows.shape[1], starts), np.arange(len(rows)))

    def field(self, start: int, size: int, rows: Positions | None = None) -> Bytes:
        """Return the bytes of a field in some of the records, or in all."""
        own = self._own if rows is None else self._own[rows]
        return self._block.matrix(own, start, size).astype(np.uint8, copy=False)


class RecordDecoder:
    """Decodes columns of the records of one type; safe to use from several threads."""

    def __init__(self, written: CopybookFormat, record: str, columns: Sequence[SourceColumn]) -> None:
        """Find the fields of the columns."""
        self._written, self._layout = written, written.storage(record)
        self.evidence = CodePageEvidence(written.encoding)
        self._fields = [_ColumnField(written, record, column, self.evidence) for column in columns]
        typed = {at: each.decoder.typed(f"c{at}") for at, each in enumerate(self._fields)}
        converted = [each.decoder.converted_column for each in self._fields]
        self._convert = Converter(converted, {at: value for at, value in typed.items() if value is not None})

    def decode(self, block: RecordBlock, own: Positions, parents: Mapping[str, ParentRecords]) -> DecodedRecords:
        """Decode the records `own` of a block; `parents` are the records above that columns are `from`."""
        import pyarrow as pa

        cells = _RecordBytes(block, own)
        whole = self._whole_record_faults(own, parents)
        columns: list[pa.Array] = []
        faults: list[dict[int, RecordFault]] = []
        groups = list(self._by_counts(cells, whole))
        for each in self._fields:
            values, found = self._column(each, cells, own, groups, parents)
            columns.append(values)
            faults.append(found)
        converted = self._convert(pa.table({f"c{at}": values for at, values in enumerate(columns)}))
        return self._merged(
            len(own), converted.rows, {each.row: each.faults for each in converted.faulty}, faults, whole
        )

    def _merged(
        self,
        count: int,
        rows: pl.DataFrame,
        converted: dict[int, tuple[RecordFault, ...]],
        decoded: list[dict[int, RecordFault]],
        whole: dict[int, RecordFault],
    ) -> DecodedRecords:
        """Combine faults of records, of bytes and of values; a value with faulty bytes has no other fault."""
        places = {each.column.label: at for at, each in enumerate(self._fields)}
        found: dict[int, dict[int, RecordFault]] = {}
        for row, faults in converted.items():
            found[row] = {places[fault.column or ""]: fault for fault in faults}
        for at, column in enumerate(decoded):
            for row, fault in column.items():
                found.setdefault(row, {})[at] = fault
        ordered = {row: tuple(each for _, each in sorted(faults.items())) for row, faults in sorted(found.items())}
        ordered |= {row: (fault,) for row, fault in whole.items()}
        clean = np.delete(np.arange(count), list(converted))
        if len(ordered) > len(converted):
            keep = ~np.isin(clean, list(ordered))
            rows, clean = rows.filter(keep), clean[keep]
        return DecodedRecords(rows, clean, ordered)

    def _whole_record_faults(self, own: Positions, parents: Mapping[str, ParentRecords]) -> dict[int, RecordFault]:
        found: dict[int, RecordFault] = {}
        for name, above in parents.items():
            fault = RecordFault(None, f"no {name} record above, or a damaged record between")
            found |= dict.fromkeys(np.flatnonzero(above.nearest[own] == UNKNOWN).tolist(), fault)
        return found

    def _by_counts(
        self,
        cells: _RecordBytes,
        whole: dict[int, RecordFault],
    ) -> Iterator[tuple[Mapping[str, int], Positions | None]]:
        """Yield the counts of tables and the records that have them; None for all records.

        Notes a fault of each record whose counts are unreadable, out of range, or do not fit its length.
        """
        layout, lengths = self._layout, cells.lengths
        if not layout.counters:
            yield {}, None
            return
        keys = np.zeros((len(cells), len(layout.counters)), np.int64)
        bad = np.zeros(len(cells), np.bool_)
        for at, (name, (field, least, most)) in enumerate(layout.counters.items()):
            start, size = layout.position(field)
            decoded = decode_digits(cells.field(start, size), self._written.stored(field))
            keys[:, at] = decoded.values()
            wrong = (keys[:, at] < least) | (keys[:, at] > most)
            wrong[list(decoded.faults)] = True
            fault = RecordFault(name, f"(byte {start + 1}) is no count of elements from {least} to {most}")
            for row in np.flatnonzero(wrong & ~bad).tolist():
                whole.setdefault(row, fault)
            bad |= wrong
        keys[bad] = -1
        distinct, of = np.unique(keys, axis=0, return_inverse=True)
        for number, values in enumerate(distinct.tolist()):
            if values[0] < 0:
                continue
            rows = np.flatnonzero(of.reshape(-1) == number)
            counts = dict(zip(layout.counters, values, strict=True))
            if self._written.recfm != FIXED_LENGTH:
                length = layout.length(counts)
                misfit = rows[lengths[rows] != length]
                for row in misfit.tolist():
                    reason = f"{int(lengths[row])} bytes instead of {length}, which the counts of its tables give"
                    whole.setdefault(row, RecordFault(None, reason))
                rows = rows[lengths[rows] == length]
            yield counts, rows

    def _column(
        self,
        each: _ColumnField,
        cells: _RecordBytes,
        own: Positions,
        groups: list[tuple[Mapping[str, int], Positions | None]],
        parents: Mapping[str, ParentRecords],
    ) -> tuple[pa.Array, dict[int, RecordFault]]:
        """Return a column's values and faults, by record."""
        import pyarrow as pa

        if each.above:
            above = parents[each.above]
            # Such fields are at the same place in all records, whatever the counts of tables.
            rows = _RecordBytes.of_rows(above.rows)
            values, faults = self._own_column(each, rows, [({}, None)])
            nearest = above.nearest[own]
            taken = values.take(pa.array(nearest, mask=nearest == UNKNOWN))
            spread = {row: faults[at] for row, at in enumerate(nearest.tolist()) if at in faults} if faults else {}
            return taken, spread
        return self._own_column(each, cells, groups)

    def _own_column(
        self, each: _ColumnField, cells: _RecordBytes, groups: list[tuple[Mapping[str, int], Positions | None]]
    ) -> tuple[pa.Array, dict[int, RecordFault]]:
        parts: list[pa.Array] = []
        places: list[Positions] = []
        faults: dict[int, RecordFault] = {}
        for counts, rows in groups:
            if counts and not each.is_within(counts):
                continue
            chosen = self._chosen(each, cells, counts, rows)
            start, size = each.layout.position(each.reference, counts or None)
            decoded = each.decoder.decode(cells.field(start, size, chosen))
            for row, (byte, reason) in decoded.faults.items():
                at = row if chosen is None else int(chosen[row])
                faults[at] = RecordFault(each.column.label, f"byte {start + byte + 1} {reason}")
            if chosen is None:
                return decoded.values, faults
            parts.append(decoded.values)
            places.append(chosen)
        return _scattered(each, parts, places, len(cells)), faults

    @staticmethod
    def _chosen(
        each: _ColumnField, cells: _RecordBytes, counts: Mapping[str, int], rows: Positions | None
    ) -> Positions | None:
        """Return the records in which the column's condition holds; None for all."""
        if each.condition is None:
            return rows
        start, size = each.layout.position(each.condition, counts or None)
        found = cells.field(start, size, rows)
        holds: Flags = np.zeros(len(found), np.bool_)
        for value in each.values:
            holds |= (found == np.frombuffer(value, np.uint8)).all(axis=1)
        return np.flatnonzero(holds) if rows is None else rows[holds]


def with_lines(rows: pl.DataFrame, lines: Positions, columns: Sequence[SourceColumn]) -> pl.DataFrame:
    """Return rows with the columns that hold the number of their record."""
    import polars as pl

    return rows.with_columns(
        pl.Series(column.name, lines, pl.Int64) for column in columns if column.line_of is not None
    )


def _scattered(each: _ColumnField, parts: list[pa.Array], places: list[Positions], count: int) -> pa.Array:
    """Return an array with the values of some records in their places, and null for the others."""
    import pyarrow as pa

    if not parts:
        size = each.layout.position(each.reference)[1]
        return each.decoder.decode(np.zeros((0, size), np.uint8)).values.take(pa.nulls(count, pa.int64()))
    joined = pa.concat_arrays(parts)
    index = np.full(count, -1, np.int64)
    index[np.concatenate(places)] = np.arange(len(joined))
    return joined.take(pa.array(index, mask=index < 0))
