"""Proposals for Excel workbooks: the sheet, its table, and a column for each heading from all of its cells."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bankmesh.scaffolding.file_patterns import common_ends
from bankmesh.scaffolding.source_proposals.nested_records.nested_fields import FieldProfiles
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.scaffolding.source_proposals.typed_values import DATE, FLAG, MOMENT, NUMBER, TEXT, TIME, propose_typed
from bankmesh.scaffolding.source_proposals.workbooks.sheet_tables import SheetTable, find_table, is_like_total
from bankmesh.scaffolding.source_proposals.workbooks.title_dates import propose_title_dates
from bankmesh.sources.excel import cell_values
from bankmesh.sources.excel.cell_values import CellFault, column_letters, exact_number
from bankmesh.sources.excel.sheet_rows import SheetRows
from bankmesh.sources.excel.workbook import Workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.scaffolding.source_proposals.typed_values import Value
    from bankmesh.sources.excel.cell_values import Cell

_KINDS = {
    cell_values.TEXT: TEXT, cell_values.FLAG: FLAG, cell_values.TIME: TIME, cell_values.DURATION: TIME,
    cell_values.ERROR: "error values", cell_values.UNSTORED: "formulas without a stored result",
    cell_values.UNREADABLE: "unreadable values",
}  # fmt: skip
_SIMPLE = re.compile(r"-?[0-9]{1,15}|-?(?=[0-9.]{3,16}$)[0-9]+\.[0-9]+")
_NAMED = 8


@dataclass(frozen=True)
class _ChosenSheet:
    """The sheet of a file that holds the records, and its table; `others` are sheets with tables of their own."""

    file: Path
    name: str
    table: SheetTable
    names: Sequence[str]
    others: Mapping[str, int]


def propose_excel(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for workbooks. Raises CannotPropose, and LegacyFileError for a damaged one."""
    chosen = [_choose_sheet(file, options) for file in files]
    table = chosen[0].table
    for each in chosen[1:]:
        if (each.table.header_row, each.table.end_rows) != (table.header_row, table.end_rows) or set(
            each.table.headings.values()
        ) != set(table.headings.values()):
            problem = "its headings, or what follows its records, are not those of the first file"
            raise CannotPropose(each.file, problem, "Name files of one layout.")
    keys: dict[str, object] = {"kind": "excel"}
    sheet, questions = _name_sheet(chosen, options)
    if sheet is not None:
        keys["sheet"] = sheet
    if table.header_row > 1:
        keys["header_row"] = table.header_row
    if table.end_rows:
        keys["end_rows"] = list(table.end_rows)
    fields = FieldProfiles(files[0])
    for each in chosen:
        questions += _add_records(each, fields)
    fields.flush()
    proposed = [
        propose_typed(profile, fields.rows, day_first=options.day_first) for profile in fields.profiles.values()
    ]
    if any(each.quoted for each in proposed):
        keys["quoted_numbers"] = True
    titled = propose_title_dates([each.table for each in chosen], options.day_first)
    columns = (*(each.column for each in proposed), *titled.columns)
    return FileProposal(keys, columns, fields.rows, {}, (*questions, *titled.questions))


@contextmanager
def _opened(file: Path) -> Iterator[Workbook]:
    book = Workbook(file)
    try:
        yield book
    finally:
        book.close()


def _choose_sheet(file: Path, options: ProposalOptions) -> _ChosenSheet:
    """Return the sheet with the most records. Raises CannotPropose if no sheet shows its headings."""
    with _opened(file) as book:
        wanted = options.sheet
        names = [name for name in book.sheets if wanted is None or fnmatchcase(name, wanted)]
        names = [wanted] if wanted is not None and wanted in book.sheets else names
        if wanted is not None and len(names) != 1:
            problem = f"{len(names)} of its {len(book.sheets)} sheets are named {wanted}"
            raise CannotPropose(file, problem, "Name one with --sheet, or a pattern that one matches.")
        found = {name: find_table(SheetRows(book, book.sheets[name], 0).rows(), options.header_row) for name in names}
        tables = {name: table for name, table in found.items() if table is not None}
        if not tables:
            advice = "Say --header-row N, or --sheet NAME; a sheet without headings cannot be read."
            raise CannotPropose(file, "no row shows that it holds headings above records", advice)
        name = max(tables, key=lambda each: tables[each].records)
        table = tables[name]
        if len(set(table.headings.values())) < len(table.headings):
            raise CannotPropose(file, "two of its columns have the same heading", "A declaration needs different ones.")
        others = {each: tables[each].records for each in tables if each != name}
        return _ChosenSheet(file, name, table, list(book.sheets), others)


