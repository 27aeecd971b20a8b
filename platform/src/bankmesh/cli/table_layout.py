"""Layout of tables in a given width: long texts wrap between words, and no word or number is ever cut.

What does not fit even so is laid out with the first column on a line of its own or, if that does not fit either, as
one line for each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GAP = 2
_INDENT = 4
_SHORT = 16
"""Texts up to this width are not wrapped in a table."""


@dataclass(frozen=True)
class TableText:
    """Headings and rows of plain or styled texts, which may hold brackets: nothing is interpreted as markup."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Text]]

    def lines(self, width: int) -> list[Text]:
        """Return the lines of the table in the widest layout that fits."""
        headings = [Text(heading, style="bold") for heading in self.headings]
        if widths := _fit(list(zip(headings, *self.rows, strict=True)), width):
            return _aligned([headings, *self.rows], widths, 0)
        rest = [row[1:] for row in (headings, *self.rows)]
        if len(headings) > 1 and (widths := _fit(list(zip(*rest, strict=True)), width - _INDENT)):
            lines = []
            for row in (headings, *self.rows):
                lines += [row[0], *_aligned([row[1:]], widths, _INDENT)]
            return lines
        return self._listed(width)

    def _listed(self, width: int) -> list[Text]:
        """Return each row as its first heading and value, and below it a line for each of the others."""
        label = max((cell_len(heading) for heading in self.headings[1:]), default=0)
        lines: list[Text] = []
        for row in self.rows:
            lines.append(Text(f"{self.headings[0]} ", style="bold") + row[0])
            for heading, cell in zip(self.headings[1:], row[1:], strict=True):
                if cell.plain:
                    available = max(_SHORT, width - _INDENT - label - _GAP)
                    lines += _aligned([[Text(heading, style="bold"), cell]], [label, available], _INDENT)
        return lines


def _fit(columns: Sequence[Sequence[Text]], width: int) -> list[int] | None:
    """Return the widths of columns that fit into `width`, the widest reduced first; None if no widths do."""
    widths = [max(_natural(cell) for cell in column) for column in columns]
    least = [max(max(_longest_word(cell), min(_natural(cell), _SHORT)) for cell in column) for column in columns]
    available = width - _GAP * (len(columns) - 1)
    if sum(least) > available:
        return None
    while sum(widths) > available:
        _, widest = max((widths[number], number) for number in range(len(widths)) if widths[number] > least[number])
        widths[widest] -= 1
    return widths


def _aligned(rows: Sequence[Sequence[Text]], widths: Sequence[int], indent: int) -> list[Text]:
    return [line for row in rows for line in _row_lines(row, widths, indent)]


def _row_lines(row: Sequence[Text], widths: Sequence[int], indent: int) -> Iterator[Text]:
    wrapped = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, wrapped))):
        line = Text(" " * indent)
        for lines, width in zip(wrapped, widths, strict=True):
            part = lines[number] if number < len(lines) else Text()
            line += part + " " * (width - cell_len(part.plain) + _GAP)
        line.rstrip()
        yield line


def _wrapped(cell: Text, width: int) -> list[Text]:
    """Return the lines of a cell; a word that is longer than the width, as in a path, stays whole."""
    lines: list[Text] = []
    for paragraph in cell.split("\n", allow_blank=True):
        current: Text | None = None
        for word in paragraph.split(" "):
            if current is not None and cell_len(current.plain) + 1 + cell_len(word.plain) <= width:
                current = current + " " + word
            else:
                lines += [] if current is None else [current]
                current = word
        lines.append(current or Text())
    return lines


def _natural(cell: Text) -> int:
    return max(map(cell_len, cell.plain.split("\n")))


def _longest_word(cell: Text) -> int:
    return max(map(cell_len, cell.plain.split()), default=0)
