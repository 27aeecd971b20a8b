"""A proposed source declaration: what all kinds of files have in common, and its text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal, landed_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


_UNWRITTEN = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow, or that end a line, and so a comment."""


class CannotPropose(BankmeshError):
    """No declaration can be proposed for a file: its kind, encoding or layout is not clear. Holds no value of it."""

    def __init__(self, file: Path, problem: str, advice: str) -> None:
        self.file = file
        super().__init__(f"{file.name}: {problem}. {advice}")


@dataclass(frozen=True)
class ProposalOptions:
    """Answers of the caller to what files leave open; None where the files decide."""

    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    day_first: bool | None = None
    record: str | None = None
    copybook: Path | None = None
    rows: str | None = None
    sheet: str | None = None
    header_row: int | None = None


@dataclass(frozen=True)
class FileProposal:
    """What one kind of files proposes: the keys of `format`, the columns, and questions about the files as a whole.

    `beside` are files that belong beside the declaration, such as a copybook; `notes` are findings to be reviewed.
    """

    format: Mapping[str, object]
    columns: tuple[ColumnProposal, ...]
    rows: int
    object_keys: Mapping[str, object]
    questions: tuple[str, ...] = ()
    beside: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceNames:
    """The names of a new declaration; `files` are patterns below `folder`, itself below the folder of exports."""

    system: str
    object: str
    owner: str
    folder: str
    files: Sequence[str]
    take_all: bool = False


def declaration_text(names: SourceNames, proposal: FileProposal) -> str:
    """Return the declaration as YAML, with a comment for everything that a person has to review."""
    return "\n".join([*_system_lines(names, proposal), *_object_lines(names, proposal)]) + "\n"


def with_object(text: str, names: SourceNames, proposal: FileProposal) -> str:
    """Return a declaration, whose objects come last, with one more object of a format of its own."""
    return "\n".join([text.rstrip(), *_object_lines(names, proposal, has_format=True)]) + "\n"


def _basis(proposal: FileProposal) -> str:
    basis = f"{proposal.rows:,} records" if proposal.rows else "the fields of the standard"
    return f"# Proposed by `mesh new source` from {basis}. Review each comment, then remove it."


def _system_lines(names: SourceNames, proposal: FileProposal) -> Iterator[str]:
    yield _basis(proposal)
    yield f"system: {names.system}"
    yield f"description: The system {names.system}. # review: what it is"
    yield f"owner: {names.owner} # review: the team that owns it"
    yield f"folder: {_scalar(names.folder)}"
    yield f"format: {_flow(proposal.format)}"
    yield "objects:"


def _object_lines(names: SourceNames, proposal: FileProposal, *, has_format: bool = False) -> Iterator[str]:
    yield f"  {names.object}:"
    if has_format:
        yield f"    {_basis(proposal)}"
    yield f"    description: One row for each {names.object}. # review: what one row is"
    yield f"    files: {_flow({'all': list(names.files)} if names.take_all else list(names.files))}"
    if has_format:
        yield f"    format: {_flow(proposal.format)}"
    for key, value in proposal.object_keys.items():
        yield f"    {key}: {_flow(value)}"
    for question in proposal.questions:
        yield f"    # question: {_escape(question)}"
    yield from (f"    # note: {_escape(note)}" for note in proposal.notes)
    yield "    columns:"
    taken: set[str] = set()
    for position, column in enumerate(proposal.columns, 1):
        name = landed_name(column.name or column.header, position, taken)
        taken.add(name)
        yield from _column_lines(column, name)


def _column_lines(column: ColumnProposal, name: str) -> Iterator[str]:
    proposed = column.classification
    yield f"      # review: {proposed.classification.label}, because {_escape(proposed.reason)}"
    yield from (f"      # note: {_escape(note)}" for note in column.notes)
    yield from (f"      # question: {_escape(question)}" for question in column.questions)
    keys = dict(column.keys)
    if name != column.header:
        keys["as"] = name
    keys["classification"] = proposed.classification.label
    keys["description"] = keys.get("description", f"{' '.join(name.split('_')).capitalize()}.")
    yield f"      {_scalar(column.header)}: {_flow(keys)}"


def _flow(value: object) -> str:
    """Return a value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    """Return a scalar: words as they are, other texts in double quotes, which are escaped as in JSON."""
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    text = str(value)
    plain = text.replace("_", "").isalnum() and text.isascii() and text[0].isalpha()
    is_word = plain and text.lower() not in {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
    return text if is_word else _escape(json.dumps(text, ensure_ascii=False))


def _escape(text: str) -> str:
    """Return a text for one line of YAML, with escapes for characters that have no place there."""
    return _UNWRITTEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
