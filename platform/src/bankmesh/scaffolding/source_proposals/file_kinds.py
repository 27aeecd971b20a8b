"""The kinds of files for which a declaration can be proposed, each with its proposer."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError, UnknownName
from bankmesh.scaffolding.source_proposals.bank_messages import MESSAGE_KINDS, propose_messages
from bankmesh.scaffolding.source_proposals.copybooks.copybook_proposal import propose_copybook
from bankmesh.scaffolding.source_proposals.delimited_text import propose_text
from bankmesh.scaffolding.source_proposals.fixed_width import propose_fixed_width
from bankmesh.scaffolding.source_proposals.message_kinds import find_message_kind
from bankmesh.scaffolding.source_proposals.nested_records.json_files import (
    find_json_kind,
    propose_json,
    propose_json_lines,
)
from bankmesh.scaffolding.source_proposals.nested_records.xml_files import is_xml, propose_xml
from bankmesh.scaffolding.source_proposals.parquet_files import propose_parquet
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose
from bankmesh.scaffolding.source_proposals.workbooks.excel_files import propose_excel
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bankmesh.scaffolding.source_proposals.source_proposal import FileProposal, ProposalOptions

    Proposer = Callable[[Sequence[Path], ProposalOptions], FileProposal]

COPYBOOK = "copybook"
PROPOSERS: dict[str, Proposer] = {
    "text": propose_text,
    "fixed_width": propose_fixed_width,
    "parquet": propose_parquet,
    COPYBOOK: propose_copybook,
    "excel": propose_excel,
    "json": propose_json,
    "xml": propose_xml,
    "json_lines": propose_json_lines,
    **{kind: partial(propose_messages, kind) for kind in MESSAGE_KINDS},
}
"""Kind of `format` → the function that proposes for files of that kind."""

KINDS_OF_RECORDS = (*MESSAGE_KINDS, COPYBOOK)
"""The kinds whose files have several types of records, of which one is proposed."""

_OPTIONS = {"rows": ("json", "json_lines", "xml"), "sheet": ("excel",), "header_row": ("excel",)}
"""Options of some kinds alone."""

_SUFFIXES = {
    ".parquet": "parquet", ".jsonl": "json_lines", ".ndjson": "json_lines",
    **dict.fromkeys((".xlsx", ".xlsm", ".xls"), "excel"),
}  # fmt: skip
_DOCUMENTS = {".json": "json", ".xml": "xml"}
_BEGINNING = 1 << 16
_COMPRESSED = {".gz", ".bz2", ".zst", ".zip"}


def propose_declaration(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for files of one kind: the one that is named, or that the first file shows.

    Files with a copybook are of that kind. Raises CannotPropose, UnknownName for a kind or type of record, and
    LegacyFileError for a damaged file.
    """
    kind = options.kind or (COPYBOOK if options.copybook else find_kind(files[0]))
    if kind not in PROPOSERS:
        raise UnknownName("kind of files", kind, PROPOSERS)
    if options.record is not None and kind not in KINDS_OF_RECORDS:
        raise UnknownName(f"type of record of {kind}", options.record, ())
    for option, kinds in _OPTIONS.items():
        if getattr(options, option) is not None and kind not in kinds:
            problem = f"--{option.replace('_', '-')} is not for {kind}, but for {' and '.join(kinds)}"
            raise CannotPropose(files[0], problem, "Leave it out, or name another kind with --kind.")
    return PROPOSERS[kind](files, options)


def find_kind(file: Path) -> str:
    """Return the kind of a file, by the end of its name, and of documents and messages by what the file begins with."""
    suffixes = [suffix.lower() for suffix in file.suffixes if suffix.lower() not in _COMPRESSED]
    if (named := _SUFFIXES.get(suffixes[-1] if suffixes else "")) is not None:
        return named
    try:
        beginning = b"".join(islice(LegacyText(file, UTF8_SIG).pieces(), 1))
    except LegacyFileError as error:
        if "EBCDIC" not in error.problem:
            raise
        raise CannotPropose(file, error.problem, "Give its copybook with --copybook FILE.") from error
    shown = find_message_kind(beginning[:_BEGINNING]) or find_json_kind(beginning)
    return shown or ("xml" if is_xml(beginning) else _DOCUMENTS.get(suffixes[-1] if suffixes else "", "text"))
