"""Reads the records of one file of bank messages in batches, and counts them apart from the parser."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.bank_messages.message_records import DAMAGED
from bankmesh.sources.parsing.line_blocks import LegacyText
from bankmesh.sources.parsing.record_structure import BadRecord
from bankmesh.sources.parsing.text_conversion import Converter
from bankmesh.sources.record_landing import FieldRecords, convert_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_format import MessageFormat
    from bankmesh.sources.bank_messages.message_records import MessageRecord
    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.landing_sink import ParsedBatch

BATCH_RECORDS = 5_000
MOST_BYTES = 1 << 20
"""The text split into lines at once."""


class MessageReader:
    """The object's records of one file; a `RecordReader`."""

    def __init__(self, obj: LegacyObject, written: MessageFormat, path: Path, block_bytes: int) -> None:
        """Prepare to read the file, without opening it."""
        self.path, self._obj, self._written = path, obj, written
        self._text = self.stored = LegacyText(
            path, written.encoding, min(block_bytes, MOST_BYTES), expected=written.expected
        )
        self._parser = written.parser(path)
        self._starts = {name: re.compile(start, re.MULTILINE) for name, start in written.record_starts().items()}
        self._counts: Counter[str] = Counter()

    @property
    def blank_lines(self) -> int:
        """Lines without any character."""
        return self._text.blank_lines

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding unlikely, once all was read; no values."""
        return self._text.warnings

    @property
    def rows_in(self) -> int:
        """The object's records, counted by what begins them in the text, and those that may be its own."""
        return self._counts[self._obj.record] + self._counts[DAMAGED]

    @property
    def other_records(self) -> dict[str, int]:
        """The records of other types, counted in the same way."""
        own = (self._obj.record, DAMAGED)
        return {name: count for name, count in self._counts.items() if name not in own and count}

    @property
    def control_totals(self) -> int:
        """The totals of the file that agree with its records."""
        return self._parser.control_totals

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of each batch of records. Raises LegacyFileError."""
        convert = Converter(self._obj.in_file)
        held: list[MessageRecord] = []
        try:
            for record in self._own_records():
                held.append(record)
                if len(held) == BATCH_RECORDS:
                    yield partial(self._batch, convert, held)
                    held = []
        except LegacyFileError:
            # The faults of the records before it may be its cause.
            yield partial(self._batch, convert, held)
            raise
        if held:
            yield partial(self._batch, convert, held)

    def _own_records(self) -> Iterator[MessageRecord]:
        """Yield the object's records and those that may be its own."""
        for record in self._parser.records(self._lines()):
            if record.type not in self._starts:
                self._counts[record.type] += record.count
            if record.type in {self._obj.record, DAMAGED}:
                yield record

    def _lines(self) -> Iterator[tuple[int, str]]:
        for block in self._text.blocks():
            for name, start in self._starts.items():
                self._counts[name] += sum(1 for _ in start.finditer(block.text))
            lines = block.text.decode().split("\n")
            for at, line in enumerate(lines[:-1], block.first_line):
                yield at, line.removesuffix("\r")

    def _batch(self, convert: Converter, held: list[MessageRecord]) -> ParsedBatch:
        import numpy as np
        import pyarrow as pa

        good = [record for record in held if not record.fault]
        bad = [BadRecord(record.line, record.raw.encode(), record.fault) for record in held if record.fault]
        texts = {
            f"c{at}": pa.array([record.fields.get(column.header) or None for record in good], pa.string())
            for at, column in enumerate(self._obj.in_file)
        }
        lines = np.array([record.line for record in good], np.int64)
        records = FieldRecords(pa.table(texts), lines, lambda row: good[row].raw.encode(), bad)
        return convert_records(convert, records, self._obj.columns)
