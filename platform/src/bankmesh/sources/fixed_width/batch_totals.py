"""Totals of batches: a record that ends a batch states the totals of the records since the one that began it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.record_layout import BatchTotal
from bankmesh.sources.fixed_width.control_totals import SummedColumn
from bankmesh.sources.fixed_width.field_texts import field_texts
from bankmesh.sources.parsing.stated_totals import ColumnSum, describe_difference, stated_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from bankmesh.sources.declarations.record_layout import FixedWidthFormat, RecordType
    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.sources.fixed_width.record_types import TypedRecords

    Numbers = npt.NDArray[np.object_]

_WHOLE_FILE = "a whole file whose batches agree with their totals"


class BatchTotals:
    """All totals of the batches of one file; blocks must come in order."""

    def __init__(self, path: Path, written: FixedWidthFormat, columns: Mapping[tuple[str, str], SourceColumn]) -> None:
        """Follow the totals of the format; `columns` are the summed ones by record type and name."""
        self._traces = [
            _BatchTrace(path, written, record, total, columns.get((total.records[0], total.column or "")))
            for record in written.records
            for total in record.totals
            if isinstance(total, BatchTotal)
        ]

    def follow(self, records: TypedRecords) -> None:
        """Compare the totals of a block. Raises LegacyFileError for one that differs, or a batch that does not end."""
        for trace in self._traces:
            trace.follow(records)

    def require_ends(self) -> int:
        """Return the number of totals that agreed. Raises LegacyFileError if the file ends within a batch."""
        for trace in self._traces:
            trace.require_end()
        return sum(trace.agreed for trace in self._traces)


class _BatchTrace:
    """One total: the batch that is open, and what it holds so far."""

    def __init__(
        self, path: Path, written: FixedWidthFormat, ending: RecordType, total: BatchTotal, column: SourceColumn | None
    ) -> None:
        self._path, self._ending, self._total, self._column = path, ending, total, column
        self._length, self._scale = written.record_length, column.type.scale if column is not None else 0
        self._first, self._last = written.index(total.since), written.index(ending.name)
        self._counted = [written.index(name) for name in total.records]
        self._summed = SummedColumn(written, total.records[0], column) if column is not None else None
        self._began = self.agreed = self._sum = self._unreadable = 0

    def follow(self, records: TypedRecords) -> None:
        # Prefix sums of Python's numbers are exact, and make each batch a difference of two.
        sums, unreadable = (np.concatenate([[0], np.cumsum(each)]) for each in self._shares(records))
        begins, ends = records.of_type(self._first), records.of_type(self._last)
        stated = dict(zip(ends.tolist(), self._stated(records), strict=True))
        base = 0
        for at in np.sort(np.concatenate([begins, ends])).tolist():
            line = int(records.block.lines[at])
            if self._began:
                self._sum += int(sums[at]) - int(sums[base])
                self._unreadable += int(unreadable[at]) - int(unreadable[base])
            self._begin_or_end(line, at in stated, stated.get(at))
            base = at
        if self._began:
            self._sum += int(sums[-1]) - int(sums[base])
            self._unreadable += int(unreadable[-1]) - int(unreadable[base])

    def require_end(self) -> None:
        if self._began:
            problem = f"the file ends within the batch that line {self._began} begins"
            raise LegacyFileError(self._path, problem, f"a record of type {self._ending.name} behind it: a whole file")

    def _begin_or_end(self, line: int, is_end: bool, text: str | None) -> None:  # noqa: FBT001
        if is_end == (not self._began):
            kind = f"ends a batch ({self._ending.name}) that no {self._total.since} record began"
            if not is_end:
                kind = f"begins a batch before that of line {self._began} has ended"
            raise LegacyFileError(self._path, f"line {line} {kind}", _WHOLE_FILE)
        if is_end:
            self._compare(line, text)
        self._began, self._sum, self._unreadable = 0 if is_end else line, 0, 0

    def _compare(self, line: int, text: str | None) -> None:
        total, where = self._total, f"line {line}: the {self._ending.name} record"
        stated = stated_number(text, total.numbers, total.field.decimals, self._scale)
        if stated is None:
            problem = f"{where} holds no number {total} at {total.field.position}"
            raise LegacyFileError(self._path, problem, _WHOLE_FILE)
        found = ColumnSum(Fraction(self._sum, 10**self._scale), self._unreadable)
        if difference := describe_difference(stated, found, str(total), total.field.decimals, self._column):
            raise LegacyFileError(self._path, f"{where} {difference}", _WHOLE_FILE)
        self.agreed += 1

    def _stated(self, records: TypedRecords) -> list[str | None]:
        rows = records.block.matrix(records.of_type(self._last), 0, self._length)
        found: list[str | None] = field_texts(rows, self._total.field).to_pylist()
        return found

    def _shares(self, records: TypedRecords) -> tuple[Numbers, Numbers]:
        """Return what each record of a block adds to the total, in its last place, and whether it is unreadable."""
        shares = np.zeros(len(records.kinds), np.object_)
        unreadable = np.zeros(len(records.kinds), np.object_)
        if self._summed is None:
            shares[np.isin(records.kinds, self._counted)] = 1
            return shares, unreadable
        at = records.of_type(self._summed.kind)
        values, faulty = self._summed.values_of(records.block.matrix(at, 0, self._length))
        unreadable[at[faulty]] = 1
        shares[np.delete(at, faulty)] = [int((value or 0) * 10**self._scale) for value in values]
        return shares, unreadable
