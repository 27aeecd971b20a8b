"""Parsing of records whose quoted values may hold line ends.

Well-formed text takes a fast path: if quotes pair up from the start, a line end after an even number of quotes ends a
record. If anything is wrong, the block is parsed record by record. A line that begins no record is rejected alone, and
parsing resumes with the next line, so that a stray quote affects its own line only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.sources.parsing.record_structure import (
    END_OF_FILE,
    NEWLINE,
    RETURN,
    BadRecord,
    Records,
    badly_placed,
    check_rows,
    end_of_file_fault,
    read_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.sources.declarations.source_declaration import TextFormat
    from bankmesh.sources.parsing.line_blocks import Block

LONGEST_RECORD = 1 << 20
"""A quoted value that does not end within a mebibyte counts as a stray quote."""

_INNER_BLANK = re.compile(rb"\n(?=\r?\n)")


def parse_multiline(blocks: Iterable[Block], written: TextFormat, width: int) -> Iterator[Records]:
    """Parse blocks in order; an incomplete record at the end of a block is carried into the next."""
    carried, line = b"", 0
    for block in blocks:
        text = carried + block.text
        first = line or block.first_line
        made = _fast(text, first, written, width, last=block.last)
        records, used = made or _walk(text, first, written, width, last=block.last)
        yield records
        carried, line = text[used:], first + text.count(b"\n", 0, used)


def inner_lines(records: Records) -> int:
    """Return the number of physical lines, without blank ones, that continue a record of an earlier line."""
    import numpy as np

    newlines = np.flatnonzero(np.frombuffer(records.text, np.uint8) == NEWLINE)
    within = np.searchsorted(newlines, records.stops) - np.searchsorted(newlines, records.starts)
    several = np.flatnonzero(within)
    blank = sum(len(_INNER_BLANK.findall(records.raw(row))) for row in several.tolist())
    return int(within.sum()) - blank


def _fast(text: bytes, first_line: int, written: TextFormat, width: int, *, last: bool) -> tuple[Records, int] | None:
    import numpy as np

    data = np.frombuffer(text, np.uint8)
    newlines = np.flatnonzero(data == NEWLINE)
    quotes = np.flatnonzero(data == ord(written.quote or ""))
    ends = newlines[(np.searchsorted(quotes, newlines) & 1) == 0]
    used = int(ends[-1]) + 1 if len(ends) else 0
    if (last and used != len(text)) or len(text) - used > LONGEST_RECORD:
        return None
    text, data = text[:used], data[:used]
    quotes = quotes[quotes < used]
    if len(badly_placed(data, quotes[0::2], quotes[1::2], written.delimiter)):
        return None
    returns = np.flatnonzero(data == RETURN)
    outside = returns[(np.searchsorted(quotes, returns) & 1) == 0]
    if (data[outside + 1] != NEWLINE).any():
        return None
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    stops = ends - (data[ends - 1] == RETURN)
    kept = starts < stops
    if (data[stops[kept] - 1] == END_OF_FILE[0]).any():
        return None
    table = read_fields(text, written, width)
    if table is None:
        return None
    starts, stops = starts[kept], stops[kept]
    check_rows(table, len(starts))
    lines = first_line + np.searchsorted(newlines, starts)
    return Records(table, text, lines, starts, stops, ()), used


def _walk(text: bytes, first_line: int, written: TextFormat, width: int, *, last: bool) -> tuple[Records, int]:
    import numpy as np

    record, unfinished = _patterns(written, width)
    good: list[tuple[int, int, int]] = []
    bad: list[BadRecord] = []
    at, line = 0, first_line
    while at < len(text):
        end = text.index(b"\n", at)
        match = record.match(text, at)
        if text[at:end] in (b"", b"\r"):
            end += 1
        elif match is not None and match.end() - at <= LONGEST_RECORD:
            if (fault := end_of_file_fault(match[1])) is not None:
                bad.append(BadRecord(line, match[1], fault))
            else:
                good.append((line, at, match.end(1)))
            end = match.end()
        elif not last and len(text) - at <= LONGEST_RECORD and unfinished.match(text, at):
            break
        else:
            raw = text[at:end].removesuffix(b"\r")
            bad.append(BadRecord(line, raw, _reason(raw, written, width)))
            end += 1
        line += text.count(b"\n", at, end)
        at = end
    table = read_fields(b"".join(text[start:stop] + b"\n" for _, start, stop in good), written, width)
    check_rows(table, len(good))
    lines, starts, stops = np.array(good, np.int64).reshape(-1, 3).T
    return Records(table, text[:at], lines, starts, stops, tuple(bad)), at


def _patterns(written: TextFormat, width: int) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    mark, quote = (re.escape(sign.encode()) for sign in (written.delimiter, written.quote or ""))
    inner = b"[^%b]*(?:%b%b[^%b]*)*" % ((quote,) * 4)
    field = b"(?:%b%b%b|[^%b%b\r\n]*)" % (quote, inner, quote, mark, quote)
    record = b"(%b(?:%b%b){%d})\r?\n" % (field, mark, field, width - 1)
    unfinished = b"(?:%b%b){0,%d}%b%b\\Z" % (field, mark, width - 1, quote, inner)
    return re.compile(record), re.compile(unfinished)


def _reason(line: bytes, written: TextFormat, width: int) -> str:
    quote, mark = (written.quote or "").encode(), written.delimiter.encode()
    if (fault := end_of_file_fault(line)) is not None:
        return fault
    if b"\r" in line:
        return "carriage return within the line"
    if line.count(quote) % 2:
        return "a quote that is not closed"
    fields = re.sub(b"%b[^%b]*%b" % ((re.escape(quote),) * 3), b"", line).count(mark) + 1
    return f"{fields} fields instead of {width}" if fields != width else "a quote within a field"
