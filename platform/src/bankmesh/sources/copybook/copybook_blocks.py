"""The records of a mainframe's file in blocks: of one length, or each behind a record descriptor word (RDW).

A descriptor word has four bytes: the length with the word itself, and two zeros. A block descriptor word (BDW) has the
length of the block, in 31 bits if the first bit is set. A chain of lengths that does not end with the file refuses it:
behind a wrong length nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.sources.copybook.copybook_format import BLOCKED, FIXED_LENGTH
from bankmesh.sources.fixed_width.record_stream import RecordBlock
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.sources.copybook.copybook_format import CopybookFormat
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.parsing.record_structure import Positions

_WORD = 4
_LONG_BLOCK = 0x80


@dataclass(frozen=True)
class CopybookRecordBlock(RecordBlock):
    """Consecutive records of a file, as bytes; `offset` is where its bytes begin in the decompressed file.

    Behind the last record there are as many zeros as the longest record has bytes, so that fields which a short record
    does not have can be read and left out. In a dense block the records follow each other without descriptor words.
    """

    offset: int = 0
    is_dense: bool = False

    def matrix(self, records: Positions, first: int, length: int) -> Cells:
        """Return `length` bytes of each of the records, from `first` (from 0)."""
        if self.is_dense and len(records) == len(self):
            whole = int(self.stops[0] - self.starts[0])
            return self.cells[: len(records) * whole].reshape(-1, whole)[:, first : first + length]
        return super().matrix(records, first, length)

    def raw(self, record: int) -> bytes:
        """Return a record in hexadecimal digits behind its offset in the file: `@1216 D3F0F1`."""
        start, stop = int(self.starts[record]), int(self.stops[record])
        return f"@{self.offset + start} {self.cells[start:stop].tobytes().hex().upper()}".encode()


class CopybookRecordStream:
    """The records of one file, read once from start to end; `records` counts those that were cut."""

    def __init__(self, path: Path, written: CopybookFormat, block_bytes: int, member: str | None = None) -> None:
        """Prepare to read a file without opening it."""
        self.path, self._written, self._block_bytes = path, written, block_bytes
        self._text = LegacyText(path, written.encoding, block_bytes, expected="records", member=member)
        self.records = 0
        self._left_in_block: int | None = None

    @property
    def size(self) -> int:
        """Bytes of the file as stored."""
        return self._text.size

    @property
    def sha256(self) -> str:
        """Hash of the bytes of the file as stored."""
        return self._text.sha256

    def blocks(self) -> Iterator[CopybookRecordBlock]:
        """Yield the records. Raises LegacyFileError if the file is damaged, cut short, or has a wrong length."""
        held, offset = b"", 0
        for piece in self._joined():
            held += piece
            starts, stops, used = self._cut(held, offset)
            if len(starts):
                yield self._block(held[:used], starts, stops, offset)
            held, offset = held[used:], offset + used
        if held:
            problem = f"bytes after record {self.records:,}, the last whole one: {len(held):,}, at byte offset {offset}"
            raise LegacyFileError(self.path, problem, self._expected)
        if self._left_in_block:
            problem = f"the last block lacks {self._left_in_block:,} bytes"
            raise LegacyFileError(self.path, problem, self._expected)

    def _joined(self) -> Iterator[bytes]:
        """Yield the bytes in pieces of about a block."""
        held: list[bytes] = []
        size = 0
        for piece in self._text.raw_pieces():
            held.append(piece)
            size += len(piece)
            if size >= self._block_bytes:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)

    def _block(self, raw: bytes, starts: Positions, stops: Positions, offset: int) -> CopybookRecordBlock:
        cells = np.frombuffer(raw + bytes(self._written.record_length), np.uint8)
        lines = self.records + 1 + np.arange(len(starts))
        self.records += len(starts)
        return CopybookRecordBlock(cells, starts, stops, lines, offset, self._written.recfm == FIXED_LENGTH)

    def _cut(self, raw: bytes, offset: int) -> tuple[Positions, Positions, int]:
        """Return starts and stops of the whole records at the beginning of some bytes, and how many bytes they use."""
        if self._written.recfm != FIXED_LENGTH:
            return self._cut_words(raw, offset)
        length = self._written.record_length
        used = len(raw) // length * length
        starts = np.arange(0, used, length, dtype=np.int64)
        return starts, starts + length, used

    def _cut_words(self, raw: bytes, offset: int) -> tuple[Positions, Positions, int]:
        is_blocked = self._written.recfm == BLOCKED
        at, size, left = 0, len(raw), self._left_in_block
        starts: list[int] = []
        stops: list[int] = []
        while at + _WORD <= size:
            if is_blocked and not left:
                left = self._block_length(raw, at, offset)
                at += _WORD
                continue
            length = raw[at] << 8 | raw[at + 1]
            if length <= _WORD or raw[at + 2] or raw[at + 3]:
                raise self._bad_word("record", at + offset, raw[at : at + _WORD])
            if left is not None and length > left:
                problem = f"the record at byte offset {at + offset} is longer than the rest of its block"
                raise LegacyFileError(self.path, problem, self._expected)
            if at + length > size:
                break
            starts.append(at + _WORD)
            at += length
            stops.append(at)
            if left is not None:
                left -= length
        self._left_in_block = left
        return np.array(starts, np.int64), np.array(stops, np.int64), at

    def _block_length(self, raw: bytes, at: int, offset: int) -> int:
        word = raw[at : at + _WORD]
        is_long = word[0] >= _LONG_BLOCK
        length = int.from_bytes(word, "big") & 0x7FFFFFFF if is_long else word[0] << 8 | word[1]
        if length <= 2 * _WORD or (not is_long and (word[2] or word[3])):
            raise self._bad_word("block", at + offset, word)
        return length - _WORD

    def _bad_word(self, kind: str, offset: int, word: bytes) -> LegacyFileError:
        problem = f"no {kind} descriptor word at byte offset {offset}, behind record {self.records:,} or a later one"
        if kind == "record" and word[2] in {1, 2, 3}:
            problem += ": a segment of a spanned record (VBS), which is not supported; have the file copied to VB"
        return LegacyFileError(self.path, problem, self._expected)

    @property
    def _expected(self) -> str:
        if self._written.recfm == FIXED_LENGTH:
            return f"a whole number of records of {self._written.record_length} bytes"
        words = "block and record descriptor words" if self._written.recfm == BLOCKED else "record descriptor words"
        return f"{words} whose lengths end with the file"
