"""SQLAlchemy engines for the platform's own tables: SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sqlalchemy.engine import Connection, Engine

_BUSY_SECONDS = 10
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
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, pool_pre_ping=True, connect_args=_arguments(parsed.get_backend_name()))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(:number)"), {"number": _SETTING_UP})
        set_up(connection)
    return engine


def _arguments(backend: str) -> dict[str, Any]:
    return {"timeout": _BUSY_SECONDS} if backend == "sqlite" else {"connect_timeout": 10}


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # Disable the driver's transactions: `_on_begin` starts each one.
    connection.isolation_level = None


def _on_begin(connection: Connection) -> None:
    # Take the write lock at the start: upgrading from a read lock fails if another process has written since.
    connection.exec_driver_sql("begin immediate")
