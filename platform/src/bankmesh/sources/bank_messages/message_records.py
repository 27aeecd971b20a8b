"""Records of bank messages, and what parsers of all kinds have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bankmesh.errors import LegacyFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


DAMAGED = ""
"""The type of a record that may be of any type, because what says its type may be damaged: a reject of every object."""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A record of a message: its type, its first line (from 1), its text as delivered, and its fields by name.

    `fault` is why the record is no such record, without any of its values; its fields are then of no use. `count` is
    how many records it counts as among the other records of a landing.
    """

    type: str
    line: int
    raw: str
    fields: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    count: int = 1


class BadField(ValueError):
    """A field is not written as its standard says; the text says why, without its value."""


class MessageParser(Protocol):
    """Parser of one file. `control_totals` counts the totals of the file that agree with its records."""

    control_totals: int

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[MessageRecord]:
        """Yield the records of numbered lines, which have no line ends.

        Raises LegacyFileError for a file that is cut short, is not built as the standard says, or disagrees with its
        totals.
        """
        ...


@dataclass(frozen=True)
class MessageFile:
    """The file that a parser reads, for the messages of its refusal."""

    path: Path
    expected: str

    def refusal(self, line: int, problem: str) -> LegacyFileError:
        """Return the error that refuses the file for what is wrong at a line; `problem` holds none of its values."""
        return LegacyFileError(self.path, f"line {line}: {problem}", self.expected)
