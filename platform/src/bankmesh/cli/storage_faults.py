"""Messages for storage errors: a mesh home that is read-only, full or not a folder."""

from __future__ import annotations

import errno
from pathlib import Path

from bankmesh.errors import error_chain
from bankmesh.settings import current_settings
from bankmesh.storage.atomic_files import is_writable

_ELSEWHERE = "or name another folder in MESH_HOME"
_REASONS = {
    errno.EROFS: ("is on a read-only file system", f"Mount it for writing, {_ELSEWHERE}"),
    errno.EACCES: ("is not writable for this user", f"Change its permissions, {_ELSEWHERE}"),
    errno.EPERM: ("is not writable for this user", f"Change its permissions, {_ELSEWHERE}"),
    errno.ENOTDIR: ("is below a file, not in a folder", "Name a folder in MESH_HOME"),
    errno.ENOSPC: ("cannot be written: the disk is full", "Free some space (`mesh expire` removes old candidates)"),
    errno.EDQUOT: ("cannot be written: the quota is used up", "Free some space (`mesh expire` removes old candidates)"),
}
# SQLite and native libraries report these errors as text.
_WORDS = {
    "readonly database": errno.EROFS,
    "read-only file system": errno.EROFS,
    "database or disk is full": errno.ENOSPC,
    "disk i/o error": errno.ENOSPC,
    "no space left on device": errno.ENOSPC,
    "disk quota exceeded": errno.EDQUOT,
    "unable to open database file": errno.EACCES,
    "permission denied": errno.EACCES,
}


def explain_storage_fault(error: BaseException) -> str | None:
    """Return which path cannot be written, why, and what to do; None if the error is of another kind."""
    for cause in error_chain(error, with_context=True):
        if isinstance(cause, OSError) and cause.errno in _REASONS:
            return _line(cause.filename or _home(), cause.errno)
        for words, number in _WORDS.items():
            # Only errors of the database layer: elsewhere the same text may mean something else.
            if type(cause).__module__.partition(".")[0] in {"sqlite3", "sqlalchemy"} and words in str(cause).lower():
                if words == "disk i/o error" and is_writable(_home()):
                    continue  # SQLite reports a full disk so, but other problems too
                return _line(_home(), number)
    return None


def _line(path: Path | str, number: int) -> str:
    home = _home()
    # Permissions concern one file; a read-only or full file system concerns the home as a whole.
    whole = number not in {errno.EACCES, errno.EPERM} and Path(path).is_relative_to(home)
    reason, remedy = _REASONS[number]
    readable = ", and can be read once reads can be recorded" if whole else ""
    where = f"MESH_HOME {home}" if whole else path
    return f"{where} {reason}. {remedy}. Published versions are unchanged{readable}."


def _home() -> Path:
    return current_settings().home
