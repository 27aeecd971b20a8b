"""Formats of bank messages: their options, their records, and the columns that declarations may take of them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.sources.bank_messages.message_fields import TEXT, TYPES_OF, reveals
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS
from bankmesh.sources.declarations.source_declaration import ENCODINGS, RecordFormat
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.bank_messages.message_records import MessageParser
    from bankmesh.sources.declarations.source_declaration import FileFormat, SourceColumn

_SPELLINGS = ("format", "century", "read", "header_pattern", *NUMBER_KEYS)
"""Options that say how a value is written, which the standard of the message does."""


@dataclass(frozen=True, kw_only=True)
class MessageFormat(RecordFormat):
    """Files of bank messages; a column's header is the name of one of the fields of its record."""

    date_format: ClassVar[str | None] = "%Y-%m-%d"
    timestamp_format: ClassVar[str | None] = "iso8601"
    fields: ClassVar[dict[str, tuple[MessageField, ...]]]
    """The fields of each type of record."""
    starts: ClassVar[dict[str, bytes]] = {}
    """The pattern of what begins each record of a type, by which records are counted apart from the parser.

    Types of no object (control records, fillers) may be counted, too. Several records of a type without a pattern may
    be in one line: the parser counts them, and the totals of the file verify them.
    """
    expected: ClassVar[str]
    """What a file must hold, for the message of its refusal."""

    encoding: str = "ascii"

    def parser(self, path: Path) -> MessageParser:
        """Return a parser of the file at `path`."""
        raise NotImplementedError

    def record_starts(self) -> dict[str, bytes]:
        """Return `starts`, or what takes their place in a format whose options decide it."""
        return self.starts

    def record_types(self) -> tuple[str, ...]:
        """Return the types of records that the messages have."""
        return tuple(self.fields)

    def field_of(self, record: str, name: str) -> MessageField | None:
        """Return the field of that name of a type of record."""
        return next((field for field in self.fields.get(record, ()) if field.name == name), None)

    def field_place(self, record: str, header: str) -> str:
        """Return the tag or position of a field."""
        field = self.field_of(record, header)
        return field.place if field else ""

    def reveals(self, place: str, other: str) -> bool:
        """Whether a field at `place` holds all of the one at the `other`."""
        return reveals(place, other)

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note a fault for each column that is no field of the record, or that is of a type it cannot have."""
        nodes = Mapping(given.value("columns"), f"columns of {given.what}", given.faults)
        by_header = {column.header: column for column in columns if column.is_in_file}
        for header, (key, node) in nodes.entries.items():
            field, column = self.field_of(record, header), by_header.get(header)
            if field is None:
                known = [each.name for each in self.fields.get(record, ())]
                near = difflib.get_close_matches(header, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                message = f"{given.what}: {record} records of {self.kind} have no field {header}; {hint}"
                given.faults.add(key, "unknown-column", message)
            elif column is not None:
                _check_column(Mapping(node, f"column {header}", given.faults), field, column)


def _check_column(given: Mapping, field: MessageField, column: SourceColumn) -> None:
    allowed = TYPES_OF[field.kind]
    if column.type.name not in allowed:
        message = f"{given.what} is {column.type}, but the field is {field.kind}; allowed: {', '.join(allowed)}"
        given.faults.add(given.value("type"), "unknown-type", message)
    refused = _SPELLINGS if field.kind != TEXT else ("header_pattern",)
    for option in (option for option in refused if option in given.entries):
        message = f"{given.what}: {option} does not apply; the standard says how the field is written"
        given.faults.add(given.value(option), "option-of-another-kind", message)


def read_encoding(given: Mapping, base: FileFormat) -> str:
    """Read the encoding of messages; ASCII, which standards prescribe, unless the base is of the same kind."""
    return given.word("encoding", ENCODINGS, base.encoding if isinstance(base, MessageFormat) else "ascii")
