"""The records of a fixed-width file in blocks, cut at line ends or after each record's length.

A block holds its characters as numbers of one byte each if all are ASCII, and of two or four bytes otherwise, so that a
position in a record is the same character in every encoding.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.sources.parsing.line_blocks import LegacyText
from bankmesh.sources.parsing.record_structure import END_OF_FILE, NEWLINE, RETURN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from bankmesh.sources.declarations.record_layout import FixedWidthFormat
    from bankmesh.sources.parsing.line_blocks import Block
    from bankmesh.sources.parsing.record_structure import Positions

    Cells = npt.NDArray[np.unsignedinteger[Any]]

_CODECS = {1: "ascii", 2: "utf-16-le", 4: "utf-32-le"}
"""The encoding of characters by the bytes of each."""


@dataclass(frozen=True)
class RecordBlock:
    """Consecutive records of a file: their characters, and start, stop and line (from 1) of each.

    Blank lines are no records. In files without line ends the line is the number of the record.
    """

    cells: Cells
    starts: Positions
    stops: Positions
    lines: Positions

    def __len__(self) -> int:
        return len(self.starts)

    def part(self, records: slice) -> RecordBlock:
        """Return some of the records."""
        return RecordBlock(self.cells, self.starts[records], self.stops[records], self.lines[records])

    def raw(self, record: int) -> bytes:
        """Return the text of a record in UTF-8, without its line end."""
        return encoded(self.cells[self.starts[record] : self.stops[record]])

    def matrix(self, records: Positions, first: int, length: int) -> Cells:
        """Return `length` characters of each of the records, from `first` (from 0); all must be that long."""
        if not len(records):
            return np.zeros((0, length), self.cells.dtype)
        windows: Cells = np.lib.stride_tricks.sliding_window_view(self.cells, length)
        return windows[self.starts[records] + first]


class RecordStream:
    """The records of one file, read once from start to end.

    After `blocks` is exhausted: `size` and `sha256` of the file as stored, `blank_lines`, and `records`, which counts
    the records from the bytes alone, title and end lines included.
    """

    def __init__(self, path: Path, written: FixedWidthFormat, block_bytes: int, member: str | None = None) -> None:
        """Prepare to read a file without opening it; `member` is as for `LegacyText`."""
        self.path, self._written, self._block_bytes = path, written, block_bytes
        self._text = LegacyText(path, written.encoding, block_bytes, expected="records", member=member)
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes of the file as stored."""
        return self._text.size

    @property
    def sha256(self) -> str:
        """Hash of the bytes of the file as stored."""
        return self._text.sha256

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the declared encoding unlikely, once all was read."""
        return self._text.warnings

    @property
    def blank_lines(self) -> int:
        """Lines without a record."""
        return self._text.blank_lines

    @property
    def records(self) -> int:
        """All records and title and end lines, counted from the bytes."""
        if self._written.terminated:
            return self._text.lines - self._text.blank_lines
        return self._bytes // self._written.record_length

    def blocks(self) -> Iterator[RecordBlock]:
        """Yield the records between the title lines and the end lines.

        Raises LegacyFileError if one of those lines is missing or does not match, and what `LegacyText` raises.
        """
        blocks = self._lines() if self._written.terminated else self._unterminated()
        return self._without_end(self._without_titles(blocks))

    def _lines(self) -> Iterator[RecordBlock]:
        for block in self._text.blocks():
            yield _cut_lines(block)

    def _unterminated(self) -> Iterator[RecordBlock]:
        length, held, size = self._written.record_length, [], 0
        for piece in self._text.pieces():
            held.append(piece)
            size += len(piece)
            if size >= max(self._block_bytes, length):
                joined = b"".join(held)
                whole = size // length * length
                yield self._cut(joined[:whole])
                held, size = [joined[whole:]], size - whole
        rest = b"".join(held)
        whole = size // length * length
        if whole:
            yield self._cut(rest[:whole])
        if not self._bytes and not rest:
            raise LegacyFileError(self.path, "the file is empty", "records")
        if rest[whole:]:
            problem = f"bytes after record {self._bytes // length}, the last whole one: {size - whole:,}"
            if not rest[whole:].strip(END_OF_FILE):
                problem += ", all of them the end-of-file character 0x1A"
            raise LegacyFileError(self.path, problem, f"a whole number of records of {length} bytes")

    def _cut(self, raw: bytes) -> RecordBlock:
        length, before = self._written.record_length, self._bytes
        self._bytes += len(raw)
        try:
            cells = cells_of(raw, self._written.encoding)
        except UnicodeDecodeError as error:
            at = before + error.start
            problem = f"record {at // length + 1}, byte offset {at}: byte 0x{raw[error.start]:02X} does not fit"
            raise LegacyFileError(self.path, problem, f"text in {self._written.encoding}") from None
        starts = np.arange(0, len(raw), length, dtype=np.int64)
        return RecordBlock(cells, starts, starts + length, before // length + 1 + np.arange(len(starts)))

    def _without_titles(self, blocks: Iterator[RecordBlock]) -> Iterator[RecordBlock]:
        patterns = deque(self._written.title_lines)
        for block in blocks:
            at = 0
            while patterns and at < len(block):
                self._check_line(block, at, "title", patterns.popleft())
                at += 1
            yield block.part(slice(at, None))
        if patterns:
            raise LegacyFileError(self.path, "the file ends within its title lines", self._expected("title"))

    def _without_end(self, blocks: Iterator[RecordBlock]) -> Iterator[RecordBlock]:
        """Hold back as many records as there are end lines, until the file ends."""
        patterns = self._written.end_lines
        held: deque[RecordBlock] = deque()
        for block in blocks:
            held.append(block)
            while held and sum(map(len, held)) - len(held[0]) >= len(patterns):
                yield held.popleft()
        ending = [(block, at) for block in held for at in range(len(block))][-len(patterns) :] if patterns else []
        if len(ending) < len(patterns):
            raise LegacyFileError(self.path, "the file has no end lines", self._expected("end"))
        for (block, at), pattern in zip(ending, patterns, strict=True):
            self._check_line(block, at, "end", pattern)
        kept = sum(map(len, held)) - len(patterns)
        for block in held:
            yield block.part(slice(0, max(kept, 0)))
            kept -= len(block)

    def _check_line(self, block: RecordBlock, at: int, kind: str, pattern: str) -> None:
        if not re.fullmatch(pattern, block.raw(at).decode()):
            problem = f"line {block.lines[at]} is not the declared {kind} line"
            raise LegacyFileError(self.path, problem, f'a line that matches "{pattern}"')

    def _expected(self, kind: str) -> str:
        patterns = self._written.title_lines if kind == "title" else self._written.end_lines
        return f"{len(patterns)} {kind} lines"


def cells_of(raw: bytes, encoding: str) -> Cells:
    """Return the characters as numbers. Raises UnicodeDecodeError."""
    if raw.isascii():
        return np.frombuffer(raw, np.uint8)
    text = raw.decode(encoding)
    wide = text.encode(_CODECS[2])
    if len(wide) == 2 * len(text):  # no character needs a surrogate pair
        return np.frombuffer(wide, np.dtype("<u2"))
    return np.frombuffer(text.encode(_CODECS[4]), np.dtype("<u4"))


def encoded(cells: Cells) -> bytes:
    """Return characters in UTF-8."""
    raw = cells.tobytes()
    return raw if cells.itemsize == 1 else raw.decode(_CODECS[cells.itemsize]).encode()


def _cut_lines(block: Block) -> RecordBlock:
    cells = cells_of(block.text, "utf-8")
    ends = np.flatnonzero(cells == NEWLINE)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    stops = ends - (cells[ends - 1] == RETURN)
    kept = np.flatnonzero(starts < stops)
    return RecordBlock(cells, starts[kept], stops[kept], block.first_line + kept)
