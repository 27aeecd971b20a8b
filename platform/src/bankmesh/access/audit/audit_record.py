"""Records of the audit log: canonical JSON lines, each of which holds the SHA-256 of the line before it.

| field | meaning |
| --- | --- |
| `sequence` | position in the chain, from 0 |
| `previous` | SHA-256 of the line before, without its line feed; zeros in the first record |
| `kind` | `open`, `begin`, `end`, `denied`, `inspection` or `close` |
| `at` | moment (ISO 8601, UTC) |

A chain begins with `open`, which names the chain, and ends with `close`, unless its process was killed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_PREVIOUS = "0" * 64
FORMAT = 1


class RecordKind(StrEnum):
    """What a record is about."""

    OPEN = "open"
    BEGIN = "begin"
    END = "end"
    DENIED = "denied"
    INSPECTION = "inspection"
    CLOSE = "close"


@dataclass(frozen=True)
class AuditPosition:
    """Where a record lies: its chain, its sequence number, the SHA-256 of its line, and when it was written."""

    chain: str
    sequence: int
    digest: str
    at: str

    def __str__(self) -> str:
        return f"{self.chain}:{self.sequence}"


def parse_position(text: str) -> tuple[str, int]:
    """Return chain and sequence number of `CHAIN:SEQUENCE`. Raises ValueError."""
    chain, colon, sequence = text.rpartition(":")
    if not (colon and chain and sequence.isascii() and sequence.isdigit()):
        raise ValueError(f"{text!r} is no position in the audit log; write CHAIN:SEQUENCE")
    return chain, int(sequence)


def encode_record(sequence: int, previous: str, at: str, kind: RecordKind, fields: Mapping[str, Any]) -> bytes:
    """Return a record's line, with its line feed; equal records have equal lines."""
    record = {**fields, "sequence": sequence, "previous": previous, "kind": kind.value, "at": at}
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def line_digest(line: bytes) -> str:
    """Return the SHA-256 of a line without its line feed, in hexadecimal."""
    return hashlib.sha256(line.removesuffix(b"\n")).hexdigest()


def parse_record(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None if the line is no record."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    is_record = (
        isinstance(found, dict)
        and isinstance(found.get("sequence"), int)
        and isinstance(found.get("previous"), str)
        and found.get("kind") in list(RecordKind)
        and isinstance(found.get("at"), str)
    )
    return found if is_record else None


def now_text() -> str:
    """Return this moment as the log writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
