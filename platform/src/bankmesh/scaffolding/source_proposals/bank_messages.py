"""Proposals for bank messages, whose standards name the fields and their types: every field of one type of record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.scaffolding.classification_proposal import ClassificationProposal, propose_classification
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal
from bankmesh.scaffolding.source_proposals.delimited_text import find_encoding
from bankmesh.scaffolding.source_proposals.source_proposal import FileProposal, ProposalOptions
from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, MOMENT, TEXT
from bankmesh.sources.bank_messages.swift.swift_format import Mt940Format, Mt942Format
from bankmesh.sources.iso20022.iso20022_formats import Camt053Format, Camt054Format, Iso20022Format, Pain001Format

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.bank_messages.message_format import MessageFormat

_FORMATS: dict[str, MessageFormat] = {
    each.kind: each for each in (Camt053Format(), Camt054Format(), Pain001Format(), Mt940Format(), Mt942Format())
}
MESSAGE_KINDS = tuple(_FORMATS)
"""The kinds of messages for which a declaration can be proposed."""

_TYPES = {TEXT: "string", AMOUNT: "decimal(23,5)", COUNT: "long", DATE: "date", MOMENT: "timestamp"}
_ROWS = "entry"
_SIGNS = {
    b"BkToCstmrStmt": "camt053", b"BkToCstmrDbtCdtNtfctn": "camt054", b"CstmrCdtTrfInitn": "pain001",
    b":60F:": "mt940", b":60M:": "mt940", b":34F:": "mt942",
}  # fmt: skip


def find_message_kind(beginning: bytes) -> str | None:
    """Return the kind of messages that a file begins with: by its root element, or by a tag; None for another file."""
    return next((kind for sign, kind in _SIGNS.items() if sign in beginning), None)


def propose_messages(kind: str, files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration of the entries of messages, or of their only records, with all fields of the standard.

    Raises LegacyFileError for a file that is certainly no text.
    """
    written = _FORMATS[kind]
    record = _ROWS if _ROWS in written.fields else next(iter(written.fields))
    keys: dict[str, object] = {"kind": kind}
    questions: tuple[str, ...] = ()
    if not isinstance(written, Iso20022Format):  # those name their encoding themselves
        keys["encoding"], questions = find_encoding(files, options.encoding)
    fields = written.fields[record]
    proposed = {field.name: propose_classification(field.name) for field in fields}
    columns = [_column(field, _at_least_parts(written, field, fields, proposed)) for field in fields]
    others = ", ".join(each for each in written.fields if each != record)
    if others:
        questions = (*questions, f"which records are needed? These are of type {record}; there are also {others}")
    return FileProposal(keys, tuple(columns), 0, {"record": record}, questions)


def _column(field: MessageField, classification: ClassificationProposal) -> ColumnProposal:
    keys = {"type": _TYPES[field.kind], "description": field.description}
    return ColumnProposal(field.name, keys, classification)


def _at_least_parts(
    written: MessageFormat,
    field: MessageField,
    fields: Sequence[MessageField],
    proposed: dict[str, ClassificationProposal],
) -> ClassificationProposal:
    """Return the proposed class of a field, raised to the highest of the fields that it holds all of."""
    parts = [proposed[other.name] for other in fields if written.reveals(field.place, other.place)]
    highest = max([each.classification for each in parts], default=proposed[field.name].classification)
    if highest <= proposed[field.name].classification:
        return proposed[field.name]
    return replace(proposed[field.name], classification=highest, reason="it holds such a field", by_evidence=True)
