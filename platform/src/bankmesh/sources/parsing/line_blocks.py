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
from bankmesh.sources.declarations.source_declaration import UTF8_SIG, UTF16
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
_UTF16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
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

    A leading byte order mark is dropped if the encoding is `utf-8-sig`, which does not require one. UTF-16
    becomes UTF-8 as it is read, before lines are counted.

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
        self._codec = "utf-8" if encoding == UTF8_SIG or encoding in UTF16 else encoding
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

    def raw_pieces(self) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces as they are. Raises LegacyFileError for a damaged compressed file."""
        return self._pieces()

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
        self._check_beginning(begin[:EXAMINED_FIRST])
        if self.encoding in UTF16:
            yield from self._examined(b"", self._transcoded(chain((begin,), pieces), begin[:2]))
        elif begin.startswith(_UTF8_MARK):
            self._marked = len(_UTF8_MARK)
        if begin[self._marked :] and self.encoding not in UTF16:
            yield from self._examined(begin[self._marked :], pieces)

    def _check_beginning(self, begin: bytes) -> None:
        """Raise LegacyFileError for a byte order mark or first bytes that files of the encoding do not have."""
        expected, order = f"text in {self.encoding}", UTF16.get(self.encoding)
        marked_as = _UTF16_MARKS.get(begin[:2])
        if begin.startswith(_UTF8_MARK) and self.encoding != UTF8_SIG:
            none = f"none in {self.encoding}, or `encoding: {UTF8_SIG}`"
            raise self._fault("the file begins with a byte order mark", none)
        if order is None and marked_as:
            raise self._fault(
                "the file begins with the byte order mark of UTF-16", f"{expected}, or `encoding: {marked_as}`"
            )
        if order == "" and begin and not marked_as:
            raise self._fault("the file has no byte order mark", "one, or `encoding: utf-16-le` or `utf-16-be`")
        if order and marked_as and UTF16[marked_as] != order:
            raise self._fault(f"the file begins with the byte order mark of {UTF16[marked_as]}", expected)
        other = find_other_kind(begin, is_utf16=order is not None)
        if other and not (order is not None and other.endswith(order or UTF16[marked_as or ""])):
            raise self._fault(other, expected)

    def _transcoded(self, pieces: Iterator[bytes], begin: bytes) -> Iterator[bytes]:
        """Yield UTF-16 as UTF-8, without its byte order mark. Raises LegacyFileError for bytes that are none."""
        codec = _UTF16_MARKS.get(begin, self.encoding)
        decoder, offset, marked = codecs.getincrementaldecoder(codec)(), 0, begin in _UTF16_MARKS
        for piece in chain(pieces, (b"",)):
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                line = self.lines + 1 + error.object[: error.start].decode(codec).count("\n")
                at = offset - waiting + error.start
                raise self._fault(f"line {line}, byte offset {at}: no character", f"text in {self.encoding}") from None
            offset += len(piece)
            if marked and text:
                text, marked = text[1:], False
            yield text.encode()

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
