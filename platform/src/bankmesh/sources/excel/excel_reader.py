"""Reads the rows of one sheet as a stream."""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError, shorten_list
from bankmesh.sources.documents.record_batches import BatchBuilder
from bankmesh.sources.excel.cell_values import CellFault, cell_place, column_letters, read_cell
from bankmesh.sources.excel.sheet_rows import SheetRows
from bankmesh.sources.excel.workbook import Workbook
from bankmesh.sources.export_files import file_sha256
from bankmesh.sources.landing_record import LandedFile
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.excel.cell_values import Cell
    from bankmesh.sources.excel.excel_format import ExcelFormat
    from bankmesh.sources.excel.sheet_rows import SheetRow
    from bankmesh.sources.landing_sink import ParsedBatch

RECORDS_AT_ONCE = 8192


class ExcelReader:
    """One workbook; see `RecordReader`. The line of a record is the number of its row in the sheet."""

    def __init__(self, obj: LegacyObject, written: ExcelFormat, path: Path, _block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path, self.stored = path, LandedFile(path.name, 0, "")
        self.rows_in = self.blank_lines = self.control_totals = 0
        self.other_records: Mapping[str, int] = {}
        self.warnings: tuple[str, ...] = ()
        self._obj, self._written = obj, written
        self._above: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for at, column in enumerate(obj.in_file):
            if column.cell is not None:
                number, place = cell_place(column.cell)
                self._above[number].append((-1 - at, place))
        self._convert = Converter(obj.in_file)

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of some rows at a time. Raises LegacyFileError."""
        self.stored = LandedFile(self.path.name, self.path.stat().st_size, file_sha256(self.path))
        book = Workbook(self.path)
        try:
            yield from self._batches(book)
        finally:
            book.close()

    def _batches(self, book: Workbook) -> Iterator[Callable[[], ParsedBatch]]:
        sheet = SheetRows(book, self._part(book), self._written.header_row)
        batch = BatchBuilder[dict[int, "Cell"]](self._obj, self._convert, _as_json)
        places: list[int] | None = None
        above: dict[int, Cell] = {}
        last = self._written.header_row
        for row in self._without_end(sheet.rows()):
            if row.number < self._written.header_row:
                above |= {at: row.cells[place] for at, place in self._above.get(row.number, ()) if place in row.cells}
                continue
            if places is None and row.number > self._written.header_row:
                break
            if places is None:
                places = self._places(row)
                continue
            last = row.number
            batch.add(row.number, row.cells, self._read(row.cells | above, places))
            if batch.records >= RECORDS_AT_ONCE:
                yield batch.finish
                batch = BatchBuilder(self._obj, self._convert, _as_json)
        if places is None:
            raise self._refuse(f"the sheet has no row {self._written.header_row}", "a row of headings there")
        yield batch.finish
        merged = [area for area in sheet.merged if area.last > self._written.header_row and area.first <= last]
        if merged:
            expected = "cells of their own for each record: the values of merged ones would be guessed"
            raise self._refuse(f"cells of records are merged, first in row {merged[0].first}", expected)
        self.blank_lines = sheet.blank
        others = {"title rows": sheet.titles, "end rows": len(self._written.end_rows)}
        self.rows_in = sheet.started - sheet.blank - sum(others.values()) - 1
        noticed = others | {"hidden rows, which land as others": sheet.hidden}
        self.other_records = {name: count for name, count in noticed.items() if count}

    def _part(self, book: Workbook) -> str:
        wanted = self._written.sheet
        if wanted is None and len(book.sheets) == 1:
            [part] = book.sheets.values()
            return part
        if wanted is None:
            raise self._refuse(f"the workbook has {len(book.sheets)} sheets", "`sheet` in the format, to name one")
        named = [wanted] if wanted in book.sheets else [each for each in book.sheets if fnmatchcase(each, wanted)]
        if not named:
            theirs = "its only sheet" if len(book.sheets) == 1 else f"one of its {len(book.sheets)} sheets"
            raise self._refuse(f"the workbook has no sheet {wanted}", f"`sheet` in the format to name {theirs}")
        if len(named) > 1:
            raise self._refuse(f"the workbook has {len(named)} sheets {wanted}", "one sheet that matches the pattern")
        return book.sheets[named[0]]

    def _places(self, row: SheetRow) -> list[int]:
        """Return the position of each declared column, in any order; below zero those of cells above the headings.

        Raises LegacyFileError if the headings differ.
        """
        found = {at: cell.text for at, cell in row.cells.items() if cell.text}
        columns = [column for column in self._obj.in_file if column.cell is None]
        places = [[at for at, text in found.items() if column.heads(text)] for column in columns]
        missing = [column.label for column, at in zip(columns, places, strict=True) if not at]
        twice = [column.label for column, at in zip(columns, places, strict=True) if len(at) > 1]
        # A heading that is not declared may be data, in a sheet without headings, and is not repeated.
        undeclared = [column_letters(at) for at in found if not any(at in several for several in places)]
        lists = (("it lacks", missing), ("it has twice", twice), ("not declared are those of columns", undeclared))
        problems = [f"{words} {shorten_list(names)}" for words, names in lists if names]
        if problems:
            expected = f"{len(columns)} columns: {', '.join(column.label for column in columns)}"
            raise self._refuse(f"row {row.number}, of headings, differs: {'; '.join(problems)}", expected)
        headed = iter([several[0] for several in places])
        return [next(headed) if each.cell is None else -1 - at for at, each in enumerate(self._obj.in_file)]

    def _read(self, cells: dict[int, Cell], places: list[int]) -> list[str | None] | tuple[RecordFault, ...]:
        texts: list[str | None] = []
        faults = []
        for column, at in zip(self._obj.in_file, places, strict=True):
            cell = cells.get(at)
            if cell is None:
                texts.append(None)
                continue
            try:
                texts.append(read_cell(cell, column, quoted=self._written.quoted_numbers))
            except CellFault as error:
                faults.append(RecordFault(column.label, str(error)))
        if cells.keys() - set(places):
            faults.append(RecordFault(None, "a cell in a column without a heading"))
        return tuple(faults) or texts

    def _without_end(self, rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
        """Hold back as many rows as the sheet has at its end that are no records."""
        patterns = self._written.end_rows
        held: deque[SheetRow] = deque()
        for row in rows:
            held.append(row)
            if len(held) > len(patterns):
                yield held.popleft()
        for row, pattern in zip(held, patterns, strict=False):
            first = row.cells[min(row.cells)].text
            if row.number <= self._written.header_row or not re.fullmatch(pattern, first):
                raise self._refuse(
                    f"row {row.number} is not the declared end row", f'a first text that matches "{pattern}"'
                )
        if len(held) < len(patterns):
            raise self._refuse("the sheet has no end rows", f"{len(patterns)} rows after the records")

    def _refuse(self, problem: str, expected: str) -> LegacyFileError:
        return LegacyFileError(self.path, problem, expected)


def _as_json(cells: dict[int, Cell]) -> bytes:
    return json.dumps({at: str(cell) for at, cell in cells.items()}, ensure_ascii=False).encode("utf-8", "replace")
