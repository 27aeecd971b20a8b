"""Proposals for bank messages, whose standards name the fields and their types: every field of one type of record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.errors import LegacyFileError, UnknownName
from bankmesh.scaffolding.classification_proposal import ClassificationProposal, propose_classification
from bankmesh.scaffolding.record_keys import LINE, standard_key
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal
from bankmesh.scaffolding.source_proposals.encoding_proposal import find_encoding
from bankmesh.scaffolding.source_proposals.fix_logs import find_fix_layout
from bankmesh.scaffolding.source_proposals.record_profiles import (
    RecordProfiles,
    draft_column,
    draft_object,
    profile_records,
)
from bankmesh.scaffolding.source_proposals.source_proposal import FileProposal, ProposalOptions
from bankmesh.sources.bank_messages.fix.fix_format import FixFormat
from bankmesh.sources.bank_messages.ledgers.ledger_formats import Bai2Format, NachaFormat
from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, MOMENT, TEXT
from bankmesh.sources.bank_messages.swift.swift_format import Mt940Format, Mt942Format
from bankmesh.sources.iso20022.iso20022_formats import Camt053Format, Camt054Format, Iso20022Format, Pain001Format
from bankmesh.sources.iso20022.unread_elements import find_unread_elements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.bank_messages.message_format import MessageFormat

_FORMATS: dict[str, MessageFormat] = {
    each.kind: each
    for each in (
        Camt053Format(), Camt054Format(), Pain001Format(), Mt940Format(), Mt942Format(), NachaFormat(), Bai2Format(),
        FixFormat(),
    )
}  # fmt: skip
MESSAGE_KINDS = tuple(_FORMATS)
"""The kinds of messages for which a declaration can be proposed."""

_TYPES = {TEXT: "string", AMOUNT: "decimal(23,5)", COUNT: "long", DATE: "date", MOMENT: "timestamp"}
_ROWS = ("entry", "transaction")
"""The types of records that are proposed unless another is named; the only one of a kind that has neither."""


_PARTIES = (
    "account_name", "account_owner", "account_number", "counterparty_account", "counterparty_name", "creditor_account",
    "creditor_name", "debtor_account", "debtor_name", "individual_identification", "individual_name",
    "initiating_party", "ultimate_creditor_name", "ultimate_debtor_name", "addenda_content", "addenda_information",
    "entry_information", "information", "payment_information", "raw_data", "remittance_information",
    "supplementary_details", "transaction_information",
)  # fmt: skip
"""Fields in which a standard has names and accounts of customers, or texts, which may hold them."""

_REFERENCES = (
    "batch_message_id", "batch_payment_information_id", "client_order_id", "end_to_end_id", "instruction_id",
    "mandate_id", "order_id", "original_client_order_id",
    "transaction_id",
)  # fmt: skip
"""Fields in which customers write references of their own."""

_MOST_PATHS = 60


@dataclass(frozen=True)
class _Layout:
    """Keys of a format by which files may be read, and what to ask if they are proposed."""

    keys: Mapping[str, object] = field(default_factory=dict)
    question: str = ""


_UNTERMINATED = _Layout(
    {"terminated": False},
    "do its messages end without a line `-`? Then the loss of the last lines of a file may be unnoticed",
)
_SPLIT = _Layout(
    {"split_statements": "accept"},
    "are pages of a statement in other files? Then a page that is lost is not noticed",
)
_LAYOUTS: dict[str, tuple[_Layout, ...]] = {
    "camt053": (
        _Layout(),
        _Layout({"require_balances": False}, "why has a statement no balances? Without them no total verifies it"),
    ),
    "mt940": (
        _Layout(),
        _UNTERMINATED,
        _SPLIT,
        _Layout({**_UNTERMINATED.keys, **_SPLIT.keys}, f"{_UNTERMINATED.question}; and {_SPLIT.question}"),
    ),
    "mt942": (_Layout(), _UNTERMINATED),
    "fix": (
        _Layout(),
        _Layout(
            {"sequence_gaps": "accept"},
            "is the log a selection of messages? Sequence numbers are missing: each landing counts them",
        ),
    ),
}
"""The ways in which files of a kind may be written; the first that reads all files is proposed."""


def propose_messages(kind: str, files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration of one type of record of messages, with all fields of the standard.

    It is the type that the options name, or that of the entries or transactions. Raises UnknownName for a type that
    the messages do not have, and LegacyFileError for a file that is certainly no text.
    """
    written = _FORMATS[kind]
    record = _record_type(written, options.record)
    keys: dict[str, object] = {"kind": kind}
    questions: tuple[str, ...] = ()
    if not isinstance(written, Iso20022Format):  # those name their encoding themselves
        keys["encoding"], questions = find_encoding(files, options.encoding)
    if kind == "fix":
        keys |= find_fix_layout(files, str(keys["encoding"]))
    object_keys: dict[str, object] = {"record": record}
    if LINE in standard_key(kind, record):
        object_keys["line_as"] = LINE
    draft = FileProposal(
        keys, tuple(draft_column(each.name, {"type": "string"}) for each in written.fields[record]), 0, object_keys
    )
    layout, found = _read_all(kind, draft, files)
    questions = (*questions, *filter(None, [layout.question]))
    if found is not None and not found.rows:
        object_keys["may_be_empty"] = True
    others = ", ".join(each for each in written.fields if each != record)
    if others:
        question = f"which records are needed? These are of type {record}; --record proposes {others}"
        questions = (*questions, question)
    columns = _columns(written, record, found)
    rows = found.rows if found else 0
    return FileProposal({**keys, **layout.keys}, columns, rows, object_keys, (*questions, *_unread(written, files)))


