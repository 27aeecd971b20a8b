"""Splits text into columns of text: finds well-formed records, their lines, and the faults of the others.

Quoting follows RFC 4180 strictly: a quote opens a value only at its start, closes it only at its end, and is doubled
within. Arrow's parser, which splits the fields, is more lenient, so quotes are checked here first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from bankmesh.sources.declarations.source_declaration import TextFormat

    Positions = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

NEWLINE, RETURN = 10, 13
END_OF_FILE = b"\x1a"
END_OF_FILE_LINE = 'the line is the end-of-file character 0x1A; for the last line, declare `end_lines: ["\\x1a"]`'
END_OF_FILE_BEHIND = "the record ends with the end-of-file character 0x1A, which is no part of its last value"


@dataclass(frozen=True)
class BadRecord:
    """A physical line that is not a record of the declared width; `line` counts from 1."""

    line: int
    raw: bytes
    reason: str


@dataclass(frozen=True)
class Records:
    """The well-formed records of a block, and the lines that are not records.

    `table` has text columns `c0`, `c1`, ...; null is an absent field, "" a quoted empty one. Each of its rows has a
    physical line, and a start and a stop in `text` (without the line end).
    """

    table: pa.Table
    text: bytes
    lines: Positions
    starts: Positions
    stops: Positions
    bad: tuple[BadRecord, ...]

    def raw(self, row: int) -> bytes:
        """The record's bytes."""
        return self.text[self.starts[row] : self.stops[row]]


def split_line(line: bytes, written: TextFormat) -> list[str] | None:
    """Return the fields of one line (without line end), absent ones as ""; None if it is not well formed."""
    if written.quote is None:
        return line.decode().split(written.delimiter)
    mark, quote = (re.escape(sign.encode()) for sign in (written.delimiter, written.quote))
    quoted = b"%b[^%b]*(?:%b%b[^%b]*)*%b" % ((quote,) * 6)
    plain = b"[^%b%b\r\n]*" % (mark, quote)
    field = b"(?:%b|%b)" % (quoted, plain)
    if not re.fullmatch(b"%b(?:%b%b)*" % (field, mark, field), line):
        return None
    # With a delimiter in front, every field has the same form, and an empty one cannot be missed.
    found = re.findall(b"%b(%b|%b)" % (mark, quoted, plain), written.delimiter.encode() + line)
    double = written.quote * 2
    texts = [piece.decode() for piece in found]
    return [t[1:-1].replace(double, written.quote) if t.startswith(written.quote) else t for t in texts]


def parse_lines(
    text: bytes, first_line: int, written: TextFormat, width: int, faults: Mapping[int, str] | None = None
) -> Records:
    """Parse text in which every line is a record of its own; `width` is the number of columns.

    `faults` are reasons, by line from 0, for which lines are no records.
    """
    import numpy as np

    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    stops = ends - (data[ends - 1] == RETURN)
    stray = _stray_returns(text, data, ends)
    reasons = dict.fromkeys(np.searchsorted(ends, stray).tolist(), "carriage return within the line")
    if written.quote is not None:
        reasons |= _quote_faults(data, ends, written)
    reasons |= _end_of_file_faults(text, data, starts, stops) | dict(faults or {})
    kept = starts < stops
    kept[list(reasons)] = False
    table = read_fields(_only(data, kept, starts, ends, text), written, width)
    if table is None:
        live = np.repeat(kept, ends - starts + 1)
        counts = _field_counts(data, live, ends, written)
        wrong = {row: int(counts[row]) for row in np.flatnonzero(kept & (counts != width)).tolist()}
        reasons |= {row: f"{count} fields instead of {width}" for row, count in wrong.items()}
        kept[list(wrong)] = False
        table = read_fields(_only(data, kept, starts, ends, text), written, width)
    rows = np.flatnonzero(kept)
    check_rows(table, len(rows))
    bad = [BadRecord(first_line + r, text[starts[r] : stops[r]], reasons[r]) for r in sorted(reasons)]
    return Records(table, text, first_line + rows, starts[rows], stops[rows], tuple(bad))


def end_of_file_fault(record: bytes) -> str | None:
    """Return the reason why a record that ends with 0x1A, which DOS and hosts write behind a text, is a reject."""
    if not record.endswith(END_OF_FILE):
        return None
    return END_OF_FILE_LINE if record == END_OF_FILE else END_OF_FILE_BEHIND


