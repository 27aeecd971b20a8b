"""The reader of each kind of files that hold records of named fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.sources.bank_messages.message_format import MessageFormat
from bankmesh.sources.bank_messages.message_reader import MessageReader
from bankmesh.sources.copybook.copybook_format import CopybookFormat
from bankmesh.sources.documents.json_document_reader import JsonDocumentReader
from bankmesh.sources.documents.json_formats import JsonFormat, JsonLinesFormat
from bankmesh.sources.documents.json_lines_reader import JsonLinesReader
from bankmesh.sources.documents.xml_formats import XmlFormat
from bankmesh.sources.documents.xml_reader import XmlReader
from bankmesh.sources.excel.excel_format import ExcelFormat
from bankmesh.sources.excel.excel_reader import ExcelReader
from bankmesh.sources.iso20022.iso20022_formats import Iso20022Format
from bankmesh.sources.iso20022.iso20022_reader import Iso20022Reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject, RecordFormat
    from bankmesh.sources.record_landing import RecordReader


READERS: tuple[tuple[type[RecordFormat], Callable[[LegacyObject, Any, Path, int], RecordReader]], ...] = (
    (JsonLinesFormat, JsonLinesReader),
    (JsonFormat, JsonDocumentReader),
    (XmlFormat, XmlReader),
    (ExcelFormat, ExcelReader),
    (Iso20022Format, Iso20022Reader),
    (MessageFormat, MessageReader),
)
"""The reader of each format; the first that fits is used."""


def open_records(obj: LegacyObject, path: Path, block_bytes: int) -> RecordReader:
    """Return the reader of the object's file at `path`, without opening it; it parses `block_bytes` at once."""
    for written, reader in READERS:
        if isinstance(obj.format, written):
            return reader(obj, obj.format, path, block_bytes)
    if isinstance(obj.format, CopybookFormat):
        from bankmesh.sources.copybook.copybook_reader import CopybookReader

        return CopybookReader(obj, obj.format, path, block_bytes)
    message = f"no reader for {type(obj.format).__name__} ({path}, {block_bytes})"
    raise TypeError(message)
