"""Reads the bytes of a legacy file, decompressed in pieces, and splits them into blocks of whole lines.

Lines are counted here, on the bytes as they are read, and nowhere else; the parser's own counts are later compared with
these.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.parsing.compression import decompressed
from bankmesh.sources.parsing.encoding_evidence import EXAMINED_FIRST, EncodingEvidence, find_other_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK_BYTES = 16 << 20
"""The text parsed at once: about 300,000 rows of transactions; several blocks are in memory at a time."""

_READ_BYTES = 1 << 20
_LONGEST_LINE = 64 << 20
_UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLANK_LINE = re.compile(rb"(?<=\n)\n|(?<=\n\r)\n")


@dataclass(frozen=True)
class Block:
    """Whole lines of a file, as UTF-8, each ended by a line feed.

    `first_line` is the physical line (from 1) of the decompressed file at which the block starts.
    """

    text: bytes
    first_line: int
    last: bool


def content_sha256(path: Path, first_bytes: int | None = None, member: str | None = None) -> str:
    """Return the SHA-256 of a file's content, or of its `first_bytes`, decompressed if its name has such a suffix.

    Raises LegacyFileError if the part that is read is damaged.
    """
    digest, left = hashlib.sha256(), first_bytes
    text = LegacyText(path, "utf-8", first_bytes or BLOCK_BYTES, member=member)
    for piece in text._pieces():  # noqa: SLF001 - of this module
        digest.update(piece[:left])
        if left is not None:
            left = max(0, left - len(piece))
            if not left:
                break
    return digest.hexdigest()


class LegacyText:
    """One legacy file, read once from start to end.

    A leading byte order mark is dropped if the encoding is `utf-8-sig`, which does not require one.

    After `blocks` is exhausted: `size` and `sha256` of the file as stored, `lines` and `blank_lines` of its text,
    and `is_terminated`, whether its last line ends; it holds already when the last block is yielded.
    """

    def __init__(
        self,
        path: Path,
        encoding: str,
        block_bytes: int = BLOCK_BYTES,
        *,
        expected: str = "at least a header line",
        member: str | None = None,
    ) -> None:
        """Prepare to read a file without opening it; it is decompressed if its name has a suffix of `compression`.

        `expected` is what a file must hold, for the message about an empty one. `member` is a pattern for the name of
        the file within a zip archive, None for its only file.
        """
        self._member = member
        self.path, self.encoding, self.block_bytes, self.expected = path, encoding, block_bytes, expected
        self._codec = "utf-8" if encoding == UTF8_SIG else encoding
        self.size = self.lines = self.blank_lines = self._marked = 0
        self.is_terminated = True
        self._digest = hashlib.sha256()
        self._evidence = EncodingEvidence(encoding)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the declared encoding unlikely, once all was read; no values."""
        return self._evidence.warnings()

    @property
    def sha256(self) -> str:
        """Hash of the bytes read so far."""
        return self._digest.hexdigest()

    def blocks(self) -> Iterator[Block]:
        """Yield the text in blocks of whole lines, validated against the declared encoding.

        Raises LegacyFileError for an empty file, a damaged or truncated compressed file, an undeclared byte order mark,
        a byte outside the encoding, a file that is certainly of another encoding, or a line that does not end.
        """
        line, offset = 1, 0
        for raw, last in self._whole_lines():
            text = self._as_utf8(raw, line, offset)
            # A missing final line end is added here, so that later steps see only whole lines.
            yield Block(text + b"\n" if text and not text.endswith(b"\n") else text, line, last)
            line += raw.count(b"\n")
            offset += len(raw)

    def pieces(self) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces, without a byte order mark and without counting lines.

        Raises LegacyFileError for a damaged or truncated compressed file, for an undeclared byte order mark, and for a
        file that is certainly of another encoding.
        """
        return self._unmarked(self._pieces())

    def _whole_lines(self) -> Iterator[tuple[bytes, bool]]:
        held: list[bytes] = []
        length = 0
        for piece in self._counted():
            held.append(piece)
            length += len(piece)
            if length < self.block_bytes or b"\n" not in piece:
                if length > _LONGEST_LINE + self.block_bytes:
                    raise self._fault("a line is longer than 64 MiB", "lines that end")
                continue
            joined = b"".join(held)
            cut = joined.rindex(b"\n") + 1
            yield joined[:cut], False
            held = [joined[cut:]]
            length = len(held[0])
        if not self.lines:
            raise self._fault("the file is empty", self.expected)
        yield b"".join(held), True

    def _counted(self) -> Iterator[bytes]:
        tail = b"\n"  # as if a line had just ended before the first
        for piece in self._unmarked(self._pieces()):
            window = tail + piece
            self.lines += piece.count(b"\n")
            if b"\n\n" in window or b"\n\r\n" in window:
                self.blank_lines += sum(1 for _ in _BLANK_LINE.finditer(window, len(tail)))
            tail = window[-2:]
            yield piece
        if self.size and not tail.endswith(b"\n"):
            self.is_terminated = False
            self.lines += 1
            self.blank_lines += tail == b"\n\r"

    def _unmarked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the text without a byte order mark; removed before counting, because the mark is not part of a line."""
        begin = b""
        for piece in pieces:
            begin += piece
            if len(begin) >= EXAMINED_FIRST:
                break
        if begin.startswith(_UTF8_MARK):
            if self.encoding != UTF8_SIG:
                raise self._fault(
                    "the file begins with a byte order mark", f"none in {self.encoding}, or `encoding: {UTF8_SIG}`"
                )
            self._marked = len(_UTF8_MARK)
        elif begin.startswith(_UTF16_MARKS):
            raise self._fault("the file begins with the byte order mark of UTF-16", f"text in {self.encoding}")
        if other := find_other_kind(begin[:EXAMINED_FIRST]):
            raise self._fault(other, f"text in {self.encoding}")
        if begin[self._marked :]:
            yield from self._examined(begin[self._marked :], pieces)

    def _examined(self, first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of the text, and collect what is evidence against the declared encoding."""
        offset = self._marked
        for piece in chain((first,), others):
            self._evidence.add(piece, self.lines + 1, offset)
            offset += len(piece)
            yield piece
        if refusal := self._evidence.refusal():
            raise self._fault(refusal, f"text in {self.encoding}")

    def _pieces(self) -> Iterator[bytes]:
        return decompressed(self.path, self._stored(), self.block_bytes, self._member)

    def _stored(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                while piece := file.read(min(_READ_BYTES, self.block_bytes)):
                    self.size += len(piece)
                    self._digest.update(piece)
                    yield piece
        except OSError as error:
            raise self._fault(f"cannot be read ({error.strerror})", "a readable file") from error

    def _as_utf8(self, raw: bytes, first_line: int, offset: int) -> bytes:
        if raw.isascii():
            return raw
        try:
            text = raw.decode(self._codec)
        except UnicodeDecodeError as error:
            line = first_line + raw.count(b"\n", 0, error.start)
            at = self._marked + offset + error.start
            problem = f"line {line}, byte offset {at}: byte 0x{raw[error.start]:02X} does not fit"
            raise self._fault(problem, f"text in {self.encoding}") from None
        return raw if self._codec == "utf-8" else text.encode()

    def _fault(self, problem: str, expected: str) -> LegacyFileError:
        return LegacyFileError(self.path, problem, expected)
