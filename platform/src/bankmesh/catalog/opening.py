"""Opens the index for readers and for the one writer.

A reader sees the index as it was when it began to read, however long somebody writes meanwhile; nobody waits for a
rebuild. Writers are one at a time: on SQLite by its own lock, on PostgreSQL by an advisory one.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from bankmesh.catalog.migrating import require_head, upgrade
from bankmesh.database import open_database
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from sqlalchemy.engine import Connection, Engine

_WRITING = 4_229_002  # any number; all writers of the catalog agree on it
_PATIENCE = "10s"  # as long as SQLite waits for its lock


class CatalogNotWritable(BankmeshError):
    """The index cannot be brought up to date now; readers see it as it is."""


class CatalogBusy(CatalogNotWritable):
    """Another process is writing the index."""

    def __init__(self) -> None:
        super().__init__("Another process is bringing the catalog up to date. Try again in a moment.")


class CatalogReadOnly(CatalogNotWritable):
    """This process may read the index and not write it."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"The catalog at {place} cannot be written by this user. Ask who runs the mesh to bring it up to date, "
            "or name a database of your own in BANKMESH_CATALOG_DB."
        )


class Catalog:
    """The index behind a SQLAlchemy URL, with its tables made or brought up to date. Use it in a `with` statement.

    Raises NewerCatalog if a newer release has made the tables, CatalogReadOnly if there are none and none can be made.
    """

    def __init__(self, url: str) -> None:
        self.place = sa.make_url(url).render_as_string(hide_password=True)
        self._writer = _writer(url, self.place)
        self._reader = self._writer or _sqlite_reader(url)
        if self._writer is not None and self._writer.dialect.name == "sqlite":
            # The writer's engine takes the lock of writers with every transaction, which a reader does not need.
            self._reader = _sqlite_reader(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the index."""
        with self._reader.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The writer's transaction: readers see all of what it writes, or nothing.

        Raises CatalogBusy while another process writes, and CatalogReadOnly.
        """
        if self._writer is None:
            raise CatalogReadOnly(self.place)
        with self._writer.connect() as connection:
            try:
                transaction = connection.begin()
                _become_writer(connection)
            except sa.exc.OperationalError as error:
                raise CatalogBusy from error
            with transaction:
                yield connection


def exists(url: str) -> bool:
    """Whether there is an index to look into; a database server is taken to have one."""
    place = sa.make_url(url)
    return place.get_backend_name() != "sqlite" or (place.database is not None and Path(place.database).is_file())


def _writer(url: str, place: str) -> Engine | None:
    """None where the tables are there and may only be read."""
    try:
        return open_database(url, upgrade)
    except (sa.exc.OperationalError, PermissionError) as error:
        if sa.make_url(url).get_backend_name() != "sqlite" or "locked" in str(error):
            raise
        try:
            with _sqlite_reader(url).connect() as connection:
                require_head(connection)
        except sa.exc.OperationalError:
            raise CatalogReadOnly(place) from error
        return None


def _become_writer(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"set local lock_timeout = '{_PATIENCE}'"))
        connection.execute(sa.text("select pg_advisory_xact_lock(:number)"), {"number": _WRITING})
    else:
        # Pages that do not fit into the cache would be written early, and readers would have to wait from then on.
        connection.exec_driver_sql("pragma cache_spill = off")


def _sqlite_reader(url: str) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 10})
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # SQLAlchemy begins transactions itself, see below.
    connection.isolation_level = None


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("begin")
