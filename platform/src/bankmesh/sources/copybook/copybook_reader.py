"""Reads one file laid out by a copybook: bytes become typed rows, and what does not read as declared a reject."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.sources.copybook.copybook_blocks import CopybookRecordStream
from bankmesh.sources.copybook.copybook_records import CopybookControls, damaged_rejects, identify_types
from bankmesh.sources.copybook.record_decoder import RecordDecoder, with_lines
from bankmesh.sources.fixed_width.parent_records import ParentTrace
from bankmesh.sources.landing_sink import ParsedBatch, Reject
from bankmesh.sources.parsing.stated_totals import ColumnSum, sum_of_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.sources.copybook.copybook_format import CopybookFormat
    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.fixed_width.parent_records import ParentRecords
    from bankmesh.sources.fixed_width.record_types import TypedRecords

MOST_BYTES = 4 << 20
"""The bytes parsed at once; their columns take a few times as many."""


class CopybookReader:
    """One file of an object; see `RecordReader`. The line of a record is its number in the file, from 1."""

    def __init__(self, obj: LegacyObject, written: CopybookFormat, path: Path, block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path, self._obj, self._written = path, obj, written
        self._own = written.index(obj.record)
        self._stream = self.stored = CopybookRecordStream(path, written, min(block_bytes, MOST_BYTES), obj.member)
        self._decoder = RecordDecoder(written, obj.record, obj.in_file)
        above = [column.fixed.record for column in obj.in_file if column.fixed and column.fixed.record]
        # Fields of parents are in the part that all their records have.
        self._trace = ParentTrace(written, {name: written.storage(name).shortest for name in above})
        self._controls = CopybookControls(path, written)
        self._counts = np.zeros(max(1, len(written.records)), np.int64)
        self._summed = [
            (written.index(record), RecordDecoder(written, record, [replace(column, required=False)]))
            for record, column in obj.summed
        ]
        self._sums = [ColumnSum.zero() for _ in self._summed]
        self.control_totals = 0

    @property
    def blank_lines(self) -> int:
        """Files without lines have none."""
        return 0

    @property
    def other_records(self) -> Mapping[str, int]:
        """The records that are not the object's, by type."""
        counts = {record.name: int(self._counts[kind]) for kind, record in enumerate(self._written.records)}
        return {name: n for at, (name, n) in enumerate(counts.items()) if n and at != self._own}

    @property
    def rows_in(self) -> int:
        """The object's records with all damaged ones: counted from the bytes, so that rows can be compared with it."""
        return self._stream.records - sum(self.other_records.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the declared code page unlikely, once all was converted; no values."""
        return self._decoder.evidence.warnings()

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of each block; then compare headers, trailers and totals. Raises LegacyFileError."""
        for block in self._stream.blocks():
            records = identify_types(block, self._written)
            refusal = self._follow(records)
            yield partial(self._batch, records, self._trace.follow(records))
            if refusal is not None:
                raise refusal
        self._reconcile()

    def _follow(self, records: TypedRecords) -> LegacyFileError | None:
        """Count the records of a block; return the error of a control record that is not in its place."""
        try:
            self._controls.follow(records)
        except LegacyFileError as error:
            return error
        self._counts += records.counts(len(self._counts))
        self._add_sums(records)
        return None

    def _batch(self, records: TypedRecords, parents: dict[str, ParentRecords]) -> ParsedBatch:
        block, own = records.block, records.of_type(self._own)
        decoded = self._decoder.decode(block, own, parents)
        rejects = damaged_rejects(records, self._written)
        for row, faults in decoded.faults.items():
            rejects.append(Reject(int(block.lines[own[row]]), block.raw(int(own[row])), faults))
        rejects.sort(key=lambda reject: reject.line)
        return ParsedBatch(with_lines(decoded.rows, block.lines[own[decoded.landed]], self._obj.columns), rejects)

    def _add_sums(self, records: TypedRecords) -> None:
        """Add the sums that control totals state; one column each, so that they need no thread of their own."""
        for at, (kind, decoder) in enumerate(self._summed):
            found = decoder.decode(records.block, records.of_type(kind), {})
            self._sums[at] += replace(sum_of_values(found.rows.to_series(0)), unreadable=len(found.faults))

    def _reconcile(self) -> None:
        self._controls.require_all()
        names = [record.name for record in self._written.records]
        summed = self._obj.summed
        self.control_totals = self._controls.reconcile(
            dict(zip(names, self._counts.tolist(), strict=False)),
            {(record, column.header): found for (record, column), found in zip(summed, self._sums, strict=True)},
            {(record, column.header): column for record, column in summed},
        )
