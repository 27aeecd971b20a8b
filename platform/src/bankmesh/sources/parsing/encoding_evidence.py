"""Evidence in a file's bytes that it is not text of the declared encoding, although every byte decodes.

A single-byte encoding gives each byte a character, so a file of another encoding or kind decodes without an error. What
no writer of such text produces is refused; what is only unlikely is a warning of the landing:

| evidence | refused from |
| --- | --- |
| bytes that begin a compressed or binary file | always |
| EBCDIC | 64 bytes: 60 % letters, digits, blanks of EBCDIC, at most 15 % those of ASCII |
| UTF-16 | 64 bytes: 40 % are zero, 95 % of these at even or at odd offsets |
| UTF-8 read as a single-byte encoding | 3 different characters, and no other byte beyond ASCII |
| C1 control characters (0x80 to 0x9F) of latin-1 and iso8859-2 | 16, and 0.5 % of the bytes beyond ASCII |

Text of the encodings that can be declared is mostly ASCII, so EBCDIC is not like it; each Latin letter of UTF-16 has a
zero byte. One pair such as `É»` may be real (`«CAFÉ»`), three different ones without an exception are not. The bytes of
C1 are letters and quotes of cp1250 and cp1252, and no characters of text.

One C1 control character, one character of UTF-8, or one C0 control character among 1,000 bytes is a warning. The line
feed of IBM systems (0x85), tabs, line ends, form feeds, and the end mark of DOS (0x1A) are no evidence. EBCDIC, UTF-16
and other kinds of files are recognized by the first 64 KiB, all else over the whole file.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

EXAMINED_FIRST = 1 << 16
"""The bytes at the beginning of a file by which EBCDIC, UTF-16 and other kinds of files are recognized."""

_LEAST = 64
_MARKS = {
    b"\x1f\x8b\x08": "gzip",
    b"PK\x03\x04": "zip (as spreadsheets are, too)",
    b"BZh91AY&SY": "bzip2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\xfd7zXZ\x00": "xz",
    b"PAR1\x15": "Parquet",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a spreadsheet of old Excel",
}
_EBCDIC_RUNS = ((0x81, 9), (0x91, 9), (0xA2, 8), (0xC1, 9), (0xD1, 9), (0xE2, 8), (0xF0, 10))
_EBCDIC_HIGH = bytes(first + at for first, length in _EBCDIC_RUNS for at in range(length))
_EBCDIC_BLANKS = b"\x40\x4b\x60\x6b"
_ASCII_TEXT = b"0123456789ABCDEFGHIJLOQRSTUVWXYbcdefghijlnopqrstuvwxyz "  # without EBCDIC's punctuation
_C0 = bytes(sorted({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\x1a")))
_NOT_C0 = bytes(sorted(set(range(256)) - set(_C0)))
_C1 = re.compile(rb"[\x80-\x84\x86-\x9f]")
_NOT_C1 = bytes(sorted(set(range(256)) - set(range(0x80, 0xA0)) | {0x85}))
_NOT_HIGH = bytes(range(0x80))
_HIGH_CHARACTER = re.compile(r"[^\x00-\x7f]")
_WITH_C1 = ("latin-1", "iso8859-2")
_SINGLE_BYTE = (*_WITH_C1, "cp1250", "cp1252")
_SURE_CHARACTERS, _SURE_CONTROLS, _SURE_CONTROL_SHARE = 3, 16, 0.005
_UTF16_ZEROS, _UTF16_ONE_SIDE = 0.4, 0.95
_EBCDIC_LEAST, _EBCDIC_LEAST_LETTERS, _EBCDIC_MOST_ASCII = 0.6, 0.05, 0.15


def find_other_kind(beginning: bytes, *, is_utf16: bool = False) -> str | None:
    """Return what a file is instead of text, by its first bytes; None if they may be text.

    The result for UTF-16 ends with its name, `UTF-16 LE` or `UTF-16 BE`; `is_utf16` says that it is expected.
    """
    for mark, kind in _MARKS.items():
        if beginning.startswith(mark):
            return f"the file begins with {beginning[: len(mark)].hex(' ').upper()}: it is {kind}"
    size = len(beginning) - beginning.count(b"\n") - beginning.count(b"\r")
    if size < _LEAST:
        return None
    if found := _find_utf16(beginning, size):
        return found
    if is_utf16:
        needless = not beginning.count(0) and beginning.isascii()
        share = f"none of its first {len(beginning):,} bytes is zero"
        return f"{share}: it looks like text in ascii or utf-8" if needless else None
    return _find_ebcdic(beginning, size)


def _find_utf16(beginning: bytes, size: int) -> str | None:
    zeros = beginning.count(0)
    even = beginning[::2].count(0)
    for found, name in ((zeros - even, "UTF-16 LE"), (even, "UTF-16 BE")):
        if zeros >= _UTF16_ZEROS * size and found >= _UTF16_ONE_SIDE * zeros:
            share = f"{zeros:,} of its first {len(beginning):,} bytes are zero, from byte offset"
            return f"{share} {beginning.index(0)}: it looks like {name}"
    return None


def _find_ebcdic(beginning: bytes, size: int) -> str | None:
    if beginning.isascii() or _is_utf8(beginning):
        return None
    high, blanks = _count(beginning, _EBCDIC_HIGH), _count(beginning, _EBCDIC_BLANKS)
    is_ascii = _count(beginning, _ASCII_TEXT) > _EBCDIC_MOST_ASCII * size
    if is_ascii or high < _EBCDIC_LEAST_LETTERS * size or high + blanks < _EBCDIC_LEAST * size:
        return None
    first = next(at for at, byte in enumerate(beginning) if byte in _EBCDIC_HIGH)
    share = f"{high + blanks:,} of its first {len(beginning):,} bytes are letters, digits and blanks of EBCDIC"
    return f"{share}, from byte offset {first} (0x{beginning[first]:02X}): it looks like EBCDIC"


class EncodingEvidence:
    """What speaks against the declared encoding of a file; pieces of the file must come in order."""

    def __init__(self, encoding: str) -> None:
        """Collect evidence against `encoding`."""
        self._encoding = encoding
        self._is_single_byte, self._has_c1 = encoding in _SINGLE_BYTE, encoding in _WITH_C1
        self._size = self._high = self._controls = self._c1 = 0
        self._first_control = self._first_c1 = self._first_high = ""
        self._c1_bytes: set[int] = set()
        self._utf8 = codecs.getincrementaldecoder("utf-8")() if self._is_single_byte else None
        self._characters: set[str] = set()

    def add(self, piece: bytes, line: int, offset: int) -> None:
        """Count a piece of the file, which begins within `line` at a byte offset."""
        self._size += len(piece)
        if controls := piece.translate(None, _NOT_C0):
            self._controls += len(controls)
            self._first_control = self._first_control or _place(piece, piece.index(controls[0]), line, offset)
        if not self._is_single_byte:
            return
        is_ascii = piece.isascii()
        if not is_ascii:
            self._high += len(piece.translate(None, _NOT_HIGH))
            if not self._first_high:
                self._first_high = _place(piece, _first_high(piece), line, offset)
        if not is_ascii and self._has_c1 and (found := piece.translate(None, _NOT_C1)):
            self._c1 += len(found)
            self._c1_bytes.update(found)
            self._first_c1 = self._first_c1 or _place(piece, piece.index(found[0]), line, offset)
        if self._utf8 is not None and not (is_ascii and self._utf8.getstate()[0] == b""):
            self._add_utf8(self._utf8, piece)

    def refusal(self) -> str | None:
        """Return why the file cannot be of the declared encoding; None if it may be. Call it after the last piece."""
        if len(self._characters) >= _SURE_CHARACTERS and self._is_all_utf8():
            return f"all {self._high:,} bytes beyond ASCII form characters of UTF-8, the first at {self._first_high}"
        if self._c1 >= _SURE_CONTROLS and self._c1 >= _SURE_CONTROL_SHARE * self._high:
            return f"{self._controls_of_c1()}: it looks like {self._windows()}"
        return None

    def warnings(self) -> tuple[str, ...]:
        """Return what is unlikely in text of the declared encoding, without values."""
        found = []
        if self._characters and self._is_all_utf8():
            found.append(f"bytes beyond ASCII form UTF-8, the first at {self._first_high}")
        if self._c1:
            found.append(self._controls_of_c1())
        if self._controls * 1000 > self._size:
            found.append(f"{self._controls:,} control characters, the first at {self._first_control}")
        return tuple(f"{text}: {self._encoding} may not be its encoding" for text in found)

    def _add_utf8(self, decoder: codecs.IncrementalDecoder, piece: bytes) -> None:
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError:
            self._utf8 = None
            return
        if len(self._characters) < _SURE_CHARACTERS:
            self._characters.update(islice((found[0] for found in _HIGH_CHARACTER.finditer(text)), 1000))

    def _is_all_utf8(self) -> bool:
        return self._utf8 is not None and self._utf8.getstate()[0] == b""

    def _controls_of_c1(self) -> str:
        return f"{self._c1:,} control characters (0x80 to 0x9F), the first at {self._first_c1}"

    def _windows(self) -> str:
        """Return the encodings of Windows in which those bytes are characters."""
        fitting = [name for name in ("cp1250", "cp1252") if _decodes(bytes(self._c1_bytes), name)]
        return " or ".join(fitting) or "binary data or EBCDIC"


def _place(piece: bytes, at: int, line: int, offset: int) -> str:
    return f"line {line + piece.count(10, 0, at)}, byte offset {offset + at} (0x{piece[at]:02X})"


def _first_high(piece: bytes) -> int:
    return piece.index(piece.translate(None, _NOT_HIGH)[0])


def _count(data: bytes, kept: bytes) -> int:
    return len(data) - len(data.translate(None, kept))


def _is_utf8(beginning: bytes) -> bool:
    """Whether bytes are UTF-8, except for a character that is cut off at their end."""
    return _decodes(beginning, "utf-8", whole=False)


def _decodes(data: bytes, encoding: str, *, whole: bool = True) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, whole)
    except UnicodeDecodeError:
        return False
    return True
