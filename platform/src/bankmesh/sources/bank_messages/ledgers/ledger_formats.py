"""Formats of NACHA and BAI2 files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.sources.bank_messages.ledgers.bai2_fields import BAI2_FIELDS
from bankmesh.sources.bank_messages.ledgers.nacha_fields import NACHA_FIELDS
from bankmesh.sources.bank_messages.message_format import MessageFormat, read_encoding
from bankmesh.sources.bank_messages.message_records import MessageFile

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.bank_messages.message_records import MessageParser
    from bankmesh.sources.declarations.source_declaration import FileFormat
    from bankmesh.yaml.nodes import Mapping

LEDGER_KEYS = ("encoding",)


@dataclass(frozen=True, kw_only=True)
class NachaFormat(MessageFormat):
    """ACH files by NACHA's rules."""

    kind: ClassVar[str] = "nacha"
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = NACHA_FIELDS
    starts: ClassVar[dict[str, bytes]] = {
        "file": rb"^1", "batch": rb"^5", "entry": rb"^6", "addenda": rb"^7", "batch control": rb"^8",
        "file control": rb"^9(?!9{93})", "filler": rb"^9{94}",
    }  # fmt: skip
    expected: ClassVar[str] = "a whole ACH file of records of 94 characters whose totals agree with its entries"

    def parser(self, path: Path) -> MessageParser:
        """Return a parser of ACH files."""
        from bankmesh.sources.bank_messages.ledgers.nacha_parser import NachaParser

        return NachaParser(MessageFile(path, self.expected))


@dataclass(frozen=True, kw_only=True)
class Bai2Format(MessageFormat):
    """Cash management reports, BAI2."""

    kind: ClassVar[str] = "bai2"
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = BAI2_FIELDS
    starts: ClassVar[dict[str, bytes]] = {
        "file": rb"^01[,/]", "group": rb"^02[,/]", "account": rb"^03[,/]", "transaction": rb"^16[,/]",
    }  # fmt: skip
    expected: ClassVar[str] = "a whole BAI2 file whose totals and counts agree with its records"

    def parser(self, path: Path) -> MessageParser:
        """Return a parser of BAI2."""
        from bankmesh.sources.bank_messages.ledgers.bai2_parser import Bai2Parser

        return Bai2Parser(MessageFile(path, self.expected))


def read_nacha(given: Mapping, base: FileFormat) -> NachaFormat:
    """Read the format of ACH files; the encoding may come from a base of bank messages."""
    return NachaFormat(encoding=read_encoding(given, base))


def read_bai2(given: Mapping, base: FileFormat) -> Bai2Format:
    """Read the format of BAI2 files; the encoding may come from a base of bank messages."""
    return Bai2Format(encoding=read_encoding(given, base))