def _name_sheet(chosen: Sequence[_ChosenSheet], options: ProposalOptions) -> tuple[str | None, tuple[str, ...]]:
    """Return the sheet as declarations name it, None if workbooks have one, and questions about it."""
    first = chosen[0]
    questions: tuple[str, ...] = ()
    if first.others:
        others = ", ".join(f'"{name}" ({n:,})' for name, n in list(first.others.items())[:_NAMED])
        most = f'"{first.name}" has {first.table.records:,} rows'
        questions = (f"which sheet holds the records? {most}; there are also {others}: see --sheet",)
    if all(len(each.names) == 1 for each in chosen):
        return None, questions
    if options.sheet is not None:
        return options.sheet, questions
    names = sorted({each.name for each in chosen})
    if len(names) == 1:
        if (pattern := _without_digits(first.name)) != first.name:
            question = (
                f'does the sheet have another name in later files? A pattern matches these, too: sheet: "{pattern}"'
            )
            questions = (*questions, question)
        return first.name, questions
    pattern = _common_pattern(names)
    if pattern == "*" or any(sum(fnmatchcase(name, pattern) for name in each.names) != 1 for each in chosen):
        problem = f"the sheets of the {len(chosen)} files are named differently"
        raise CannotPropose(first.file, problem, "Name a pattern with --sheet that one sheet of each matches.")
    return pattern, questions


def _common_pattern(names: Sequence[str]) -> str:
    """Return a pattern with `?` for digits, which follow later periods; with `*` if names differ in more than these."""
    patterns = {_without_digits(name) for name in names}
    if len(patterns) == 1:
        return patterns.pop()
    return "*".join(common_ends(names))


def _without_digits(name: str) -> str:
    return re.sub("[0-9]", "?", name)


def _add_records(chosen: _ChosenSheet, fields: FieldProfiles) -> tuple[str, ...]:
    """Add the rows of a table, and return questions about them."""
    table, without, totals = chosen.table, set[int](), list[int]()
    with _opened(chosen.file) as book:
        sheet = SheetRows(book, book.sheets[chosen.name], 0)
        for row in sheet.rows():
            if table.header_row < row.number <= table.last:
                without |= row.cells.keys() - table.headings.keys()
                if len(totals) < _NAMED and is_like_total(row):
                    totals.append(row.number)
                cells = ((heading, row.cells.get(at)) for at, heading in table.headings.items())
                fields.add({heading: None if cell is None else _value(cell) for heading, cell in cells})
        merged = [area for area in sheet.merged if area.last > table.header_row and area.first <= table.last]
    questions = []
    if without:
        letters = ", ".join(column_letters(at) for at in sorted(without)[:_NAMED])
        questions.append(f"what do cells without a heading hold? Rows with them are rejects: columns {letters}")
    if table.odd:
        numbers = ", ".join(map(str, table.odd))
        questions.append(
            f"are rows {numbers} records? They lack what others have, and may become rejects; see end_rows"
        )
    if totals:
        numbers = ", ".join(map(str, totals))
        questions.append(f"are rows {numbers} totals? They begin like some, and land as records")
    if merged:
        questions.append(
            f"which record has the value of merged cells? The file is refused: first in row {merged[0].first}"
        )
    return tuple(questions)


def _value(cell: Cell) -> Value:
    if cell.kind == cell_values.NUMBER:
        return NUMBER, _plain(cell.text)
    if cell.kind == cell_values.DATE:
        return (DATE if cell.text.endswith(cell_values.MIDNIGHT) else MOMENT), ""
    return _KINDS[cell.kind], cell.text


def _plain(text: str) -> str:
    """Return a number as it lands: without the noise of a double, if its places are those that Excel shows."""
    if _SIMPLE.fullmatch(text):
        return text
    shown = format(Decimal(f"{float(text):.{cell_values.SHOWN_DIGITS}g}"), "f")
    places = len(shown.partition(".")[2].rstrip("0"))
    try:
        return exact_number(text, places)
    except CellFault:
        whole = format(Decimal(text), "f")
        return text if "." in whole else whole  # a whole number stays one, and its rejects are seen
