"""Reads the records of an XML document by path, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

from bankmesh.sources.documents.record_batches import BatchBuilder
from bankmesh.sources.documents.xml_elements import ElementFields
from bankmesh.sources.documents.xml_stream import LONGEST_RECORD, XmlStream
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.documents.xml_formats import XmlFormat
    from bankmesh.sources.landing_rejects import RecordFault
    from bankmesh.sources.landing_sink import ParsedBatch

RECORDS_AT_ONCE = 4096


class XmlReader:
    """One XML document; see `RecordReader`. The line of a record is its number in the document, from 1.

    The values of an ancestor must precede its records, because a stream has them only then.
    """

    def __init__(self, obj: LegacyObject, written: XmlFormat, path: Path, block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path, self.rows_in = path, 0
        self.blank_lines = self.control_totals = 0
        self.other_records: Mapping[str, int] = {}
        self._stream = XmlStream(path, block_bytes, written.xml_encoding)
        self._obj, self._steps = obj, written.row_steps
        self._fields = ElementFields(obj.in_file, written)
        self._convert = Converter(obj.in_file)

    @property
    def size(self) -> int:
        """Size of the file as stored."""
        return self._stream.size

    @property
    def sha256(self) -> str:
        """Hash of the file as stored."""
        return self._stream.sha256

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of some records at a time. Raises LegacyFileError."""
        batch = self._batch()
        for number, element, read in self._records():
            batch.add(number, element, read)
            if batch.records >= RECORDS_AT_ONCE:
                yield batch.finish
                batch = self._batch()
        yield batch.finish

    def _batch(self) -> BatchBuilder[Element]:
        return BatchBuilder(self._obj, self._convert, write_element)

    def _records(self) -> Iterator[tuple[int, Element, list[str | None] | tuple[RecordFault, ...]]]:
        """Yield each record with what was read of it; elements that nothing needs any more are dropped."""
        names, steps, length = self._fields.names, self._steps, len(self._steps)
        ancestors = _Ancestors(self._fields, self._stream)
        depth = emitted = began = 0
        for event, element in self._stream.events():
            matched = len(ancestors.open)
            if event == "start":
                if matched == depth and depth < length and names[element.tag] == steps[depth]:
                    ancestors.open.append(element)
                    if depth + 1 == length:
                        self.rows_in, began = self.rows_in + 1, self._stream.fed
                depth += 1
                if matched == length and self._stream.fed - began > LONGEST_RECORD:
                    raise self._stream.refuse(f"record {self.rows_in} is longer than 64 MiB", "records below that")
                continue
            if matched == depth == length:
                emitted += 1
                yield emitted, element, ancestors.read_record(element)
            if matched == depth:
                ancestors.close()
            elif depth == matched + 1 and matched < length:
                ancestors.end_other(element, names[element.tag])
            depth -= 1


class _Ancestors:
    """The open elements on the way to the records, and what was read of them."""

    def __init__(self, fields: ElementFields, stream: XmlStream) -> None:
        self.open: list[Element] = []
        self._fields, self._stream = fields, stream
        self._read: dict[int, tuple[list[str | None], list[RecordFault]]] = {}

    def read_record(self, element: Element) -> list[str | None] | tuple[RecordFault, ...]:
        """Return the texts of a record's columns, or its faults."""
        texts: list[str | None] = [None] * len(self._fields.columns)
        faults: list[RecordFault] = []
        for level in self._fields.wanted:
            if level == self._fields.depth:
                self._fields.read(element, level, texts, faults)
                continue
            if level not in self._read:
                self._read[level] = self._values(level)
            own, found = self._read[level]
            texts = [new if old is None else old for old, new in zip(texts, own, strict=True)]
            faults += found
        return tuple(faults) if faults else texts

    def close(self) -> None:
        """Leave the innermost open element, and drop it."""
        self._read.pop(len(self.open), None)
        closed = self.open.pop()
        if self.open:
            self.open[-1].remove(closed)

    def end_other(self, element: Element, name: str) -> None:
        """Drop an element beside the way to the records, unless a column needs it.

        Raises LegacyFileError if one that is needed comes after records that need it. The parser is ahead of the
        events, so only their order can decide this.
        """
        level = len(self.open)
        wanted = self._fields.wanted.get(level)
        if wanted is None or name not in wanted.children:
            if self.open:
                self.open[-1].remove(element)
        elif level in self._read:
            above = self._fields.names[self.open[-1].tag]
            problem = f"a declared value of {above} comes after records that need it"
            raise self._stream.refuse(problem, f"all declared values of {above} before its records")

    def _values(self, level: int) -> tuple[list[str | None], list[RecordFault]]:
        texts: list[str | None] = [None] * len(self._fields.columns)
        faults: list[RecordFault] = []
        self._fields.read(self.open[level - 1], level, texts, faults)
        return texts, faults


def write_element(element: Element) -> bytes:
    """Return an element as XML, for its reject; prefixes of namespaces may differ from the document's."""
    element.tail = None
    return bytes(tostring(element, encoding="utf-8"))
