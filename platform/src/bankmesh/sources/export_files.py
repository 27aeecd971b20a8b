"""Files of an object in the export folder: their selection, their fingerprint, and the object's control file."""

from __future__ import annotations

import codecs
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bankmesh.errors import LegacyFileError, NotDelivered
from bankmesh.sources.declarations.source_declaration import PLAIN_TEXT, UTF8_SIG, UTF16, TextFormat
from bankmesh.sources.landing_record import LandedFile
from bankmesh.sources.parsing.delimiter_forms import split_fields
from bankmesh.sources.parsing.line_blocks import content_sha256

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject

CONTROL_COLUMNS = ["object", "rows", "complete_through"]

_FINGERPRINT_LENGTH = 32
_COMPARED_FIRST = 1 << 16


@dataclass(frozen=True)
class DeliveredFile:
    """A file of an export: its name (see `name_of`), size and SHA-256, and its state before it was read."""

    path: Path
    record: LandedFile
    state: tuple[int, ...]

    @classmethod
    def read(cls, path: Path, name: str) -> Self:
        """Read a file's bytes as stored. Raises LegacyFileError if it cannot be read."""
        state = _file_state(path)
        return cls(path, LandedFile(name, state[0], file_sha256(path)), state)

    def has_changed(self) -> bool:
        """Whether the file's bytes have changed since they were read; it is read again only if its state differs."""
        return _file_state(self.path) != self.state and file_sha256(self.path) != self.record.sha256


@dataclass(frozen=True)
class Delivery:
    """The delivery of an object: its files in order of name, and its control file, which counts only with them."""

    files: tuple[DeliveredFile, ...]
    control: DeliveredFile | None

    def fingerprint(self, obj: LegacyObject) -> str:
        """Return the fingerprint of a landing of this delivery; see `fingerprint`."""
        files = (*self.files, *([self.control] if self.control else []))
        return fingerprint_of(obj, [(file.record.name, file.record.sha256) for file in files])


@dataclass(frozen=True)
class ControlFigures:
    """The content of a control file: the export's number of rows, and its last complete day."""

    path: Path
    rows: int
    complete_through: dt.date


def legacy_files(obj: LegacyObject, exports: Path) -> tuple[Path, ...]:
    """Return the object's files, in order of name: all that match the first name or pattern which matches any file.

    With `take_all`, returns all files that match any pattern, each content once. A file's name is its path below the
    system's folder, see `name_of`. Returns () for an optional object that was not delivered. Otherwise raises
    NotDelivered if the exports have no folder of the system, and LegacyFileError if the folder has no file of the
    object.
    """
    folder = exports / obj.folder
    groups = matched_files(obj, exports)
    if groups:
        doubled = copies(obj, exports)
        return tuple(path for path in groups[0] if path not in doubled)
    if obj.optional:
        return ()
    names = " or ".join(obj.files)
    where = f"{names} for {obj.system}.{obj.name}"
    if not folder.is_dir():
        if exports.is_dir():
            raise NotDelivered(obj.system, folder)
        raise LegacyFileError(folder, "there is no such folder", f"a folder of exports with {where}")
    raise LegacyFileError(folder, "the folder has no file of that object", where)


def matched_files(obj: LegacyObject, exports: Path) -> list[tuple[Path, ...]]:
    """Return the files that the object's patterns match, in groups, each in order of name; the first group is read.

    There is one group for each pattern that matches any file; with `take_all`, one for all patterns together.
    """
    folder = exports / obj.folder
    found = [{path for path in folder.glob(pattern) if path.is_file()} for pattern in obj.files]
    if obj.take_all:
        found = [set().union(*found)]
    return [tuple(sorted(group, key=lambda path: name_of(path, obj, exports))) for group in found if group]


def copies(obj: LegacyObject, exports: Path) -> dict[Path, Path]:
    """Return the duplicates among files of `take_all`, each with the earlier file of the same content.

    Compressed files are compared by their decompressed content. Only files with the same beginning are read to the end.
    Raises LegacyFileError if a file cannot be read.
    """
    groups = matched_files(obj, exports) if obj.take_all else []
    alike: dict[str, list[Path]] = {}
    for path in groups[0] if groups else ():
        alike.setdefault(content_sha256(path, _COMPARED_FIRST, obj.member), []).append(path)
    first: dict[str, Path] = {}
    found: dict[Path, Path] = {}
    for path in (path for paths in alike.values() if len(paths) > 1 for path in paths):
        original = first.setdefault(content_sha256(path, member=obj.member), path)
        if original != path:
            found[path] = original
    return dict(sorted(found.items(), key=lambda pair: name_of(pair[0], obj, exports)))


