"""The rows of a sheet, one after the other, with what each cell holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.excel.cell_values import (
    DATE,
    DURATION,
    ERROR,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    UNREADABLE,
    UNSTORED,
    Cell,
    column_position,
    is_finite,
    is_number,
    moment_of,
)
from bankmesh.sources.excel.workbook import local_name, text_of, unescape, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from bankmesh.sources.excel.workbook import Workbook

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_AREA = re.compile(r"[A-Z]{1,3}([1-9][0-9]{0,6}):[A-Z]{1,3}([1-9][0-9]{0,6})")
_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,3})?)?(Z)?")
_HALF = re.compile("[\ud800-\udfff]")
_BLANKS = " \t\r\n"


@dataclass(frozen=True)
class SheetRow:
    """A row with at least one cell that is not empty; cells by their column, from 0."""

    number: int
    cells: dict[int, Cell]


@dataclass(frozen=True)
class MergedArea:
    """The rows of merged cells."""

    first: int
    last: int


class SheetRows:
    """Reads one sheet once. After `rows` is exhausted: counts of its rows, and the merged areas."""

    def __init__(self, book: Workbook, part: str, header_row: int) -> None:
        """Prepare to read a part of a workbook; `titles` will count the rows with cells above `header_row`."""
        self.started = self.blank = self.hidden = self.titles = 0
        self.merged: list[MergedArea] = []
        self._book, self._part = book, part
        self._header_row = header_row

    def rows(self) -> Iterator[SheetRow]:
        """Yield each row that is not blank. Raises LegacyFileError if the sheet is damaged or out of order."""
        last = 0
        open_elements: list[Element] = []
        for event, element in self._book.stream(self._part).events():
            name = local_name(element)
            if event == "start":
                open_elements.append(element)
                self.started += name == "row"
                continue
            open_elements.pop()
            if name == "row":
                number = whole_number(element.get("r", str(last + 1)))
                if number is None or number <= last:
                    raise self._damaged("rows are out of order")
                last = number
                cells = self._cells(element, number)
                if cells:
                    self.hidden += element.get("hidden") in {"1", "true"}
                    self.titles += number < self._header_row
                    yield SheetRow(number, cells)
                else:
                    self.blank += 1
                open_elements[-1].remove(element)
            elif name == "mergeCell":
                area = _AREA.fullmatch(element.get("ref", ""))
                if area is None:
                    raise self._damaged("merged cells without an area")
                self.merged.append(MergedArea(int(area[1]), int(area[2])))

    def _cells(self, row: Element, number: int) -> dict[int, Cell]:
        cells: dict[int, Cell] = {}
        last = -1
        for element in row:
            if local_name(element) != "c":
                continue
            at = last + 1
            reference = element.get("r")
            if reference is not None:
                match = _REFERENCE.fullmatch(reference)
                if match is None or int(match[2]) != number or column_position(match[1]) <= last:
                    raise self._damaged("cells are out of order")
                at = column_position(match[1])
            last = at
            cell = self._cell(element)
            if cell is not None:
                cells[at] = cell
        return cells

    def _cell(self, element: Element) -> Cell | None:
        parts = {local_name(child): child for child in element}
        if sum(local_name(child) in {"v", "is"} for child in element) > 1:
            raise self._damaged("a cell has several values")
        kind = element.get("t", "n")
        if ("v" if kind == "inlineStr" else "is") in parts:
            raise self._damaged("a cell holds its value in the place of another type")
        if kind == "inlineStr":
            return _text_cell(text_of(parts["is"])) if "is" in parts else None
        text = (parts["v"].text or "") if "v" in parts else None
        if text is not None and kind != "str":
            text = text.strip(_BLANKS)
        if text is None or (kind == "n" and not text):
            return Cell(UNSTORED, "") if "f" in parts else None
        style = whole_number(element.get("s", "0"))
        if style is None:
            raise self._damaged("a cell has no number of a style")
        cell = self._text(kind, text) or self._value(kind, text, style)
        if cell is None:
            raise self._damaged("a cell holds no value of its type")
        return cell

    def _text(self, kind: str, text: str) -> Cell | None:
        """Return a cell of text; None if it is of another kind."""
        if kind == "str":
            return _text_cell(unescape(text))
        if kind != "s":
            return None
        at = whole_number(text)
        if at is None or at >= len(self._book.texts):
            raise self._damaged("a cell refers to a text that is not there")
        return _text_cell(self._book.texts[at])

    def _value(self, kind: str, text: str, style: int) -> Cell | None:
        """Return a cell of a number, date, flag or error; None if the text is none."""
        if kind == "e":
            return Cell(ERROR, "")
        if kind == "b" and text in {"0", "1"}:
            return Cell(FLAG, "true" if text == "1" else "false")
        if kind == "d":
            return _date_cell(text)
        return self._number(text, style) if kind == "n" and is_number(text) else None

    def _number(self, text: str, style: int) -> Cell:
        if not is_finite(text):
            return Cell(UNREADABLE, text)
        if style and not self._book.has_styles:
            raise self._damaged("a cell refers to a style, and the workbook has none")
        if style in self._book.duration_styles:
            return Cell(DURATION, text)
        if style in self._book.time_styles:
            return Cell(TIME, text)
        moment = moment_of(text, is_1904=self._book.is_1904) if style in self._book.date_styles else None
        return Cell(NUMBER, text) if moment is None else Cell(DATE, moment)

    def _damaged(self, problem: str) -> LegacyFileError:
        return LegacyFileError(
            self._book.path, f"the sheet is damaged: {problem}", "an undamaged Excel workbook (.xlsx)"
        )


def _text_cell(text: str) -> Cell:
    """Return a cell of text; half of a surrogate pair is no character."""
    return Cell(UNREADABLE if _HALF.search(text) else TEXT, text)


def _date_cell(text: str) -> Cell:
    found = _ISO.fullmatch(text)
    if found is None:
        return Cell(UNREADABLE, text)
    time = f"{found[2] or '00:00:00'}{(found[3] or '.').ljust(4, '0')}{found[4] or ''}"
    return Cell(DATE, f"{found[1]}T{time}")
