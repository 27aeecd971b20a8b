"""Atomic writes of files: neither a concurrent reader nor a kill leaves half of a file."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


# Free bytes that SQLite needs even for a database that it opens only to read.
_ROOM = 1 << 16


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on this file; the operating system releases it when the process dies."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def process_exists(number: int) -> bool:
    """Whether a process of this machine has that id; it may be another user's."""
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def is_writable(folder: Path) -> bool:
    """Whether this user may write into the folder and the disk has free space; False on a read-only file system."""
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _ROOM


def walk_files(folder: Path) -> list[Path]:
    """Return every file below a folder, sorted; links are followed, `__pycache__` is left out."""
    found: list[Path] = []
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in seen else [name for name in folders if name != "__pycache__"]
        found += [] if real in seen else [Path(place) / name for name in names]
        seen.add(real)
    return sorted(found)


def write_atomically(target: Path, content: str | bytes, *, is_shared: bool = False) -> None:
    """Write text in UTF-8, or bytes, beside `target` and rename it into place; the folder must exist.

    Only this user may open the file; one that `is_shared` has the permissions of any new file of this process, so that
    the users of other code locations can read it.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            if is_shared:
                os.fchmod(stream.fileno(), _default_rights())
            stream.write(content.encode() if isinstance(content, str) else content)
        os.replace(name, target)  # noqa: PTH105 - both are plain strings here
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise


@contextmanager
def replaced_file(target: Path) -> Iterator[Path]:
    """Yield a new file beside `target`, which replaces it and keeps its permissions if the block succeeds.

    A link is followed. The folder must exist. If the block fails or is interrupted, the new file is removed.
    """
    target = target.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    beside = target.with_name(os.path.basename(name))  # noqa: PTH119 - a plain string here
    try:
        beside.chmod(target.stat().st_mode & 0o7777 if target.exists() else _default_rights())
        yield beside
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _default_rights() -> int:
    """The permissions of a new file of this process."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