def name_of(path: Path, obj: LegacyObject, exports: Path) -> str:
    """Return a file's name in records, rejects and fingerprints: its path below the system's folder, with slashes."""
    return path.relative_to(exports / obj.folder).as_posix()


def fingerprint(obj: LegacyObject, exports: Path) -> str:
    """Return the identity of a landing of the object: a hash of the files' bytes, the declaration and the parser.

    Reads the stored (compressed) bytes once. Equal fingerprints land as equal rows. Raises LegacyFileError.
    """
    return read_delivery(obj, exports).fingerprint(obj)


def read_delivery(obj: LegacyObject, exports: Path) -> Delivery:
    """Read the stored bytes of an object's files, and of its control file, once. Raises LegacyFileError."""
    files = tuple(DeliveredFile.read(path, name_of(path, obj, exports)) for path in legacy_files(obj, exports))
    control = control_path(obj, exports) if files else None
    if control is None:
        return Delivery(files, None)
    return Delivery(files, DeliveredFile.read(control, name_of(control, obj, exports)))


def fingerprint_of(obj: LegacyObject, files: list[tuple[str, str]]) -> str:
    """Return the fingerprint from names and SHA-256 of the files, the control file (if any) last."""
    digest = hashlib.sha256(obj.digest.encode())
    for name, sha256 in files:
        digest.update(f"\n{name}\n{sha256}".encode())
    return digest.hexdigest()[:_FINGERPRINT_LENGTH]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as stored."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LegacyFileError(path, f"cannot be read ({error.strerror})", "a readable file") from error


def _file_state(path: Path) -> tuple[int, ...]:
    """Return what differs after a file was written to or replaced: size, times of change, inode."""
    try:
        found = path.stat()
    except OSError as error:
        raise LegacyFileError(path, f"cannot be read ({error.strerror})", "a readable file") from error
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def control_path(obj: LegacyObject, exports: Path) -> Path | None:
    """Return the object's control file, if it declares one and it was delivered."""
    rule = obj.complete_through
    if rule is None or rule.control_file is None:
        return None
    path = exports / obj.folder / rule.control_file
    return path if path.is_file() else None


def read_control(obj: LegacyObject, exports: Path) -> ControlFigures | None:
    """Read the object's line of its control file; None if there is no file.

    The file has the format of the object's files, or plain text if those are Parquet; its header is `object`, `rows`,
    `complete_through`, with ISO dates. Raises LegacyFileError for any other file, and unless it has exactly one line
    for the object.
    """
    path = control_path(obj, exports)
    if path is None:
        return None
    written = obj.format if isinstance(obj.format, TextFormat) else PLAIN_TEXT
    try:
        content = path.read_bytes()
        if written.encoding == UTF8_SIG:
            content = content.removeprefix(codecs.BOM_UTF8)
        if written.encoding in UTF16:
            content = content.decode(written.encoding).removeprefix("\ufeff").encode()
        lines = [split_fields(line, written) for line in content.splitlines() if line]
    except UnicodeDecodeError as error:
        expected = written.encoding if written.encoding in UTF16 else "UTF-8"
        problem = f"byte offset {error.start} is not {expected}"
        raise LegacyFileError(path, problem, f"a control file in {expected}") from None
    if not lines or lines[0] != CONTROL_COLUMNS:
        raise LegacyFileError(path, "the header differs", f"the columns {', '.join(CONTROL_COLUMNS)}")
    mine = [line for line in lines[1:] if line and line[0] == obj.name]
    expected = f"one line for {obj.name}: its number of rows and an ISO date"
    if len(mine) != 1 or len(mine[0]) != len(CONTROL_COLUMNS):
        raise LegacyFileError(path, f"has {len(mine)} usable lines for {obj.name}", expected)
    try:
        return ControlFigures(path, int(mine[0][1]), dt.date.fromisoformat(mine[0][2]))
    except ValueError:
        raise LegacyFileError(path, f"the line for {obj.name} cannot be read", expected) from None
