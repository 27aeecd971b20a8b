"""A database behind a SQLAlchemy URL: SQLite where nothing else is said, PostgreSQL by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sqlalchemy.engine import Connection, Engine

_BUSY_SECONDS = 10
_SETTING_UP = 4_229_001  # any number; those who make tables at the same time agree on it

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The type of a column that counts rows up by itself on both."""


class Closing:
    """For what holds connections: use it in a `with` statement, or `close` it."""

    def close(self) -> None:
        """Let go of all connections."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(url: str, set_up: Callable[[Connection], None]) -> Engine:
    """The database; `set_up` makes its tables where they are not there yet, one process at a time."""
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        # The driver that Dagster's own PostgreSQL storage uses; SQLAlchemy would look for a newer one.
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
    # SQLAlchemy begins transactions itself, see below.
    connection.isolation_level = None


def _on_begin(connection: Connection) -> None:
    # At once as a writer: a reader that becomes one later fails where another has written in between.
    connection.exec_driver_sql("begin immediate")
