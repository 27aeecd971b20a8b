"""SQLAlchemy engines for the platform's own tables: SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sqlalchemy.engine import URL, Connection, Engine

_BUSY_SECONDS = 10
_OPENS_ONLY_EXISTING = {"ro", "rw"}
_SETTING_UP = 4_229_001  # an arbitrary advisory lock id, the same for every process that creates tables

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The column type of an auto-incrementing key on both backends."""


class Closing:
    """Base class of objects that hold connections: use one in a `with` statement, or call `close`."""

    def close(self) -> None:
        """Close all connections."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(url: str, set_up: Callable[[Connection], None]) -> Engine:
    """Return an engine for the URL, after `set_up` has created missing tables; one process at a time runs `set_up`."""
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        # The driver of Dagster's own PostgreSQL storage; SQLAlchemy's default would be a newer one.
        parsed = parsed.set(drivername="postgresql+psycopg2")
    if (file := sqlite_file(parsed)) is not None and parsed.query.get("mode") not in _OPENS_ONLY_EXISTING:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, pool_pre_ping=True, connect_args=_arguments(parsed.get_backend_name()))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(:number)"), {"number": _SETTING_UP})
        set_up(connection)
    return engine


def database_exists(url: str) -> bool:
    """Return whether a database is there to be read: SQLite's file exists; a database server counts as having one."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return True
    file = sqlite_file(parsed)
    return file is not None and file.is_file()


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite database, also where the URL holds a `file:` URI; None for memory or a server.

    The form of the URI is SQLite's (https://www.sqlite.org/uri.html).
    """
    database = url.database
    if url.get_backend_name() != "sqlite" or not database or database == ":memory:":
        return None
    if not (url.query.get("uri") and database.startswith("file:")):
        return Path(database)
    path = unquote(database.removeprefix("file:"))
    # After two slashes comes an authority, which is empty or `localhost`.
    return Path(f"/{path[2:].partition('/')[2]}" if path.startswith("//") else path)


def _arguments(backend: str) -> dict[str, Any]:
    return {"timeout": _BUSY_SECONDS} if backend == "sqlite" else {"connect_timeout": 10}


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # Disable the driver's transactions: `_on_begin` starts each one.
    connection.isolation_level = None


def _on_begin(connection: Connection) -> None:
    # Take the write lock at the start: upgrading from a read lock fails if another process has written since.
    connection.exec_driver_sql("begin immediate")
