"""Temporary folders in a mesh home into which DuckDB spills what exceeds its memory limit."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.ports.port_locks import FolderLock, is_marked
from bankmesh.storage.atomic_files import is_writable

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = ".spill-"
_ABANDONED_SECONDS = 60.0
"""A folder of this age without a lock belongs to a process that was killed; a younger one may not be locked yet."""


@contextmanager
def spill_folder(home: Path) -> Iterator[Path | None]:
    """Yield a folder of its own in the home, which is removed afterwards; None if the home is not writable.

    Only this user can read it. Folders that killed processes have left are removed first.
    """
    if not home.is_dir() or not is_writable(home):
        yield None
        return
    remove_abandoned_spill_folders(home)
    folder = Path(tempfile.mkdtemp(dir=home, prefix=PREFIX))
    try:
        with FolderLock(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def abandoned_spill_folders(home: Path) -> list[Path]:
    """Return the folders that killed processes have left; their files hold rows of any classification."""
    found = []
    for folder in home.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another process removes it, or it is another user's
            if not is_marked(folder) and time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                found.append(folder)
    return found


def remove_abandoned_spill_folders(home: Path) -> int:
    """Remove the folders that killed processes have left; return how many."""
    found = abandoned_spill_folders(home)
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return sum(not folder.exists() for folder in found)
