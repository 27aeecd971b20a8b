"""Headers and trailers of a file: that each is where it must be, and that the totals they state agree with the records.

Totals are exact and are those of the file, not of what was landed: a record that is rejected for another column counts.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.record_layout import DETAIL, HEADER
from bankmesh.sources.fixed_width.field_texts import field_texts
from bankmesh.sources.parsing.stated_totals import ColumnSum, describe_difference, stated_number, sum_of_values
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from bankmesh.sources.declarations.record_layout import (
        ControlTotal,
        FilteredTotal,
        FixedWidthFormat,
        RecordType,
        TypedLayout,
    )
    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.fixed_width.record_types import TypedRecords

_WHOLE_FILE = "a whole file whose control totals agree with its records"


class SummedColumn:
    """A column that control totals sum up; safe to use from several threads."""

    def __init__(self, written: FixedWidthFormat, record: str, column: SourceColumn) -> None:
        """Prepare the sum of a column over the records of one type."""
        if column.fixed is None:
            raise ValueError(column.name)
        self.kind, self.column, self._field = written.index(record), column, column.fixed
        self._convert = Converter([replace(column, required=False)])

    def sum_of(self, records: TypedRecords, length: int) -> ColumnSum:
        """Return the sum over the records of a block; an absent value counts as zero."""
        return self.sum_of_rows(records.block.matrix(records.of_type(self.kind), 0, length))

    def sum_of_rows(self, rows: Cells) -> ColumnSum:
        """Return the sum over some records of its type."""
        values, faulty = self.values_of(rows)
        return replace(sum_of_values(values), unreadable=len(faulty))

    def values_of(self, rows: Cells) -> tuple[pl.Series, list[int]]:
        """Return the values of some records of its type in order, and the positions of those that are unreadable."""
        import pyarrow as pa

        converted = self._convert(pa.table({"c0": field_texts(rows, self._field)}))
        return converted.rows[self.column.name], [faulty.row for faulty in converted.faulty]


class FilteredSum:
    """A total over the records that hold certain values; safe to use from several threads."""

    def __init__(self, written: FixedWidthFormat, total: FilteredTotal, column: SourceColumn | None) -> None:
        """Prepare the total; `column` is the one that it sums up, None if it counts."""
        self.total, self._kinds = total, [written.index(name) for name in total.records]
        self._summed = SummedColumn(written, total.records[0], column) if column is not None else None
        self._codes = [np.array([ord(character) for character in value]) for value in total.values]

    def sum_of(self, records: TypedRecords, length: int) -> ColumnSum:
        """Return the total over the records of a block."""
        found = ColumnSum.zero()
        for kind in self._kinds:
            rows = records.block.matrix(records.of_type(kind), 0, length)
            cells = rows[:, self.total.where.span]
            chosen = np.zeros(len(rows), np.bool_)
            for code in self._codes:
                chosen |= (cells == code).all(axis=1)
            found += (
                self._summed.sum_of_rows(rows[chosen]) if self._summed else ColumnSum(Fraction(int(chosen.sum())), 0)
            )
        return found


class ControlRecords:
    """The header and the trailer of one file; blocks must come in order."""

    def __init__(self, path: Path, written: TypedLayout) -> None:
        """Expect the header and trailer that the format declares, if any."""
        self._path, self._written = path, written
        self._roles = [(kind, record) for kind, record in enumerate(written.records) if record.role != DETAIL]
        self._found: dict[str, tuple[int, Cells]] = {}
        self._seen = 0

    def follow(self, records: TypedRecords) -> None:
        """Read the control records of a block. Raises LegacyFileError for one that is not in its place."""
        lines = records.block.lines
        for kind, record in self._roles:
            at = records.of_type(kind)
            if record.role == HEADER:
                misplaced = at[at + self._seen > 0]
                if len(misplaced):
                    problem = f"line {lines[misplaced[0]]} is of type {record.name} ({HEADER})"
                    raise self._fault(problem, "a record of that type only as the first of a file")
            elif record.name in self._found or (len(at) and at[0] + 1 < len(records.kinds)):
                after = lines[0] if record.name in self._found else lines[at[0] + 1]
                raise self._fault(f"line {after} follows the {record.name} record", "nothing after the last record")
            if len(at):
                rows = records.block.matrix(at[:1], 0, self._written.record_length)
                self._found[record.name] = int(lines[at[0]]), rows
        self._seen += len(records.kinds)

    def require_all(self) -> None:
        """Raise LegacyFileError if the header or the trailer is missing."""
        for _, record in self._roles:
            if record.name not in self._found:
                place = "first" if record.role == HEADER else "last"
                problem = f"the file has no {record.name} record ({record.role})"
                values = " or ".join(record.values)
                raise self._fault(problem, f"{values} at {self._written.selector} of its {place} record: a whole file")

    def reconcile(
        self,
        counts: dict[str, int],
        sums: dict[tuple[str, str], ColumnSum],
        columns: dict[tuple[str, str], SourceColumn],
        filtered: dict[ControlTotal, ColumnSum] | None = None,
    ) -> int:
        """Compare every total with the records; return the number of totals.

        `sums` and the summed `columns` are by record type and name in the declaration, `filtered` are the totals over
        some records of a type. Raises LegacyFileError if they
        differ, with both numbers, unless the column is classified above `internal`: a sum over one record is its value.
        """
        totals = [(record, total) for _, record in self._roles for total in record.totals]
        for record, total in totals:
            summed = (total.records[0], total.column or "")
            if filtered and total in filtered:
                self._compare(record, total, filtered[total], columns.get(summed))
            elif total.column is None:
                self._compare(record, total, ColumnSum(Fraction(sum(counts[name] for name in total.records)), 0))
            else:
                self._compare(record, total, sums[summed], columns[summed])
        return len(totals)

    def stated(self, record: RecordType, rows: Cells, total: ControlTotal, scale: int) -> Fraction | None:  # noqa: ARG002
        """Return the number that a total states in the only row; None if it has none of at most `scale` decimals."""
        return stated_total(field_texts(rows, total.field)[0].as_py(), total, scale)

    def _compare(
        self, record: RecordType, total: ControlTotal, found: ColumnSum, column: SourceColumn | None = None
    ) -> None:
        scale = column.type.scale if column else 0
        line, rows = self._found[record.name]
        stated = self.stated(record, rows, total, scale)
        where = f"line {line}: the {record.name} record"
        if stated is None:
            raise self._fault(f"{where} holds no number {total} at {total.field.position}", _WHOLE_FILE)
        difference = describe_difference(stated, found, str(total), total.field.decimals, column)
        if difference:
            raise self._fault(f"{where} {difference}", _WHOLE_FILE)

    def _fault(self, problem: str, expected: str) -> LegacyFileError:
        return LegacyFileError(self._path, problem, expected)


def stated_total(text: str | None, total: ControlTotal, scale: int) -> Fraction | None:
    """Return the number that a total states; None if it is not written as declared, with at most `scale` decimals."""
    return stated_number(text, total.numbers, total.field.decimals, scale)
