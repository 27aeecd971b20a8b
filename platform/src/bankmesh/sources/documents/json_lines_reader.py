"""Reads files with one JSON value on each line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.documents.json_columns import JsonColumns
from bankmesh.sources.documents.json_records import FieldMissing, JsonFields, records_below
from bankmesh.sources.documents.json_values import JsonDecoder
from bankmesh.sources.documents.record_batches import BatchBuilder
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.landing_sink import ParsedBatch
from bankmesh.sources.parsing.line_blocks import Block, LegacyText
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.documents.json_formats import JsonLinesFormat

MOST_BYTES = 4 << 20
"""The text parsed at once; its values take several times as much memory."""

_PARTS, _PART_BYTES = 16, 1 << 14
"""A block that cannot be read at once is divided by so many, down to parts of that size."""


class JsonLinesReader:
    """One file of JSON lines; see `RecordReader`.

    A line that is not JSON is one reject. If it is the last and does not end, the file was cut short.
    """

    def __init__(self, obj: LegacyObject, written: JsonLinesFormat, path: Path, block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path = path
        self._text = self.stored = LegacyText(
            path, UTF8_SIG, min(block_bytes, MOST_BYTES), expected="a JSON value on each line"
        )
        self._obj, self._rows = obj, written.rows_path
        self._fields = JsonFields(obj.in_file, written)
        self._convert = Converter(obj.in_file)
        self._fast = JsonColumns(obj, written)
        self._below: list[int] = []
        self.other_records: Mapping[str, int] = {}
        self.control_totals = 0

    @property
    def blank_lines(self) -> int:
        """Lines without a value."""
        return self._text.blank_lines

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding unlikely, once all was read; no values."""
        return self._text.warnings

    @property
    def rows_in(self) -> int:
        """The lines with a value, counted from the bytes; or the elements of their lists, and the damaged lines."""
        return sum(self._below) if self._rows.steps else self._text.lines - self._text.blank_lines

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of each block of lines. Raises LegacyFileError."""
        for block in self._text.blocks():
            yield partial(self._batch, block, ends=not block.last or self._text.is_terminated)

    def _batch(self, block: Block, *, ends: bool) -> ParsedBatch:
        """Convert a block at once if it can be; otherwise parts of it, and single lines where it cannot."""
        import polars as pl

        rows = self._fast.read(block.text, block.first_line) if self._fast.is_usable else None
        if rows is not None:
            return ParsedBatch(rows, [])
        divided = list(_divide(block)) if self._fast.is_usable else []
        if len(divided) < 2:  # noqa: PLR2004 - one part would be the block itself
            return self._slow_batch(block, ends=ends)
        parts = [self._batch(part, ends=ends or not part.last) for part in divided]
        rejects = [reject for part in parts for reject in part.rejects]
        return ParsedBatch(pl.concat([part.rows for part in parts]), rejects)

    def _slow_batch(self, block: Block, *, ends: bool) -> ParsedBatch:
        decoder = JsonDecoder()
        batch = BatchBuilder[bytes](self._obj, self._convert, bytes)
        lines = block.text.split(b"\n")
        lines.pop()  # what follows the last line end
        for number, raw in enumerate(lines, block.first_line):
            if raw and raw != b"\r":
                line = raw.removesuffix(b"\r")
                flaw = self._add_line(decoder, batch, number, line)
                if flaw and not ends and number == block.first_line + len(lines) - 1:
                    problem = f"line {number}, the last, has no end and {flaw}"
                    raise LegacyFileError(self.path, problem, "a whole file, with a JSON value on each line")
        self._below.append(batch.records)
        return batch.finish()

    def _add_line(self, decoder: JsonDecoder, batch: BatchBuilder[bytes], number: int, line: bytes) -> str | None:
        """Add the records of a line; return its flaw if it is not JSON."""
        value, flaw = decoder.decode(line.decode())
        if flaw is not None:
            batch.reject(number, line, (RecordFault(None, flaw),))
            return flaw
        try:
            for ancestors in records_below(value, self._rows):
                batch.add(number, line, self._fields.read(ancestors))
        except FieldMissing as error:
            batch.reject(number, line, (RecordFault(None, str(error)),))
        return None


def _divide(block: Block) -> Iterator[Block]:
    """Yield a block in parts of whole lines."""
    size = max(_PART_BYTES, len(block.text) // _PARTS)
    start, line = 0, block.first_line
    while start < len(block.text):
        stop = block.text.find(b"\n", min(start + size, len(block.text) - 1)) + 1
        text = block.text[start:stop]
        yield Block(text, line, block.last and stop == len(block.text))
        start, line = stop, line + text.count(b"\n")
