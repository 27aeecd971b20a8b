"""Delimiters of several characters, and of any number of blanks, brought into one character for the parser of fields.

Each line keeps its number, and no line is guessed: where a delimiter overlaps another (`a|||b` with `||`), the line has
several readings and is a reject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.sources.declarations.source_declaration import WHITESPACE
from bankmesh.sources.parsing.record_structure import NEWLINE, RETURN, BadRecord, Records, parse_lines, split_line

if TYPE_CHECKING:
    import pyarrow as pa

    from bankmesh.sources.declarations.source_declaration import TextFormat

_MARKS = [bytes([code]) for code in (0x1F, 0x1E, 0x1D, 0x1C, *range(1, 9), *range(0x0E, 0x1C))]
"""Characters that may replace a delimiter; one that the text does not have is taken."""

_OVERLAP = "a delimiter that overlaps another"
_BLANK = "nothing but blanks"
_NO_MARK = "control characters, which a delimiter of several characters does not allow"


@dataclass(frozen=True)
class PlainText:
    """Text with a delimiter of one character, the format that reads it, and the faults of lines, from 0."""

    text: bytes
    written: TextFormat
    faults: dict[int, str]

    def restore(self, value: str, delimiter: str) -> str:
        """Return a value as the file has it: a quoted one may hold the delimiter."""
        return value if delimiter == WHITESPACE else value.replace(self.written.delimiter, delimiter)


def split_fields(line: bytes, written: TextFormat) -> list[str] | None:
    """Return the fields of one line, with any delimiter; None if it is not well formed. See `split_line`."""
    if len(written.delimiter) == 1:
        return split_line(line, written)
    plain = plain_form(line + b"\n", written)
    found = None if plain.faults else split_line(plain.text[:-1], plain.written)
    return None if found is None else [plain.restore(value, written.delimiter) for value in found]


def parse_delimited(text: bytes, first_line: int, written: TextFormat, width: int) -> Records:
    """Parse text in which every line is a record of its own, with any delimiter; see `parse_lines`."""
    import numpy as np

    plain = plain_form(text, written)
    found = parse_lines(plain.text, first_line, plain.written, width, plain.faults)
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    stops = ends - (data[ends - 1] == RETURN)
    rows = found.lines - first_line
    bad = [
        BadRecord(b.line, text[starts[b.line - first_line] : stops[b.line - first_line]], b.reason) for b in found.bad
    ]
    table = _restored(found.table, plain, written)
    return Records(table, text, found.lines, starts[rows], stops[rows], tuple(bad))


def plain_form(text: bytes, written: TextFormat) -> PlainText:
    """Return text of whole lines with a delimiter of one character; every line is at its place."""
    if written.delimiter == WHITESPACE:
        return _single_blanks(text, written)
    delimiter = written.delimiter.encode()
    mark = next((mark for mark in _MARKS if mark not in text), None)
    if mark is None:
        mark = _MARKS[0]
        faults = dict.fromkeys(_lines(_places(re.escape(mark), text), text), _NO_MARK)
        return PlainText(text.replace(delimiter, mark), replace(written, delimiter=mark.decode()), faults)
    plain = text.replace(delimiter, mark)
    borders = [at for at in range(1, len(delimiter)) if delimiter.startswith(delimiter[-at:])]
    overlaps = b"|".join(re.escape(mark + delimiter[at:]) for at in borders)
    found = _places(overlaps, plain) if any(mark + delimiter[at:] in plain for at in borders) else []
    quote = (written.quote or "").encode()
    outside = [at for at in found if not quote or plain.count(quote, plain.rfind(b"\n", 0, at) + 1, at) % 2 == 0]
    return PlainText(plain, replace(written, delimiter=mark.decode()), dict.fromkeys(_lines(outside, plain), _OVERLAP))


def _single_blanks(text: bytes, written: TextFormat) -> PlainText:
    plain = b"\n" + text.replace(b"\t", b" ")
    while b"  " in plain:
        plain = plain.replace(b"  ", b" ")
    plain = plain.replace(b"\n ", b"\n").replace(b" \n", b"\n").replace(b" \r\n", b"\r\n")[1:]
    blank = _lines(_places(rb"(?m)^[ \t]+\r?$", text), text) if _has_blank(plain) else []
    return PlainText(plain, replace(written, delimiter=" "), dict.fromkeys(blank, _BLANK))


def _has_blank(plain: bytes) -> bool:
    return plain.startswith((b"\n", b"\r\n")) or b"\n\n" in plain or b"\n\r\n" in plain


def _lines(places: list[int], text: bytes) -> list[int]:
    """Return the line, from 0, of each place."""
    import numpy as np

    found: list[int] = np.searchsorted(np.flatnonzero(np.frombuffer(text, np.uint8) == NEWLINE), places).tolist()
    return found


def _places(pattern: bytes, text: bytes) -> list[int]:
    return [found.start() for found in re.finditer(pattern, text)]


def _restored(table: pa.Table, plain: PlainText, written: TextFormat) -> pa.Table:
    import pyarrow as pa
    from pyarrow import compute

    if written.quote is None or written.delimiter == WHITESPACE or written.quote.encode() not in plain.text:
        return table
    mark, delimiter = plain.written.delimiter, written.delimiter
    columns = [compute.replace_substring(column, mark, delimiter) for column in table.columns]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))
