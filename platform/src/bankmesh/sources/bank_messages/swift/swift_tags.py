"""Splits a file of SWIFT messages into messages, and these into tagged fields, with and without SWIFT blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.sources.bank_messages.message_records import MessageFile

_TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.DOTALL)
_HEADER = re.compile(r"\{1:[^{}]*\}(?:\{2:(?P<to>[IO])(?P<type>[0-9]{3})[^{}]*\})(?:\{3:(?:[^{}]|\{[^{}]*\})*\})?\{4:")
_TRAILER = re.compile(r"-\}(?:\{5:(?:[^{}]|\{[^{}]*\})*\})?(?:\{S:(?:[^{}]|\{[^{}]*\})*\})?")
_BLOCKS = re.compile(r"\{1:[^{}]*\}(?:\{2:[^{}]*\}(?:\{3:(?:[^{}]|\{[^{}]*\})*\})?)?")
_BLOCK = re.compile(r"\{[1-5S]:")
_BANK, _TYPE = re.compile("[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?"), re.compile(":?([0-9]{3}):?")
_HEADS = ("", "T", "BT", "TB", "BTB")
"""The lines above a message that some banks write: the type of the message, and BICs around it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FRAMING = "\x01\x03$ "
"""What may be around the blocks of a message: the marks of a transmission, the separator of RJE files."""

_MOST_LINES = 1000


@dataclass(slots=True)
class Tag:
    """A tagged field: its tag without colons, its first line, and its lines without the tag."""

    name: str
    line: int
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The field's lines, joined."""
        return "\n".join(self.lines)

    @property
    def raw(self) -> str:
        """The field as delivered."""
        return f":{self.name}:{self.text}"


@dataclass(frozen=True, slots=True)
class MessageEnd:
    """The end of a message, at the line that ends it."""

    line: int


class SwiftText:
    """The fields and ends of messages of one file."""

    def __init__(self, file: MessageFile, message_type: str, *, terminated: bool) -> None:
        """Read messages of a type (`940`); `terminated` ones end with a line `-` or with the end of their block."""
        self._file, self._type, self._terminated = file, message_type, terminated
        self._line, self._open, self._in_block = 0, False, False
        self._tag: Tag | None = None
        self._blocks = self._head = ""

    def tags(self, lines: Iterator[tuple[int, str]]) -> Iterator[Tag | MessageEnd]:
        """Yield the fields of each message, then its end. Raises LegacyFileError."""
        for line, text in lines:
            self._line = line
            if _CONTROL.search(text.strip(_FRAMING)):
                raise self._file.refusal(line, "a control character is within the text")
            if text.startswith(":") and not (self._tag is None and _TYPE.fullmatch(text.rstrip())):
                yield from self._begin_tag(text)
            elif _is_frame(text):
                yield from self._frame(text)
            elif self._tag is not None:
                self._continue(text)
            elif text.strip(_FRAMING):
                self._take_head(text.strip(_FRAMING))
        yield from self._finish()

    def _take_head(self, text: str) -> None:
        """Read a line above a message. Raises LegacyFileError if it is none that banks write there."""
        kind = _TYPE.fullmatch(text)
        self._head += "T" if kind else "B" if _BANK.fullmatch(text) else "?"
        if self._open or self._blocks or self._in_block or self._head not in {*_HEADS, "B"}:
            raise self._file.refusal(self._line, "the text belongs to no field")
        if kind and kind[1] != self._type:
            raise self._file.refusal(self._line, f"the message is none of type MT{self._type}")

    def _end_head(self) -> None:
        if self._head not in _HEADS or self._blocks:
            raise self._file.refusal(self._line, "the lines above the message are incomplete")
        self._head = ""

    def _continue(self, text: str) -> None:
        tag = self._tag
        if tag is None or not text:
            return
        if len(tag.lines) == _MOST_LINES:
            raise self._file.refusal(self._line, f":{tag.name}: has more than {_MOST_LINES} lines")
        tag.lines.append(text)

    def _begin_tag(self, text: str) -> Iterator[Tag | MessageEnd]:
        match = _TAG.fullmatch(text)
        if match is None:
            raise self._file.refusal(self._line, "a line begins with a colon, but with no tag")
        yield from self._end_tag()
        self._end_head()
        if match[1] == "20" and self._open:
            if self._terminated or self._in_block:
                raise self._file.refusal(self._line, "a message begins where the one before has not ended")
            yield MessageEnd(self._line)
        self._open = True
        self._tag = Tag(match[1], self._line, [match[2]])

    def _end_tag(self) -> Iterator[Tag]:
        if self._tag is not None:
            yield self._tag
        self._tag = None

    def _frame(self, text: str) -> Iterator[Tag | MessageEnd]:
        """Read the line between two messages: the end of a message, the header of the next, or both."""
        left = text.strip(_FRAMING)
        if left.startswith("-"):
            trailer = _TRAILER.match(left)
            if not self._open or (trailer is not None) is not self._in_block or (trailer is None and left != "-"):
                raise self._file.refusal(self._line, "it is not the end of a message")
            yield from self._end_tag()
            yield MessageEnd(self._line)
            self._open = self._in_block = False
            left = left[trailer.end() :].strip(_FRAMING) if trailer else ""
        if not left:
            return
        left = self._blocks + left
        header = _HEADER.fullmatch(left)
        self._blocks = left if header is None else ""
        if header is None and _BLOCKS.fullmatch(left) is None:
            raise self._file.refusal(self._line, "the blocks of a message are not well formed")
        if self._open or self._in_block:
            raise self._file.refusal(self._line, "a message begins where the one before has not ended")
        if header is None:
            return
        if header["type"] != self._type:
            raise self._file.refusal(self._line, f"the message is none of type MT{self._type}")
        self._in_block = True

    def _finish(self) -> Iterator[Tag | MessageEnd]:
        if self._in_block or self._blocks or self._head or (self._open and self._terminated):
            raise self._file.refusal(self._line, "the file ends within a message")
        yield from self._end_tag()
        if self._open:
            yield MessageEnd(self._line)


def _is_frame(text: str) -> bool:
    """Whether a line is the end of a message or has the blocks around one; other lines with `-` or `{` are text."""
    left = text.strip(_FRAMING)
    return left == "-" or left.startswith("-}") or _BLOCK.match(left) is not None
