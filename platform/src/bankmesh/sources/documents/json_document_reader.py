"""Reads the records of a JSON document by path, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.sources.documents.field_paths import FieldPath, place_path
from bankmesh.sources.documents.json_records import FieldMissing, JsonFields, parse_declared, records_below
from bankmesh.sources.documents.json_stream import JsonStream
from bankmesh.sources.documents.record_batches import BatchBuilder, build_batches
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.documents.json_formats import JsonFormat
    from bankmesh.sources.landing_sink import ParsedBatch

RECORDS_AT_ONCE = 8192


class JsonDocumentReader:
    """One JSON document; see `RecordReader`. The line of a record is its number in the document, from 1."""

    def __init__(self, obj: LegacyObject, written: JsonFormat, path: Path, block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path, self.rows_in = path, 0
        self.blank_lines = self.control_totals = 0
        self.other_records: Mapping[str, int] = {}
        self._obj, self._stream = obj, JsonStream(path, block_bytes)
        self.stored = self._stream
        steps = written.rows_path.steps
        streamed = steps.index(None)
        self._keys = [str(step) for step in steps[:streamed]]
        self._below = FieldPath(steps[streamed + 1 :], absolute=True)
        placed = [place_path(parse_declared(column), written.rows_path) for column in obj.in_file]
        self._wanted = [
            {str(place.steps[0]) for place in placed if place.level == level and place.steps}
            for level in range(streamed)
        ]
        self._fields = JsonFields(obj.in_file, written)
        self._convert = Converter(obj.in_file)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding unlikely, once all was read; no values."""
        return self._stream.warnings

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of some records at a time. Raises LegacyFileError."""
        above: list[dict[str, object]] = []
        elements = self._stream.elements(self._keys, self._wanted, above)
        return build_batches(elements, self._batch, lambda batch, each: self._add(batch, above, *each), RECORDS_AT_ONCE)

    def _batch(self) -> BatchBuilder[str]:
        return BatchBuilder(self._obj, self._convert, _encoded)

    def _add(
        self, batch: BatchBuilder[str], above: list[dict[str, object]], text: str, value: object, flaw: str | None
    ) -> None:
        """Add the records of an element, or one reject if it cannot be read."""
        try:
            for below in records_below(value, self._below) if flaw is None else ():
                self.rows_in += 1
                batch.add(self.rows_in, text, self._fields.read((*above, None, *below)))
        except FieldMissing as error:
            flaw = str(error)
        if flaw is not None:
            self.rows_in += 1
            batch.reject(self.rows_in, text, (RecordFault(None, flaw),))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8")