def _unread(written: MessageFormat, files: Sequence[Path]) -> tuple[str, ...]:
    """Return the question for elements that would be left out, by their names; none for damaged files."""
    if not isinstance(written, Iso20022Format):
        return ()
    try:
        paths = find_unread_elements(written, files)
    except LegacyFileError:
        return ()
    if not paths:
        return ()
    more = f" and {len(paths) - _MOST_PATHS:,} more" if len(paths) > _MOST_PATHS else ""
    return (f"are these elements needed? No field reads them: {', '.join(paths[:_MOST_PATHS])}{more}",)


def _record_type(written: MessageFormat, named: str | None) -> str:
    if named is None:
        return next((each for each in _ROWS if each in written.fields), next(iter(written.fields)))
    if named not in written.fields:
        raise UnknownName(f"type of record of {written.kind}", named, written.fields)
    return named


def _read_all(kind: str, draft: FileProposal, files: Sequence[Path]) -> tuple[_Layout, RecordProfiles | None]:
    """Return the first layout by which all files are read, with what they show; no profiles if there is none.

    Files that no layout reads are declared as they should be, so that the landing says what is wrong with them.
    """
    layouts = _LAYOUTS.get(kind, (_Layout(),))
    for layout in layouts:
        obj = draft_object(replace(draft, format={**draft.format, **layout.keys}))
        try:
            return layout, profile_records(obj, files, has_spellings=False)
        except LegacyFileError:
            continue
    return layouts[0], None


def _columns(written: MessageFormat, record: str, found: RecordProfiles | None) -> tuple[ColumnProposal, ...]:
    fields = written.fields[record]
    shares = {name: profile.shares for name, profile in found.profiles.items()} if found else {}
    proposed = {each.name: _classification(each.name, shares.get(each.name)) for each in fields}
    key = standard_key(written.kind, record)
    filled = {name for name, each in found.profiles.items() if each.rows and not each.absent} if found else set()
    columns = []
    for each in fields:
        keys: dict[str, object] = {"type": _TYPES[each.kind], "description": each.description}
        if each.name in key and each.name in filled:
            keys["required"] = True
        columns.append(ColumnProposal(each.name, keys, _at_least_parts(written, each, fields, proposed)))
    return tuple(columns)


def _classification(name: str, shares: Mapping[str, float] | None) -> ClassificationProposal:
    """Return the class of a field alone, by what the standard has there, its values and its name."""
    found = propose_classification(name.removeprefix("message_"), shares)  # a message is a file here, not a text
    if name in _PARTIES and found.classification < Classification.RESTRICTED:
        return ClassificationProposal(Classification.RESTRICTED, "it holds names, accounts or texts of customers")
    if name in _REFERENCES and found.classification < Classification.CONFIDENTIAL:
        return ClassificationProposal(Classification.CONFIDENTIAL, "it holds references of customers")
    return found


def _at_least_parts(
    written: MessageFormat,
    field: MessageField,
    fields: Sequence[MessageField],
    proposed: dict[str, ClassificationProposal],
) -> ClassificationProposal:
    """Return the proposed class of a field, raised to the highest of the fields that it holds all of."""
    parts = [other for other in fields if other != field and written.reveals(field.place, other.place)]
    highest = max(parts, key=lambda other: proposed[other.name].classification, default=field)
    if proposed[highest.name].classification <= proposed[field.name].classification:
        return proposed[field.name]
    reason = f"it holds {highest.name} ({proposed[highest.name].reason})"
    return replace(
        proposed[field.name],
        classification=proposed[highest.name].classification,
        reason=reason,
        by_evidence=True,
    )
