"""Decompresses files in pieces, by the suffix of their names: `.gz`, `.bz2`, `.zst`, and the one file in a `.zip`.

A file that is damaged or cut short raises LegacyFileError at the latest when its last piece is requested; checksums are
verified. Nothing is written to disk, and memory is bounded by a piece.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from fnmatch import fnmatchcase
from io import RawIOBase
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError, shorten_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZIP = ".zip"

DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)
"""What `zipfile` raises for damaged archives, and for methods and versions that it does not read."""

_READ_BYTES = 1 << 20
_GZIP = 31  # zlib's window bits for a gzip header and trailer
_ENCRYPTED = 0x1
_BOMB_RATIO, _BOMB_BYTES = 1000, 64 << 20
"""A member of that many bytes, compressed that well, repeats one byte; deflate reaches 1,032 at most."""


def decompressed(path: Path, stored: Iterator[bytes], most: int, member: str | None = None) -> Iterator[bytes]:
    """Yield the content of a file in pieces of at most `most` bytes.

    `stored` are the bytes as stored, which are all consumed. `member` is a pattern for the name of the file within a
    zip archive; without it the archive must hold exactly one file. Raises LegacyFileError.
    """
    if path.suffix == ".gz":
        return _gunzipped(path, stored, most)
    if path.suffix == ".bz2":
        return _bunzipped(path, stored, most)
    if path.suffix == ".zst":
        return _unzstd(path, stored, most)
    if path.suffix == ZIP:
        return _unzipped(path, stored, most, member)
    return stored


def _gunzipped(path: Path, stored: Iterator[bytes], most: int) -> Iterator[bytes]:
    member, fresh = zlib.decompressobj(_GZIP), True
    for piece in stored:
        rest = piece.lstrip(b"\0") if fresh else piece  # members may be padded with zeros
        while rest:
            try:
                text = member.decompress(rest, most)
                fresh = False
                yield text
                while len(text) == most and not member.unconsumed_tail and not member.eof:
                    text = member.decompress(b"", most)
                    yield text
            except zlib.error as error:
                raise LegacyFileError(path, f"is not valid gzip ({error})", "an undamaged gzip file") from error
            rest = member.unconsumed_tail
            if member.eof:
                rest = member.unused_data.lstrip(b"\0")
                member, fresh = zlib.decompressobj(_GZIP), True
    if not fresh:  # the last member has no trailer
        raise LegacyFileError(path, "the gzip file is cut short", "a complete gzip file")


def _bunzipped(path: Path, stored: Iterator[bytes], most: int) -> Iterator[bytes]:
    stream, fresh = bz2.BZ2Decompressor(), True
    for piece in stored:
        rest = piece
        while rest or not (fresh or stream.needs_input):
            try:
                yield stream.decompress(rest, most)
            except OSError as error:
                raise LegacyFileError(path, "is not valid bzip2", "an undamaged bzip2 file") from error
            rest, fresh = b"", False
            if stream.eof:
                rest = stream.unused_data
                stream, fresh = bz2.BZ2Decompressor(), True
    if not fresh:
        raise LegacyFileError(path, "the bzip2 file is cut short", "a complete bzip2 file")


def _unzstd(path: Path, stored: Iterator[bytes], most: int) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.PythonFile(_Pieces(stored), mode="r"), "zstd") as text:
            while piece := text.read(min(_READ_BYTES, most)):
                yield piece
    except OSError as error:
        # Arrow raises one exception for both; only its text identifies a frame that ends too early.
        if "runcated" in str(error):
            raise LegacyFileError(path, "the Zstandard file is cut short", "a complete Zstandard file") from error
        raise LegacyFileError(path, f"is not valid Zstandard ({error})", "an undamaged Zstandard file") from error


def _unzipped(path: Path, stored: Iterator[bytes], most: int, member: str | None) -> Iterator[bytes]:
    for _ in stored:  # read for its size and hash; the list of members is at the end of the file
        pass
    expected = "an undamaged zip file"
    try:
        with zipfile.ZipFile(path) as archive:
            found = _member(path, archive, member)
            with archive.open(found) as text:
                while piece := text.read(min(_READ_BYTES, most)):
                    yield piece
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise LegacyFileError(path, f"is not valid zip, or cut short ({type(error).__name__})", expected) from error
    except NotImplementedError as error:
        raise LegacyFileError(path, "is compressed by a method that is not read", "deflate, bzip2 or LZMA") from error
    except DAMAGED_ARCHIVE as error:  # from damaged lists of members
        raise LegacyFileError(path, f"is not valid zip ({type(error).__name__})", expected) from error


def _member(path: Path, archive: zipfile.ZipFile, pattern: str | None) -> zipfile.ZipInfo:
    """Return the one member to read. Raises LegacyFileError if it is none, not one, encrypted, or not to be trusted."""
    members = [each for each in archive.infolist() if not each.is_dir()]
    for each in members:
        if _leaves_folder(each.filename):
            problem = f"the zip file has a member whose path leads outside: {each.filename!r}"
            raise LegacyFileError(path, problem, "members with plain names")
    fitting = [each for each in members if pattern is None or fnmatchcase(each.filename, pattern)]
    if len(fitting) != 1:
        wanted = f" like {pattern}" if pattern else ""
        names = f": {shorten_list(sorted(each.filename for each in fitting))}" if fitting else ""
        expected = f"exactly one file{wanted}" if pattern else "exactly one file (or a `member`, its name or a pattern)"
        raise LegacyFileError(path, f"the zip file has {len(fitting)} files{wanted}{names}", expected)
    [found] = fitting
    if found.flag_bits & _ENCRYPTED:
        raise LegacyFileError(path, f"{found.filename} is encrypted", "a zip file without a password")
    if found.file_size > _BOMB_BYTES and found.file_size > _BOMB_RATIO * max(found.compress_size, 1):
        problem = f"{found.filename} would have {found.file_size:,} bytes, from {found.compress_size:,} in the zip file"
        raise LegacyFileError(path, problem, f"content that is not compressed more than {_BOMB_RATIO:,} times")
    return found


def _leaves_folder(name: str) -> bool:
    pure, windows = PurePosixPath(name), PureWindowsPath(name)
    return pure.is_absolute() or ".." in windows.parts or bool(windows.drive) or windows.is_absolute()


class _Pieces(RawIOBase):
    """A file-like object over pieces of bytes, which Arrow reads sequentially."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._held or size < 0:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
        given = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(given) :]
        return given
