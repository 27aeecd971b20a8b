"""The format of files of FIX messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import yaml

from bankmesh.contracts.parsing.regular_expressions import check_pattern
from bankmesh.sources.bank_messages.fix.fix_fields import FIX_FIELDS
from bankmesh.sources.bank_messages.message_format import MessageFormat, read_encoding
from bankmesh.sources.bank_messages.message_records import MessageFile
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.bank_messages.message_records import MessageParser
    from bankmesh.sources.declarations.source_declaration import FileFormat

FIX_KEYS = ("encoding", "delimiter", "prefix", "groups", "sequence_gaps")
SEQUENCE_GAPS = ("refuse", "accept")
Groups = tuple[tuple[str, tuple[str, ...]], ...]
_TAG = re.compile("[1-9][0-9]*")


@dataclass(frozen=True, kw_only=True)
class FixFormat(MessageFormat):
    """Logs of FIX messages, each behind a text that `prefix` matches.

    `groups` are repeating groups: the tag of the count, and the tags of the members, the first of which begins each.
    """

    kind: ClassVar[str] = "fix"
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = FIX_FIELDS
    expected: ClassVar[str] = "whole FIX messages, whose sequence numbers have no gaps"

    delimiter: str = "\x01"
    prefix: str = ""
    groups: Groups = ()
    accept_gaps: bool = False

    @property
    def starts_of_reports(self) -> bytes:
        """The pattern of the beginning of an execution report, behind its prefix or, without one, behind another."""
        mark = re.escape(self.delimiter)
        begin = f"^(?:{self.prefix})" if self.prefix else f"(?:^|(?<={mark}))"
        return rf"{begin}8=FIX[^={mark}\n]*{mark}9=[0-9]+{mark}35=8{mark}".encode()

    def record_starts(self) -> dict[str, bytes]:
        """Return the pattern of execution reports; all other messages are counted by the parser."""
        return {"execution_report": self.starts_of_reports}

    def parser(self, path: Path) -> MessageParser:
        """Return a parser of FIX messages."""
        from bankmesh.sources.bank_messages.fix.fix_parser import FixParser

        return FixParser(
            MessageFile(path, self.expected),
            encoding=self.encoding,
            delimiter=self.delimiter,
            prefix=self.prefix,
            groups=dict(self.groups),
            claims=self.starts_of_reports,
            accept_gaps=self.accept_gaps,
        )


def read_fix(given: Mapping, base: FileFormat) -> FixFormat:
    """Read the format of FIX logs; keys that are not given come from a base of that kind."""
    known = base if isinstance(base, FixFormat) else FixFormat()
    delimiter = given.text("delimiter", known.delimiter)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in "=.\r\n":
        message = (
            f"delimiter must be one ASCII character that is no letter, digit, `=`, `.` or line end, not {delimiter!r}"
        )
        given.faults.add(given.value("delimiter"), "one-character", message)
        delimiter = known.delimiter
    gaps = given.word("sequence_gaps", SEQUENCE_GAPS, SEQUENCE_GAPS[known.accept_gaps])
    return FixFormat(
        encoding=read_encoding(given, base),
        delimiter=delimiter,
        prefix=_read_prefix(given, known.prefix),
        groups=_read_groups(given, known.groups),
        accept_gaps=gaps == "accept",
    )


def _read_prefix(given: Mapping, base: str) -> str:
    prefix = given.text("prefix", base or None) if "prefix" in given.entries else base
    problem = check_pattern(prefix) if prefix else None
    if problem:
        given.faults.add(given.value("prefix"), "bad-pattern", f"prefix of {given.what}: {problem}")
        return base
    return prefix


def _read_groups(
    given: Mapping, base: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    node = given.value("groups")
    if node is None:
        return base
    groups = Mapping(node, f"groups of {given.what}", given.faults)
    made = tuple((count, groups.texts(count) or ()) for count in groups.entries)
    tags = [tag for count, members in made for tag in (count, *members)]
    is_built = isinstance(node, yaml.MappingNode) and all(members for _, members in made)
    if not is_built or len(set(tags)) != len(tags) or not all(map(_TAG.fullmatch, tags)):
        message = f"groups of {given.what} must map the tag of each count to the tags of its group, each tag once"
        given.faults.add(node, "bad-group", message)
        return base
    return made
