"""Proposals for delimited text: encoding, delimiter, quote and header, then columns from all rows of all files."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.scaffolding.source_proposals.column_profile import BLOCK_BYTES, ColumnProfile
from bankmesh.scaffolding.source_proposals.column_proposal import propose_column
from bankmesh.scaffolding.source_proposals.encoding_proposal import find_encoding
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.scaffolding.source_proposals.value_patterns import MISSING_MARKERS
from bankmesh.sources.declarations.source_declaration import TextFormat
from bankmesh.sources.parsing.line_blocks import LegacyText
from bankmesh.sources.parsing.multiline_records import parse_multiline
from bankmesh.sources.parsing.record_structure import parse_lines, split_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bankmesh.sources.parsing.line_blocks import Block
    from bankmesh.sources.parsing.record_structure import Records

DELIMITERS = (";", "\t", "|", "^", "~", ",")
"""A comma comes last, because it is also in numbers."""
_BEGINNING_LINES = 1_000


def propose_text(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for delimited text. Raises CannotPropose, and LegacyFileError for a damaged file."""
    encoding, questions = find_encoding(files, options.encoding)
    lines = _first_lines(files[0], encoding)
    written = _find_layout(files[0], lines, encoding, options)
    names = split_line(lines[0], written) or []
    reading = _read_all(files, written, len(names))
    has_header = options.header if options.header is not None else _find_header(files[0], names, reading.profiles)
    if has_header:
        if len(set(names)) < len(names):
            raise CannotPropose(
                files[0], "two of its columns have the same heading", "A declaration needs different ones."
            )
        for profile, name in zip(reading.profiles, names, strict=True):
            profile.name = name
    else:  # the first line is a row
        reading = _read_all(files, replace(reading.written, header=False), len(names))
    written = reading.written
    if reading.bad:
        questions = (*questions, f"{reading.bad:,} lines do not have {len(names)} fields, and become rejects")
    keys: dict[str, object] = {
        "delimiter": written.delimiter, "quote": written.quote, "encoding": encoding, "header": bool(has_header),
    }  # fmt: skip
    if written.multiline:
        keys["multiline"] = True
    columns = tuple(propose_column(profile, day_first=options.day_first) for profile in reading.profiles)
    return FileProposal(keys, columns, reading.profiles[0].rows, {}, questions)


def _first_lines(file: Path, encoding: str) -> list[bytes]:
    block = next(LegacyText(file, encoding, BLOCK_BYTES).blocks())
    lines = [line.removesuffix(b"\r") for line in block.text.split(b"\n", _BEGINNING_LINES)[:_BEGINNING_LINES]]
    found = [line for line in lines if line.strip()]
    if not found:
        raise CannotPropose(file, "it holds no records", "Give a file with rows.")
    return found


def _find_layout(file: Path, lines: Sequence[bytes], encoding: str, options: ProposalOptions) -> TextFormat:
    """Return the delimiter and quote by which most of the first lines have as many fields as the first one."""
    best, most = None, (0.0, 0)
    for delimiter in [options.delimiter] if options.delimiter else DELIMITERS:
        for quote in ('"', None):
            written = TextFormat(delimiter, quote, encoding, header=True, multiline=False)
            first = split_line(lines[0], written)
            if first is None or len(first) < (1 if options.delimiter else 2):
                continue
            records = _join_lines(lines, quote) if quote else lines
            widths = Counter(len(found) if (found := split_line(each, written)) else 0 for each in records)
            score = (widths[len(first)] / len(records), len(first))
            if score > most:
                best, most = written, score
    if best is None or most[0] < 0.5:  # noqa: PLR2004 - fewer than half of the lines agree
        advice = "Name the delimiter with --delimiter, or say --kind fixed_width if each column has a position."
        raise CannotPropose(file, "no delimiter parts its lines into the same number of fields", advice)
    return best


def _join_lines(lines: Sequence[bytes], quote: str) -> list[bytes]:
    """Return records whose quotes are closed; the line ends within their values are blanks."""
    records: list[bytes] = []
    is_open = False
    for line in lines:
        if is_open:
            records[-1] += b" " + line
        else:
            records.append(line)
        is_open ^= line.count(quote.encode()) % 2 == 1
    return records


@dataclass(frozen=True)
class _TextReading:
    """All rows of the files in one layout; `bad` lines are not records."""

    written: TextFormat
    profiles: list[ColumnProfile]
    bad: int


def _read_all(files: Sequence[Path], written: TextFormat, width: int) -> _TextReading:
    """Read all rows; if some lines are no records, also with values over several lines, and take the better reading."""
    reading = _profile(files, written, width)
    if reading.bad and written.quote and not written.multiline:
        other = _profile(files, replace(written, multiline=True), width)
        reading = min(reading, other, key=lambda each: each.bad)
    if not reading.profiles[0].rows:
        raise CannotPropose(files[0], "it holds no rows", "Give a file with rows.")
    return reading


def _profile(files: Sequence[Path], written: TextFormat, width: int) -> _TextReading:
    import polars as pl

    profiles = [ColumnProfile(f"column_{position}") for position in range(1, width + 1)]
    bad = 0
    for file in files:
        for records in _records(file, written, width):
            bad += len(records.bad)
            for profile, column in zip(profiles, records.table.columns, strict=True):
                profile.update(pl.Series(values=column, dtype=pl.String))
    return _TextReading(written, profiles, bad)


def _records(file: Path, written: TextFormat, width: int) -> Iterator[Records]:
    blocks = _body(LegacyText(file, written.encoding, BLOCK_BYTES).blocks(), has_header=written.header)
    if written.multiline:
        yield from parse_multiline(blocks, written, width)
        return
    for block in blocks:
        yield parse_lines(block.text, block.first_line, written, width)


def _body(blocks: Iterator[Block], *, has_header: bool) -> Iterator[Block]:
    first = next(blocks)
    if has_header:
        _, _, rest = first.text.partition(b"\n")
        first = replace(first, text=rest, first_line=first.first_line + 1)
    yield first
    yield from blocks


def _find_header(file: Path, names: Sequence[str], profiles: Sequence[ColumnProfile]) -> bool:
    """Return whether the first line is a header: its fields are no values of columns of numbers or dates.

    Raises CannotPropose if there is no such column, because a row that counts as a header would be shown.
    """
    shown = [_can_be_value(name, profile) for name, profile in zip(names, profiles, strict=True)]
    if any(found is False for found in shown) and not any(found is True for found in shown):
        return True
    if any(found is True for found in shown):
        return False
    advice = "Say --header or --no-header."
    raise CannotPropose(file, "whether its first line is a header does not show, because all columns are text", advice)


def _can_be_value(text: str, profile: ColumnProfile) -> bool | None:
    """Return whether a text is a value of a column; None if it is missing, or if the column is free text."""
    reading = profile.reading()
    if not reading or text in MISSING_MARKERS:
        return None
    return any(re.search(spelling.pattern, text) for spelling in reading)
