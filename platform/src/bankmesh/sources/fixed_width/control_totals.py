"""Headers and trailers of a file: that each is where it must be, and that the totals they state agree with the records.

Totals are exact and are those of the file, not of what was landed: a record that is rejected for another column counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from bankmesh.contracts.model import Classification
from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations import number_formats
from bankmesh.sources.declarations.record_layout import DETAIL, HEADER
from bankmesh.sources.fixed_width.field_texts import field_texts
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from bankmesh.sources.declarations.record_layout import ControlTotal, FixedWidthFormat, RecordType, TypedLayout
    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.fixed_width.record_types import TypedRecords

_WHOLE_FILE = "a whole file whose control totals agree with its records"


@dataclass(frozen=True)
class ColumnSum:
    """The sum of a column over some records, and the number of records that hold something unreadable in its place."""

    total: Fraction
    unreadable: int

    @classmethod
    def zero(cls) -> Self:
        """Return the sum over no records."""
        return cls(Fraction(0), 0)

    def __add__(self, other: ColumnSum) -> ColumnSum:
        return ColumnSum(self.total + other.total, self.unreadable + other.unreadable)


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
        import pyarrow as pa

        rows = records.block.matrix(records.of_type(self.kind), 0, length)
        converted = self._convert(pa.table({"c0": field_texts(rows, self._field)}))
        return replace(sum_of_values(converted.rows[self.column.name]), unreadable=len(converted.faulty))


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
    ) -> int:
        """Compare every total with the records; return the number of totals.

        `sums` and the summed `columns` are by record type and name in the declaration. Raises LegacyFileError if they
        differ, with both numbers, unless the column is classified above `internal`: a sum over one record is its value.
        """
        totals = [(record, total) for _, record in self._roles for total in record.totals]
        for record, total in totals:
            if total.column is None:
                self._compare(record, total, ColumnSum(Fraction(sum(counts[name] for name in total.records)), 0))
            else:
                summed = (total.records[0], total.column)
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
        if stated == found.total and not found.unreadable:
            return
        more = f"; records without a readable value: {found.unreadable:,}" if found.unreadable else ""
        if column is not None and column.classification > Classification.INTERNAL:
            hidden = f"the file has another (not shown: the column is {column.classification.label})"
            raise self._fault(f"{where} states a number {total}; {hidden}{more}", _WHOLE_FILE)
        places = max(scale, total.field.decimals or 0)
        said, has = as_number(stated, places), as_number(found.total, places)
        raise self._fault(f"{where} states {said} {total}; the file has {has}{more}", _WHOLE_FILE)

    def _fault(self, problem: str, expected: str) -> LegacyFileError:
        return LegacyFileError(self._path, problem, expected)


def stated_total(text: str | None, total: ControlTotal, scale: int) -> Fraction | None:
    """Return the number that a total states; None if it is not written as declared, with at most `scale` decimals."""
    numbers, decimals = total.numbers, total.field.decimals
    pattern = number_formats.decimal_pattern(0 if decimals else scale, numbers)
    if text is None or re.fullmatch(pattern, text) is None:
        return None
    if numbers.thousands is not None:
        text = text.replace(numbers.thousands, "")
    text = text.replace(numbers.decimal, ".")
    if text[-1] in "+-":
        text = text[-1] + text[:-1]
    return Fraction(text) / Fraction(10 ** (decimals or 0))


def as_number(value: Fraction, places: int) -> str:
    """Return an exact decimal for people: `-1,234.50`."""
    # Built from text, a Decimal is exact in any context.
    return f"{Decimal(f'{int(value * 10**places)}e-{places}'):,f}"


def sum_of_values(values: pl.Series) -> ColumnSum:
    """Return the exact sum of whole or decimal numbers; null counts as zero."""
    import pyarrow as pa
    from pyarrow import compute

    arrow = values.to_arrow()
    scale = arrow.type.scale if pa.types.is_decimal(arrow.type) else 0
    if pa.types.is_int32(arrow.type):
        arrow = arrow.cast(pa.int64())
    # 76 digits hold the sum of any block of numbers of 38 digits.
    total = compute.sum(arrow.cast(pa.decimal256(76, scale))).as_py()
    return ColumnSum.zero() if total is None else ColumnSum(Fraction(total), 0)
