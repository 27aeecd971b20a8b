"""Reads the records of one ISO 20022 document as a stream, and reconciles its totals."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from bankmesh.sources.documents.record_batches import BatchBuilder, build_batches
from bankmesh.sources.documents.xml_reader import write_element
from bankmesh.sources.documents.xml_stream import LONGEST_RECORD, XmlStream
from bankmesh.sources.iso20022.iso20022_records import Iso20022Records
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.iso20022.iso20022_formats import Iso20022Format
    from bankmesh.sources.landing_sink import ParsedBatch

RECORDS_AT_ONCE = 4096
Found = tuple[Element, list[str | None] | tuple[RecordFault, ...]]
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
_ROOT, _BODY, _PARENT, _ENTRY, _DETAIL = 1, 2, 3, 4, 6
"""Depths of the elements of a message."""


class Iso20022Reader:
    """One message; see `RecordReader`. The line of a record is its number among those of its type, from 1."""

    def __init__(self, obj: LegacyObject, written: Iso20022Format, path: Path, block_bytes: int) -> None:
        """Prepare to read the object's records without opening the file."""
        self.path, self.blank_lines = path, 0
        self._obj, self._written = obj, written
        self._stream = self.stored = XmlStream(path, block_bytes)
        self._convert = Converter(obj.in_file)
        self._records: Iso20022Records | None = None
        self._began, self._prefix = 0, ""
        self._seen = dict.fromkeys(written.record_types(), 0)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding unlikely, once all was read; no values."""
        return self._stream.warnings

    @property
    def rows_in(self) -> int:
        """The object's records, counted as their elements begin; an entry without details is one transaction."""
        bare = self._records.bare_entries if self._records and self._obj.record == "transaction" else 0
        return self._seen[self._obj.record] + bare

    @property
    def other_records(self) -> dict[str, int]:
        """The records of other types."""
        return {name: count for name, count in self._seen.items() if name != self._obj.record and count}

    @property
    def control_totals(self) -> int:
        """The totals that agreed."""
        return self._records.checks.agreed if self._records else 0

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of some records at a time. Raises LegacyFileError."""
        numbered = enumerate((each for found in self._elements() for each in found), 1)
        return build_batches(numbered, self._batch, _add, RECORDS_AT_ONCE)

    def _batch(self) -> BatchBuilder[Element]:
        return BatchBuilder(self._obj, self._convert, write_element)

    def _elements(self) -> Iterator[Iso20022Records.Found]:
        """Yield what each finished element contributes to the object's records."""
        events = self._stream.events()
        _, root = next(events)
        records = self._records = self._begin(root)
        tags, opened = [root.tag], [root]
        for event, element in events:
            if event == "start":
                tags.append(element.tag)
                if len(tags) <= _PARENT:
                    opened.append(element)
                self._start(records, tags)
                continue
            depth = len(tags)
            tags.pop()
            if depth == _ENTRY and records.is_in_parent(tags):
                yield records.end_child(element, opened[-1])
            elif depth == _PARENT:
                yield records.end_part(element)
            elif depth == _BODY:
                records.end_body()
            if _ROOT < depth <= _PARENT:
                opened.pop()
                opened[-1].remove(element)

    def _start(self, records: Iso20022Records, tags: list[str]) -> None:
        """Check and count an element as it begins."""
        shape, depth = self._written.shape, len(tags)
        if depth == _BODY and tags[-1] != records.tag(shape.body):
            raise self._stream.refuse("the document has another body", f"a message with {shape.body}")
        if depth == _PARENT and tags[-1] == records.tag(shape.parent):
            records.begin_parent()
        if not tags[-1].startswith(self._prefix) and records.tag("SplmtryData") not in tags:
            raise self._stream.refuse("an element is in another namespace", "that of the message outside SplmtryData")
        name = records.record_at(tags) if depth in {_PARENT, _ENTRY, _DETAIL} else None
        if name is not None:
            self._seen[name] = self._seen.get(name, 0) + 1
            if depth <= _ENTRY:
                self._began = self._stream.fed
        if depth >= _ENTRY and self._stream.fed - self._began > LONGEST_RECORD:
            raise self._stream.refuse("a record is longer than 64 MiB", "records below that")

    def _begin(self, root: Element) -> Iso20022Records:
        shape = self._written.shape
        namespace, _, local = root.tag.rpartition("}")
        uri = namespace[1:]
        versions = {f"{_NAMESPACE}{shape.name}.{version:02}" for version in shape.versions}
        if local != "Document" or uri not in {*versions, *shape.national}:
            first, last = shape.versions[0], shape.versions[-1]
            expected = f"Document of {_NAMESPACE}{shape.name}.{first:02} to .{last:02}"
            raise self._stream.refuse("the document is no such message, or of an unknown version", expected)
        self._prefix = f"{{{uri}}}"
        return Iso20022Records(self._obj, self._written, uri, self._stream)


def _add(batch: BatchBuilder[Element], numbered: tuple[int, Found]) -> None:
    number, (raw, read) = numbered
    batch.add(number, raw, read)
