"""SQLite connections that stay open between transactions, for files that many processes share.

Closing the last connection of a file checkpoints it, with three fsyncs, and removes its write-ahead log; each new
engine compiles every statement again. For a writer of many small transactions, both cost more than the writes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import OrderedDict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

_BUSY_SECONDS = 30  # as long as Dagster's own storages wait for another process
_FORK_PATIENCE_SECONDS = 60
_OPENED_AT_MOST = 3


class ReplacedFile(BankmeshError):
    """A SQLite file was repeatedly removed or replaced while it was being opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} was removed or replaced {_OPENED_AT_MOST} times while it was opened. Try again.")


class _TrackedConnection(sqlite3.Connection):
    """A connection that can close all its cursors: an unfinished one keeps an old snapshot of the file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the DBAPI's own arguments
        super().__init__(*args, **kwargs)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the DBAPI's own arguments
        made = super().cursor(*args, **kwargs)
        self._cursors.add(made)
        return made

    def end_statements(self) -> None:
        for cursor in tuple(self._cursors):
            cursor.close()


@dataclass(frozen=True)
class _Held:
    """An open connection, with the device and inode of the file that it has open."""

    connection: Connection
    file: tuple[int, int] | None

    def end_statements(self) -> None:
        driver = self.connection.connection.dbapi_connection
        if isinstance(driver, _TrackedConnection):
            driver.end_statements()

    def close(self) -> None:
        with suppress(sa.exc.SQLAlchemyError, sqlite3.Error):
            self.connection.close()


class HeldConnections:
    """One open connection for each of the files used last, at most `limit` of them.

    Transactions in a process run one after another; a transaction nested in another one on the same file gets its own
    connection. A file that has been removed or replaced since is opened again. All connections are closed before
    `os.fork`: SQLite's locks belong to a process, and a child would inherit a wrong state of them.

    `set_up` receives the path and an engine before a file is opened, and creates missing tables.
    """

    def __init__(self, limit: int, set_up: Callable[[Path, Engine], None] | None = None) -> None:
        self._limit = limit
        self._set_up = set_up
        self._lock = threading.RLock()
        self._idle: OrderedDict[Path, _Held] = OrderedDict()
        _ALL.add(self)

    @contextmanager
    def transaction(self, path: Path) -> Iterator[Connection]:
        """Yield a connection in a transaction, which is committed at the end, or rolled back on an error."""
        with self._lock:
            held = self._take(path)
            try:
                with held.connection.begin():
                    yield held.connection
                held.end_statements()
            except BaseException:
                # After an interrupt the state of the connection is unknown, so the next transaction opens a new one.
                held.close()
                raise
            self._keep(path, held)

    def release(self, path: Path) -> None:
        """Close the file if it is open and idle."""
        with self._lock:
            if held := self._idle.pop(path, None):
                held.close()

    def close(self) -> None:
        """Close every idle file; the next transaction opens its file again."""
        with self._lock:
            while self._idle:
                self._idle.popitem()[1].close()

    def _take(self, path: Path) -> _Held:
        held = self._idle.pop(path, None)
        if held is not None:
            if held.file == _identify(path) and not held.connection.in_transaction():
                return held
            held.close()
        return self._open(path)

    def _open(self, path: Path) -> _Held:
        for _ in range(_OPENED_AT_MOST):
            engine = open_engine(path)
            if self._set_up is not None:
                self._set_up(path, engine)
            before = _identify(path)
            held = _Held(engine.connect(), _identify(path))
            # A file that vanished after its set-up would be created again here, without tables.
            is_same = before == held.file or (before is None and self._set_up is None)
            if is_same and held.file is not None:
                return held
            held.close()
        raise ReplacedFile(path)

    def _keep(self, path: Path, held: _Held) -> None:
        self.release(path)  # the connection of a nested transaction
        self._idle[path] = held
        while len(self._idle) > self._limit:
            self._idle.popitem(last=False)[1].close()

    def _before_fork(self) -> bool:
        acquired = self._lock.acquire(timeout=_FORK_PATIENCE_SECONDS)
        if acquired:
            self.close()
        return acquired

    def _after_fork_in_parent(self) -> None:
        self._lock.release()

    def _after_fork_in_child(self) -> None:
        self._lock = threading.RLock()


def open_engine(path: Path, *, make_wal: bool = False) -> Engine:
    """Return an engine without a pool; if the file has a write-ahead log, commits do not fsync.

    Without such a log SQLite's default is kept: `NORMAL` could corrupt the file at a power failure. `make_wal` switches
    the log on, which fails with *database is locked* while another connection is open.
    """
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False, "factory": _TrackedConnection},
    )

    def relax(connection: sqlite3.Connection, _record: object) -> None:
        ((mode,),) = connection.execute("pragma journal_mode = wal" if make_wal else "pragma journal_mode").fetchall()
        if mode == "wal":
            connection.execute("pragma synchronous = normal").close()

    sa.event.listen(engine, "connect", relax)
    return engine


def sync_log(path: Path) -> None:
    """Write a file's write-ahead log to disk, so that every committed transaction survives a power failure."""
    for place in (path.with_name(f"{path.name}-wal"), path.parent):
        with suppress(FileNotFoundError):  # Without a log all data is in the file, which SQLite syncs itself.
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


class _Forking:
    """Closes the connections of this process before a fork and makes them usable again on both sides."""

    def __init__(self) -> None:
        self._paused: list[HeldConnections] = []

    def before(self) -> None:
        self._paused = [held for held in tuple(_ALL) if held._before_fork()]  # noqa: SLF001

    def after_in_parent(self) -> None:
        paused, self._paused = self._paused, []
        for held in paused:
            held._after_fork_in_parent()  # noqa: SLF001

    def after_in_child(self) -> None:
        self._paused = []
        for held in tuple(_ALL):
            held._after_fork_in_child()  # noqa: SLF001


_ALL: weakref.WeakSet[HeldConnections] = weakref.WeakSet()
_FORKING = _Forking()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_FORKING.before, after_in_parent=_FORKING.after_in_parent, after_in_child=_FORKING.after_in_child
    )
