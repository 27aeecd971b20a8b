"""Formats of SWIFT statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.sources.bank_messages.message_format import MessageFormat, read_encoding
from bankmesh.sources.bank_messages.message_records import MessageFile
from bankmesh.sources.bank_messages.swift.swift_fields import MT940_FIELDS, MT942_FIELDS

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.bank_messages.message_records import MessageParser
    from bankmesh.sources.declarations.source_declaration import FileFormat
    from bankmesh.yaml.nodes import Mapping

SWIFT_KEYS = ("encoding", "terminated")
MT940_KEYS = (*SWIFT_KEYS, "split_statements")
SPLIT_STATEMENTS = ("refuse", "accept")
"""What happens to a file in which a page of a statement is missing that may be in another file."""


@dataclass(frozen=True, kw_only=True)
class SwiftFormat(MessageFormat):
    """Files of SWIFT statements, in SWIFT blocks or without them; `terminated` messages end with a line `-`."""

    terminated: bool = True


@dataclass(frozen=True, kw_only=True)
class Mt940Format(SwiftFormat):
    """Customer statements; those whose pages are in several files may be accepted (`split_statements`)."""

    split_statements: str = "refuse"

    kind: ClassVar[str] = "mt940"
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = MT940_FIELDS
    starts: ClassVar[dict[str, bytes]] = {"statement": rb"^:20:", "entry": rb"^:61:", "forward_balance": rb"^:65:"}
    expected: ClassVar[str] = "whole MT940 statements whose balances agree with their entries"

    def parser(self, path: Path) -> MessageParser:
        """Return a parser of MT940."""
        from bankmesh.sources.bank_messages.swift.swift_messages import MT940, SwiftParser

        is_split = self.split_statements == "accept"
        return SwiftParser(MessageFile(path, self.expected), MT940, terminated=self.terminated, is_split=is_split)


@dataclass(frozen=True, kw_only=True)
class Mt942Format(SwiftFormat):
    """Interim transaction reports."""

    kind: ClassVar[str] = "mt942"
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = MT942_FIELDS
    starts: ClassVar[dict[str, bytes]] = {"statement": rb"^:20:", "entry": rb"^:61:"}
    expected: ClassVar[str] = "whole MT942 reports whose totals agree with their entries"

    def parser(self, path: Path) -> MessageParser:
        """Return a parser of MT942."""
        from bankmesh.sources.bank_messages.swift.swift_messages import MT942, SwiftParser

        return SwiftParser(MessageFile(path, self.expected), MT942, terminated=self.terminated)


def read_mt940(given: Mapping, base: FileFormat) -> Mt940Format:
    """Read the format of MT940 files; keys that are not given come from a base of that kind."""
    inherited = base.split_statements if isinstance(base, Mt940Format) else "refuse"
    return Mt940Format(
        encoding=read_encoding(given, base),
        terminated=_read_terminated(given, base),
        split_statements=given.word("split_statements", SPLIT_STATEMENTS, inherited),
    )


def read_mt942(given: Mapping, base: FileFormat) -> Mt942Format:
    """Read the format of MT942 files; keys that are not given come from a base of that kind."""
    return Mt942Format(encoding=read_encoding(given, base), terminated=_read_terminated(given, base))


def _read_terminated(given: Mapping, base: FileFormat) -> bool:
    return given.flag("terminated", default=base.terminated if isinstance(base, SwiftFormat) else True)
