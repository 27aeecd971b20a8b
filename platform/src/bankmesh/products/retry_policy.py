"""Transient faults, and how long a step waits before it is retried.

Only faults of the machine or the network are retried. A fault of a transform, a contract or a legacy file would happen
again, so it fails at once, and so does a full disk: it needs a person.
"""

from __future__ import annotations

import errno
import os
import sqlite3

from bankmesh.errors import BankmeshError, PublishConflict, error_chain

MOST_RETRIES = 2
FIRST_WAIT = 5.0
"""Seconds before the first retry; each later one waits three times as long."""

_PASSING = {
    errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ETIMEDOUT, errno.ECONNRESET,
    errno.ECONNREFUSED, errno.ECONNABORTED, errno.EPIPE, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH,
    errno.ENETRESET, errno.EHOSTDOWN, errno.ETXTBSY, errno.ENOLCK,
}  # fmt: skip
_FULL = {errno.ENOSPC, errno.EDQUOT}
# Libraries in other languages report their faults as text. They are matched by module, so that the text of a
# user's own error never decides.
_FOREIGN = ("deltalake", "_internal", "duckdb", "_duckdb", "polars", "pyarrow", "sqlalchemy", "psycopg2", "builtins")
_PASSING_WORDS = (
    "database is locked", "database table is locked", "input/output error", "stale file handle", "stale nfs",
    "resource temporarily unavailable", "connection reset", "connection refused", "connection timed out",
    "could not set lock on file", "temporarily unavailable", "broken pipe", "server closed the connection",
)  # fmt: skip
_FULL_WORDS = ("no space left on device", "disk quota exceeded", "disk is full", "database or disk is full")


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may help: the cause is a transient fault of disk, network or database, or a lost race."""
    if is_disk_full(error):
        return False
    return any(_passes(cause) for cause in error_chain(error))


def is_disk_full(error: BaseException) -> bool:
    """Return whether the disk, or the quota on it, is full."""
    return any(
        (isinstance(cause, OSError) and cause.errno in _FULL) or _says(cause, _FULL_WORDS)
        for cause in error_chain(error)
    )


def machine_fault(text: str) -> OSError | None:
    """Return the fault of disk or network that the text of a DuckDB error names, if it names one; without that text."""
    said = text.lower()
    if "io error" not in said:
        return None
    if any(words in said for words in _FULL_WORDS):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if any(words in said for words in _PASSING_WORDS):
        return OSError(errno.EIO, "disk or network failed for a moment")
    return None


def seconds_to_wait(retry: int) -> float:
    """Return the seconds to wait before the retry of that number, from 1."""
    return FIRST_WAIT * 3.0 ** (retry - 1)


def _passes(error: BaseException) -> bool:
    if isinstance(error, PublishConflict):
        return True
    if isinstance(error, BankmeshError):
        return False
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _PASSING
    return _says(error, _PASSING_WORDS)


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    module = type(error).__module__.partition(".")[0]
    foreign = isinstance(error, sqlite3.OperationalError) or module in _FOREIGN[:-1] or isinstance(error, OSError)
    return foreign and any(word in str(error).lower() for word in words)