def _end_of_file_faults(
    text: bytes, data: npt.NDArray[np.uint8], starts: Positions, stops: Positions
) -> dict[int, str]:
    import numpy as np

    rows = np.flatnonzero((starts < stops) & (data[stops - 1] == END_OF_FILE[0])).tolist()
    return {row: fault for row in rows if (fault := end_of_file_fault(text[starts[row] : stops[row]])) is not None}


def read_fields(text: bytes, written: TextFormat, width: int) -> pa.Table | None:
    """Split well-quoted text into columns of text; None if any record has another number of fields."""
    import pyarrow as pa
    from pyarrow import csv

    names = [f"c{position}" for position in range(width)]
    strings = dict.fromkeys(names, pa.string())
    if not text.strip(b"\r\n"):
        return pa.table({name: pa.array([], pa.string()) for name in names})
    wrong: list[int] = []

    def note(row: csv.InvalidRow) -> str:
        wrong.append(row.actual_columns)
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(text),
        # One block: rows must not be split, and the threads of a landing parse several texts concurrently.
        csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
        csv.ParseOptions(
            delimiter=written.delimiter,
            quote_char=written.quote or False,
            double_quote=True,
            escape_char=False,
            newlines_in_values=written.multiline,
            invalid_row_handler=note,
        ),
        csv.ConvertOptions(
            check_utf8=False,
            column_types=strings,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return None if wrong else table


def check_rows(table: pa.Table | None, expected: int) -> None:
    """Check that Arrow's parser and this module agree on the records; a difference would lose rows."""
    found = -1 if table is None else table.num_rows
    if found != expected:
        raise BankmeshError(
            f"The text parser found {found} rows where {expected} well-formed records were counted. "
            "This is a defect of bankmesh.sources: report it with the landing's file."
        )


def badly_placed(data: npt.NDArray[np.uint8], opening: Positions, closing: Positions, delimiter: str) -> Positions:
    """Return the positions of quotes that open after the start of a field, or close before its end."""
    import numpy as np

    quote = data[opening[0]] if len(opening) else 0
    edge = np.zeros(256, np.bool_)
    edge[[NEWLINE, ord(delimiter), quote]] = True
    before_ok = edge[data[opening - 1]] | (opening == 0)
    after = data[np.minimum(closing + 1, len(data) - 1)]
    after_next = data[np.minimum(closing + 2, len(data) - 1)]
    after_ok = edge[after] | ((after == RETURN) & (after_next == NEWLINE))
    return np.concatenate([opening[~before_ok], closing[~after_ok]])


def _quote_faults(data: npt.NDArray[np.uint8], ends: Positions, written: TextFormat) -> dict[int, str]:
    import numpy as np

    quotes = np.flatnonzero(data == ord(written.quote or ""))
    if not len(quotes):
        return {}
    upto = np.searchsorted(quotes, ends)
    per_line = np.diff(upto, prepend=0)
    odd = (per_line & 1).astype(np.bool_)
    if odd.any():
        # Count from the start of each line; otherwise one stray quote would invert all that follow.
        rank = np.arange(len(quotes)) - np.repeat(upto - per_line, per_line)
        opens = (rank & 1) == 0
        opening, closing = quotes[opens], quotes[~opens]
    else:
        opening, closing = quotes[0::2], quotes[1::2]
    misplaced = np.searchsorted(ends, badly_placed(data, opening, closing, written.delimiter))
    faults = dict.fromkeys(misplaced.tolist(), "a quote within a field")
    return faults | dict.fromkeys(np.flatnonzero(odd).tolist(), "a quote that is not closed")


def _stray_returns(text: bytes, data: npt.NDArray[np.uint8], ends: Positions) -> Positions:
    import numpy as np

    if text.count(b"\r") == int((data[ends - 1] == RETURN).sum()):
        return np.zeros(0, np.int64)
    returns = np.flatnonzero(data == RETURN)
    stray: Positions = returns[data[returns + 1] != NEWLINE]
    return stray


def _only(data: npt.NDArray[np.uint8], kept: Flags, starts: Positions, ends: Positions, text: bytes) -> bytes:
    import numpy as np

    return text if kept.all() else data[np.repeat(kept, ends - starts + 1)].tobytes()


def _field_counts(data: npt.NDArray[np.uint8], live: Flags, ends: Positions, written: TextFormat) -> Positions:
    """Count the fields of every line; only bytes that are `live` count."""
    import numpy as np

    marks = np.flatnonzero((data == ord(written.delimiter)) & live)
    if written.quote is not None:
        quotes = np.flatnonzero((data == ord(written.quote)) & live)
        marks = marks[(np.searchsorted(quotes, marks) & 1) == 0]
    return np.bincount(np.searchsorted(ends, marks), minlength=len(ends)) + 1
