"""Reads the file format of a declaration: the `format` of a system, and the overrides of an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.fix.fix_format import FIX_KEYS, read_fix
from bankmesh.sources.bank_messages.ledgers.ledger_formats import LEDGER_KEYS, read_bai2, read_nacha
from bankmesh.sources.bank_messages.swift.swift_format import MT940_KEYS, SWIFT_KEYS, read_mt940, read_mt942
from bankmesh.sources.copybook.copybook_declaration import COPYBOOK_KEYS, read_copybook
from bankmesh.sources.declarations.layout_reader import FIXED_WIDTH_KEYS, read_layout
from bankmesh.sources.declarations.record_layout import FixedWidthFormat
from bankmesh.sources.declarations.source_declaration import (
    PLAIN_TEXT,
    ParquetFormat,
    RecordFormat,
)
from bankmesh.sources.declarations.text_format_reader import TEXT_KEYS, read_text
from bankmesh.sources.documents.json_formats import JSON_KEYS, read_json, read_json_lines
from bankmesh.sources.documents.xml_formats import XML_KEYS, read_xml
from bankmesh.sources.excel.excel_format import EXCEL_KEYS, read_excel
from bankmesh.sources.iso20022.iso20022_formats import ISO20022_KEYS, read_camt053, read_camt054, read_pain001

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.sources.declarations.source_declaration import FileFormat
    from bankmesh.yaml.nodes import Mapping


@dataclass(frozen=True)
class FormatKind:
    """A kind of files: the keys of its format, and the function that reads them.

    The function gets the format whose keys are inherited, which may be of another kind.
    """

    keys: tuple[str, ...]
    read: Callable[[Mapping, FileFormat], FileFormat]


def read_format(given: Mapping, base: FileFormat = PLAIN_TEXT) -> FileFormat:
    """Read a format; keys that are not given come from `base`."""
    known = tuple(dict.fromkeys(key for kind in KINDS.values() for key in kind.keys))
    given.only(("kind", *known))
    kind = given.word("kind", KINDS, _kind(base))
    for key in given.entries:
        if key in known and key not in KINDS[kind].keys:
            others = " and ".join(other.replace("_", "-") for other, each in KINDS.items() if key in each.keys)
            message = f"{given.what} is {kind.replace('_', '-')}; {key} is for {others}"
            given.faults.add(given.value(key), "option-of-another-kind", message)
    if not given.entries and kind == _kind(base):
        return base
    return KINDS[kind].read(given, base)


def _kind(base: FileFormat) -> str:
    if isinstance(base, RecordFormat):
        return base.kind
    if isinstance(base, FixedWidthFormat):
        return "fixed_width"
    return "parquet" if isinstance(base, ParquetFormat) else "text"


def _read_parquet(_given: Mapping, _inherited: FileFormat) -> ParquetFormat:
    return ParquetFormat()


KINDS = {
    "text": FormatKind(TEXT_KEYS, read_text),
    "parquet": FormatKind((), _read_parquet),
    "fixed_width": FormatKind(FIXED_WIDTH_KEYS, read_layout),
    "json_lines": FormatKind(JSON_KEYS, read_json_lines),
    "mt940": FormatKind(MT940_KEYS, read_mt940),
    "mt942": FormatKind(SWIFT_KEYS, read_mt942),
    "json": FormatKind(JSON_KEYS, read_json),
    "excel": FormatKind(EXCEL_KEYS, read_excel),
    "xml": FormatKind(XML_KEYS, read_xml),
    "copybook": FormatKind(COPYBOOK_KEYS, read_copybook),
    "nacha": FormatKind(LEDGER_KEYS, read_nacha),
    "bai2": FormatKind(LEDGER_KEYS, read_bai2),
    "camt053": FormatKind(ISO20022_KEYS, read_camt053),
    "camt054": FormatKind((), read_camt054),
    "pain001": FormatKind((), read_pain001),
    "fix": FormatKind(FIX_KEYS, read_fix),
}
"""The kinds of files."""
