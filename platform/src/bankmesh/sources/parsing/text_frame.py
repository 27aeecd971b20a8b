"""Title and end lines of delimited text: checked, kept apart from the records, and compared with them by their totals.

Blank lines among them are no lines. A pattern must match its whole line; a message never repeats a line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.parsing.line_blocks import Block
from bankmesh.sources.parsing.stated_totals import ColumnSum, describe_difference, stated_number, sum_of_values
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import SourceColumn, TextFormat, TextTotal
    from bankmesh.sources.landing_sink import ParsedBatch
    from bankmesh.sources.parsing.record_structure import Records

_WHOLE_FILE = "a whole file whose totals agree with its records"
_LINE = re.compile(rb"[^\n]*\n")


class TextFrame:
    """The title and end lines of one file, and the totals that they state; blocks must come in order."""

    def __init__(self, path: Path, written: TextFormat, columns: Sequence[SourceColumn]) -> None:
        """Expect the lines that the format declares; `columns` are those of the file."""
        self._path, self._written = path, written
        self._found: dict[str, tuple[int, str]] = {}
        self._summed = {
            total.column: (at, column, Converter([replace(column, required=False)]))
            for total in written.totals
            for at, column in enumerate(columns)
            if column.header == total.column
        }

    @property
    def other_records(self) -> dict[str, int]:
        """The number of title and end lines."""
        counts = {"title lines": len(self._written.title_lines), "end lines": len(self._written.end_lines)}
        return {name: count for name, count in counts.items() if count}

    def without_titles(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Yield the text behind the title lines, and the blank lines around them. Raises LegacyFileError."""
        waiting = list(self._written.title_lines)
        is_begun = not waiting
        for block in blocks:
            at, line = 0, block.first_line
            while not is_begun and (found := _LINE.match(block.text, at)):
                if found[0].strip(b"\r\n"):
                    if not waiting:
                        is_begun = True
                        break
                    self._read(found[0], line, "title", waiting.pop(0))
                at, line = found.end(), line + 1
            if block.last and waiting:
                expected = f"{len(self._written.title_lines)} title lines"
                raise LegacyFileError(self._path, "the file ends within its title lines", expected)
            if block.text[at:] or block.last:
                yield replace(block, text=block.text[at:], first_line=line)

    def without_end(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Yield the text before the end lines, holding back as many lines. Raises LegacyFileError."""
        patterns = self._written.end_lines
        if not patterns:
            yield from blocks
            return
        held, held_line = b"", 0
        for block in blocks:
            text, line = held + block.text, held_line if held else block.first_line
            cut = _last_lines(text, len(patterns))
            held, held_line = text[cut:], line + text.count(b"\n", 0, cut)
            if block.last:
                self._read_end(held, held_line)
            if cut or block.last:
                yield Block(text[:cut], line, block.last)

    def sums_of(self, records: Records, batch: ParsedBatch) -> dict[str, ColumnSum]:
        """Return the sum of each summed column over a batch; a line that is no record has nothing readable."""
        found = {}
        for header, (at, column, convert) in self._summed.items():
            values, unreadable = batch.rows[column.name], 0
            if batch.rejects:
                converted = convert(records.table.select([at]).rename_columns(["c0"]))
                values, unreadable = converted.rows[column.name], len(converted.faulty) + len(records.bad)
            found[header] = replace(sum_of_values(values), unreadable=unreadable)
        return found

    def reconcile(self, rows: int, sums: dict[str, ColumnSum]) -> int:
        """Compare every total with the file; return the number of totals. Raises LegacyFileError if one differs."""
        for total in self._written.totals:
            if total.column is None:
                self._compare(total, ColumnSum(Fraction(rows), 0), None)
            else:
                self._compare(total, sums.get(total.column, ColumnSum.zero()), self._summed[total.column][1])
        return len(self._written.totals)

    def _compare(self, total: TextTotal, found: ColumnSum, column: SourceColumn | None) -> None:
        line, text = self._found[total.group]
        stated = stated_number(text, total.numbers, total.decimals, column.type.scale if column else 0)
        if stated is None:
            raise LegacyFileError(self._path, f"line {line} holds no number {total} in {total.group}", _WHOLE_FILE)
        if difference := describe_difference(stated, found, str(total), total.decimals, column):
            raise LegacyFileError(self._path, f"line {line} {difference}", _WHOLE_FILE)

    def _read_end(self, held: bytes, first_line: int) -> None:
        lines = [(line, text) for line, text in enumerate(_LINE.findall(held), first_line) if text.strip(b"\r\n")]
        patterns = self._written.end_lines
        if len(lines) < len(patterns):
            raise LegacyFileError(self._path, "the file has no end lines", f"{len(patterns)} end lines")
        for (line, text), pattern in zip(lines, patterns, strict=True):
            self._read(text, line, "end", pattern)

    def _read(self, text: bytes, line: int, kind: str, pattern: str) -> None:
        match = re.fullmatch(pattern, text.removesuffix(b"\n").removesuffix(b"\r").decode())
        if match is None:
            problem = f"line {line} is not the declared {kind} line"
            raise LegacyFileError(self._path, problem, f'a line that matches "{pattern}"')
        self._found |= {group: (line, value or "") for group, value in match.groupdict().items()}


def _last_lines(text: bytes, count: int) -> int:
    """Return where the last `count` lines begin that are not blank; 0 if the text has fewer."""
    at = len(text)
    while count and at:
        start = text.rfind(b"\n", 0, at - 1) + 1
        count -= bool(text[start:at].strip(b"\r\n"))
        at = start
    return at
