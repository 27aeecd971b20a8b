"""The file of one audit chain: it is only ever appended to, and its writer notices if anybody else changes it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "audit"
_CLOSED = -1


class ChainFileChanged(Exception):
    """The file was removed, replaced, truncated or written by somebody else, or an incomplete line cannot be undone."""


class ChainFile:
    """A chain's file, open for appending, with an advisory lock that shows that its writer lives.

    It is not safe for threads; `AuditChain` holds a lock.
    """

    def __init__(self, path: Path) -> None:
        """Create the file. Raises OSError."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)  # waits for `_is_locked` of another process, an instant
        self._identity = _identify(self._descriptor)
        self._size = 0
        self._is_listed = False

    def append(self, line: bytes) -> None:
        """Write a whole line. Raises ChainFileChanged, and OSError if nothing of the line was kept."""
        self._require_unchanged()
        try:
            _write_whole(self._descriptor, line)
        except OSError:
            self._undo()
            raise
        self._size += len(line)

    def sync(self) -> None:
        """Write the file to the disk, at the first time its name in the folder too. Raises OSError."""
        os.fdatasync(self._descriptor)
        if not self._is_listed:
            for folder in (self.path.parent, self.path.parent.parent):
                _sync_folder(folder)
            self._is_listed = True

    def close(self) -> None:
        """Close the file and release its lock; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            with suppress(OSError):
                os.close(descriptor)

    def discard(self) -> None:
        """Close and delete a file that holds no record."""
        self.close()
        with suppress(OSError):
            self.path.unlink()

    def _require_unchanged(self) -> None:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - called for every record
        except FileNotFoundError:
            raise ChainFileChanged("its file was deleted") from None
        except OSError as error:
            raise ChainFileChanged(f"its file cannot be reached ({error.strerror})") from None
        if (found.st_dev, found.st_ino) != self._identity:
            raise ChainFileChanged("its file was replaced")
        if found.st_size != self._size:
            raise ChainFileChanged("its file was changed by another program")

    def _undo(self) -> None:
        """Remove what a failed write has left of a line."""
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            raise ChainFileChanged("an incomplete record cannot be removed") from None


@contextmanager
def opened_for_reading(path: Path) -> Iterator[tuple[int, bool]]:
    """Yield a descriptor of a chain's file, and whether its writer lives."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor, _is_locked(descriptor)
    finally:
        os.close(descriptor)


def chain_file(home: Path, chain: str) -> Path:
    """Return the file of a chain, in the folder of the month in which it began: `audit/2026-11/<chain>.jsonl`."""
    return home / FOLDER / f"{chain[:4]}-{chain[4:6]}" / f"{chain}.jsonl"


def chain_files(home: Path) -> list[Path]:
    """Return the files of all chains of a home, oldest first."""
    return sorted((home / FOLDER).glob("*/*.jsonl"), key=lambda path: path.name)


def _write_whole(descriptor: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(descriptor, left) :]


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _identify(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
