"""Lands one text file: a few threads parse its blocks concurrently; results are written in the order of the file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError, shorten_list
from bankmesh.sources.landing_record import LandedFile
from bankmesh.sources.parsing.delimiter_forms import parse_delimited, split_fields
from bankmesh.sources.parsing.line_blocks import LegacyText
from bankmesh.sources.parsing.multiline_records import inner_lines, parse_multiline
from bankmesh.sources.parsing.ordered_pool import in_order
from bankmesh.sources.parsing.record_structure import parse_lines
from bankmesh.sources.parsing.stated_totals import ColumnSum
from bankmesh.sources.parsing.text_conversion import Converter
from bankmesh.sources.parsing.text_frame import TextFrame
from bankmesh.sources.record_landing import FieldRecords, convert_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject, SourceColumn, TextFormat
    from bankmesh.sources.landing_sink import ParsedBatch, Sink
    from bankmesh.sources.parsing.line_blocks import Block
    from bankmesh.sources.parsing.record_structure import Records


def land_text(obj: LegacyObject, written: TextFormat, path: Path, name: str, sink: Sink, block_bytes: int) -> None:
    """Land the text file at `path`, named `name` in all records. Raises LegacyFileError."""
    text = LegacyText(path, written.encoding, block_bytes, member=obj.member)
    frame = TextFrame(path, written, obj.in_file)
    body = frame.without_end(_without_header(obj, written, path, frame.without_titles(text.blocks())))
    continued, sums = 0, dict[str, ColumnSum]()
    for batch, found in in_order(_tasks(obj, written, frame, body)):
        sink.write(obj, name, batch)
        continued += batch.inner_lines
        sums = {column: sums.get(column, ColumnSum.zero()) + share for column, share in found.items()}
    # Counted from the bytes, not from what was landed, so that the two can be compared.
    rows_in = text.lines - text.blank_lines - continued - written.header - sum(frame.other_records.values())
    totals = frame.reconcile(rows_in, sums)
    if rows_in == 0 and not obj.may_be_empty:
        raise LegacyFileError(path, "the file has a header and no rows", "rows (or `may_be_empty: true`)")
    sink.rows_in += rows_in
    sink.blank_lines += text.blank_lines
    sink.control_totals += totals
    sink.other_records.update(frame.other_records)
    sink.warn(name, text.warnings)
    sink.files.append(LandedFile(name, text.size, text.sha256))


def _without_header(obj: LegacyObject, written: TextFormat, path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
    first = next(blocks, None)
    if first is None or (not first.text and written.header):
        raise LegacyFileError(path, "the file has no header line", "a header line behind the title lines")
    if not written.header:
        yield first
    else:
        line, _, rest = first.text.partition(b"\n")
        _check_header(obj, written, path, line.removesuffix(b"\r"))
        yield replace(first, text=rest, first_line=first.first_line + 1)
    yield from blocks


def _check_header(obj: LegacyObject, written: TextFormat, path: Path, line: bytes) -> None:
    found, columns = split_fields(line, written), obj.in_file
    if found is not None and _is_header(found, columns):
        return
    expected = f"{len(columns)} columns: {', '.join(column.label for column in columns)}"
    if found is None:
        raise LegacyFileError(path, "the header line is not well formed", expected)
    known = {column.header for column in columns if not column.header_pattern}
    lacking = [column.label for column in columns if not any(map(column.heads, found))]
    if sorted(found) == sorted(obj.headers):
        problem = f"the columns are in another order: {', '.join(found)}"
    elif not any(column.heads(name) for column in columns for name in found):
        problem = f"the first line is not a header: it has {len(found)} fields, none of them a declared column"
    elif lacking:
        # A field that is not a declared column may be data, in a file without a header, and is not repeated.
        strange = [str(at) for at, name in enumerate(found, 1) if not any(c.heads(name) for c in columns)]
        surplus = f"; not declared are its fields {shorten_list(strange)}" if strange else ""
        problem = f"the header names {len(found)} columns and lacks {', '.join(lacking)}{surplus}"
        expected = f"{len(columns)} columns: {shorten_list(column.label for column in columns)}"
    else:
        named = [name if name in known else f"(field {at} is not declared)" for at, name in enumerate(found, 1)]
        problem = f"the header names {len(found)} columns: {', '.join(named)}"
    raise LegacyFileError(path, problem, expected)


def _is_header(found: list[str], columns: tuple[SourceColumn, ...]) -> bool:
    together = zip(columns, found, strict=False)
    return len(found) == len(columns) and all(column.heads(name) for column, name in together)


def _tasks(
    obj: LegacyObject, written: TextFormat, frame: TextFrame, blocks: Iterator[Block]
) -> Iterator[Callable[[], tuple[ParsedBatch, dict[str, ColumnSum]]]]:
    columns = obj.in_file
    make = partial(_batch, Converter(columns), obj.columns, frame)
    if written.multiline:
        # The end of a record depends on everything before it: only the conversion can run ahead.
        for records in parse_multiline(blocks, written, len(columns)):
            yield partial(make, partial(_parsed, records), multiline=True)
    else:
        parse = parse_lines if len(written.delimiter) == 1 else parse_delimited
        for block in blocks:
            yield partial(make, partial(parse, block.text, block.first_line, written, len(columns)), multiline=False)


def _parsed(records: Records) -> Records:
    return records


def _batch(
    convert: Converter,
    columns: tuple[SourceColumn, ...],
    frame: TextFrame,
    parse: Callable[[], Records],
    *,
    multiline: bool,
) -> tuple[ParsedBatch, dict[str, ColumnSum]]:
    """Return a batch, and its share of the sums that the file states."""
    records = parse()
    found = convert_records(convert, FieldRecords(records.table, records.lines, records.raw, records.bad), columns)
    if multiline:
        found = replace(found, inner_lines=inner_lines(records))
    return found, frame.sums_of(records, found)
