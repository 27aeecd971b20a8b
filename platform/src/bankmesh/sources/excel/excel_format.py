"""The format of Excel workbooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.contracts.parsing.regular_expressions import check_pattern
from bankmesh.errors import Fault
from bankmesh.sources.declarations.date_formats import STORED
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, PLAIN_NUMBERS, read_numbers
from bankmesh.sources.declarations.source_declaration import RecordFormat
from bankmesh.sources.excel.cell_values import cell_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.sources.declarations.source_declaration import FileFormat, SourceColumn
    from bankmesh.yaml.nodes import Mapping

EXCEL_KEYS = ("sheet", "header_row", "end_rows", "quoted_numbers", *NUMBER_KEYS)


@dataclass(frozen=True, kw_only=True)
class ExcelFormat(RecordFormat):
    """One sheet of a workbook: the one whose name is `sheet` or matches that pattern; without, the workbook has one.

    `header_row` is the row of the headings, from 1. The first text of each of the last rows matches one of `end_rows`,
    in order. `quoted_numbers` allows texts that spell numbers.
    """

    kind: ClassVar[str] = "excel"
    date_format: ClassVar[str | None] = STORED
    timestamp_format: ClassVar[str | None] = STORED
    stores_dates: ClassVar[bool] = True
    field_keys: ClassVar[tuple[str, ...]] = ("cell",)

    sheet: str | None = None
    header_row: int = 1
    end_rows: tuple[str, ...] = ()
    quoted_numbers: bool = False

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note faults of columns that spell numbers although cells have typed ones, and of cells below the headings."""
        del record
        for column in columns:
            if column.cell is not None and cell_place(column.cell)[0] >= self.header_row:
                message = (
                    f"cell of {column.label} is {column.cell}, which is not above the headings: row {self.header_row}"
                )
                given.faults.found.append(Fault(column.place.file, column.place.line, "bad-cell", message))
        for column in (column for column in columns if column.is_in_file):
            if not self.quoted_numbers and (column.numbers != PLAIN_NUMBERS or column.read != "plain"):
                message = (
                    f"column {column.label} has a spelling of numbers, but cells have typed ones; "
                    "`quoted_numbers: true` of the format reads texts that spell numbers"
                )
                fault = Fault(column.place.file, column.place.line, "option-of-another-kind", message)
                given.faults.found.append(fault)


def read_excel(given: Mapping, base: FileFormat) -> ExcelFormat:
    """Read the format of workbooks; keys that are not given come from `base`."""
    inherited = base if isinstance(base, ExcelFormat) else ExcelFormat()
    row = given.text("header_row", str(inherited.header_row))
    if not row.isascii() or not row.isdigit() or not 0 < int(row) <= 1 << 20:
        message = f"header_row of {given.what} is {row}; give the number of a row, from 1"
        given.faults.add(given.value("header_row"), "bad-number", message)
        row = "1"
    patterns = given.texts("end_rows")
    for pattern in patterns or ():
        problem = check_pattern(pattern)
        if problem:
            given.faults.add(given.value("end_rows"), "bad-pattern", f"end_rows of {given.what}: {problem}")
    return ExcelFormat(
        numbers=read_numbers(given, getattr(base, "numbers", PLAIN_NUMBERS), None, None),
        sheet=given.optional_text("sheet") if "sheet" in given.entries else inherited.sheet,
        header_row=int(row),
        end_rows=inherited.end_rows if patterns is None else patterns,
        quoted_numbers=given.flag("quoted_numbers", default=inherited.quoted_numbers),
    )
