"""Reads the records of an XML document by path, in bounded memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

from bankmesh.sources.documents.record_batches import BatchBuilder, build_batches
from bankmesh.sources.documents.xml_elements import ElementFields
from bankmesh.sources.documents.xml_stream import LONGEST_RECORD, XmlStream
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.documents.xml_formats import XmlFormat
    from bankmesh.sources.landing_rejects import RecordFault
    from bankmesh.sources.landing_sink import ParsedBatch

    _Found = tuple[int, Element, list[str | None] | tuple[RecordFault, ...]]

RECORDS_AT_ONCE = 4096
_MOST_KEPT = 2
"""Elements of one name above the records: the second shows that the first is repeated."""


class XmlReader:
    """One XML document; see `RecordReader`. The line of a record is its number in the document, from 1.

    The values of an ancestor must precede its records, because a stream has them only then.
    """

    def __init__(self, obj: LegacyObject, written: XmlFormat, path: Path, block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path, self.rows_in = path, 0
        self.blank_lines = self.control_totals = 0
        self.other_records: Mapping[str, int] = {}
        self._stream = self.stored = XmlStream(path, block_bytes, written.xml_encoding)
        self._obj, self._steps = obj, written.row_steps
        self._fields = ElementFields(obj.in_file, written)
        self._convert = Converter(obj.in_file)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding unlikely, once all was read; no values."""
        return self._stream.warnings

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of some records at a time. Raises LegacyFileError."""
        return build_batches(self._records(), self._batch, _add, RECORDS_AT_ONCE)

    def _batch(self) -> BatchBuilder[Element]:
        return BatchBuilder(self._obj, self._convert, write_element)

    def _records(self) -> Iterator[_Found]:
        """Yield each record with what was read of it; elements that nothing needs any more are dropped."""
        stream = self._stream
        ancestors = _Ancestors(self._fields, stream, self._steps)
        depth = inside = emitted = began = 0
        for event, element in stream.events():
            if inside:  # of a record: the number of its open elements
                if event == "start":
                    inside += 1
                    if stream.fed - began > LONGEST_RECORD:
                        raise stream.refuse(f"record {self.rows_in} is longer than 64 MiB", "records below that")
                    continue
                inside -= 1
                if not inside:
                    emitted += 1
                    yield emitted, element, ancestors.read_record(element)
                    ancestors.close()
                continue
            matched = len(ancestors.open)
            if event == "start":
                if ancestors.begin(element):
                    self.rows_in, began, inside = self.rows_in + 1, stream.fed, 1
                else:
                    depth += 1
                continue
            if matched == depth:
                ancestors.close()
            else:
                ancestors.end_other(element)
            depth -= 1
        ancestors.end_document()


def _add(batch: BatchBuilder[Element], found: _Found) -> None:
    batch.add(*found)


class _Ancestors:
    """The open elements on the way to the records, what was read of them, and the open elements beside the way."""

    def __init__(self, fields: ElementFields, stream: XmlStream, steps: Sequence[str]) -> None:
        self.open: list[Element] = []
        self._fields, self._stream, self._steps = fields, stream, steps
        self._beside: list[Element] = []
        self._is_kept, self._began = False, 0
        self._seen: dict[int, Counter[str]] = defaultdict(Counter)
        self._has_records = self._has_strangers = False
        self._read: dict[int, tuple[list[str | None], list[RecordFault]]] = {}

    def read_record(self, element: Element) -> list[str | None] | tuple[RecordFault, ...]:
        """Return the texts of a record's columns, or its faults."""
        fields = self._fields
        texts: list[str | None] = [None] * len(fields.columns)
        faults: list[RecordFault] = []
        for level in fields.wanted:
            if level == fields.depth:
                fields.read(element, level, texts, faults)
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
        self._seen.pop(len(self.open), None)
        closed = self.open.pop()
        if self.open:
            self.open[-1].remove(closed)

    def begin(self, element: Element) -> bool:
        """Begin an element on the way to the records or beside it, and return whether it is a record.

        Raises LegacyFileError if the root of the document is not on the way.
        """
        if not self._beside:
            if self._fields.names[element.tag] == self._steps[len(self.open)]:
                self.open.append(element)
                self._has_records |= len(self.open) == len(self._steps)
                return len(self.open) == len(self._steps)
            self._begin_beside(element)
        self._beside.append(element)
        return False

    def end_document(self) -> None:
        """Refuse a document whose records are in another namespace. Raises LegacyFileError."""
        if self._has_strangers and not self._has_records:
            raise self._stream.refuse("the records are in another namespace than declared", "that of `namespaces`")

    def _begin_beside(self, element: Element) -> None:
        """Decide whether a child of the innermost open element is kept. Raises LegacyFileError if it is the root."""
        level, name = len(self.open), self._fields.names[element.tag]
        if not level:
            problem = "the root element is not the first of `rows`, or is in another namespace"
            raise self._stream.refuse(problem, f"the root element {self._steps[0]}")
        self._has_strangers |= element.tag.rpartition("}")[2] == self._steps[level].rpartition(":")[2]
        self._is_kept = self._is_wanted(level, name) and self._seen[level][name] < _MOST_KEPT
        if self._is_kept:
            self._seen[level][name] += 1
        self._began = self._stream.fed

    def _is_wanted(self, level: int, name: str) -> bool:
        wanted = self._fields.wanted.get(level)
        return wanted is not None and name in wanted.children

    def end_other(self, element: Element) -> None:
        """Drop an element beside the way to the records, unless a column needs it.

        Raises LegacyFileError if one that is needed comes after records that need it. The parser is ahead of the
        events, so only their order can decide this.
        """
        self._beside.pop()
        level = len(self.open)
        if self._is_kept and self._stream.fed - self._began > LONGEST_RECORD:
            raise self._stream.refuse("an element above the records is longer than 64 MiB", "elements below that")
        if self._beside:
            if not self._is_kept:
                self._beside[-1].clear()  # drops its children
            return
        if not self._is_kept:
            self.open[-1].remove(element)
        if level in self._read and self._is_wanted(level, self._fields.names[element.tag]):
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
