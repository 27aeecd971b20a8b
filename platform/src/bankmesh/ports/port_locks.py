"""Advisory file locks; the kernel releases them when their process ends, for any reason.

There are two kinds. The port's lock is held for the milliseconds in which a publisher reads, decides and commits. The
mark of a running build is held while its `Candidate` is in use, and keeps expiry away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import weakref
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.ports.port_locations import Port

# Delta Lake readers and vacuum skip names that begin with a dot.
PORT_LOCK = ".port.lock"
BUILD_MARK = ".building"


@contextlib.contextmanager
def exclusive(port: Port) -> Iterator[None]:
    """Hold the port's exclusive lock against other publishers and expiry; waits until it is free.

    Works between processes, and between threads, because each call opens the file anew.
    """
    port.path.mkdir(parents=True, exist_ok=True)
    descriptor = _open(port.path / PORT_LOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # Unlock explicitly: a child forked meanwhile also has the file open.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def mark_build(folder: Path) -> int:
    """Mark `folder` as in use by this process; return the open descriptor that holds the mark."""
    descriptor = _open(folder / BUILD_MARK)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def is_marked(folder: Path) -> bool:
    """Whether a living process uses `folder` for a build."""
    try:
        descriptor = os.open(folder / BUILD_MARK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


class FolderLock:
    """The mark of a running build on a folder, held until the object is released or garbage-collected."""

    def __init__(self, folder: Path) -> None:
        self._close = weakref.finalize(self, os.close, mark_build(folder))

    def release(self) -> None:
        """Release the folder, so that expiry may remove it."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()


def locked_unless_used(folder: Path) -> contextlib.AbstractContextManager[bool]:
    """Keep builds out of `folder` meanwhile; yields False, without a lock, if a living process uses it."""
    return locked_unless_held(folder / BUILD_MARK)


@contextlib.contextmanager
def locked_unless_held(file: Path) -> Iterator[bool]:
    """Hold a lock file exclusively; yields False, without a lock, while a living process holds it."""
    descriptor = _open(file)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        # Unlock explicitly: a child forked meanwhile also has the file open.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
