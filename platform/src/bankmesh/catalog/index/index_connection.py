"""Access to the index, for many readers and one writer at a time.

A reader gets a consistent snapshot of the index and never waits for a rebuild. Writers exclude each other: on SQLite by
its own lock, on PostgreSQL by an advisory lock.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_schema import SCHEMA_VERSION, make_tables, read_schema_version
from bankmesh.errors import BankmeshError
from bankmesh.storage.databases import Closing, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

_WRITING = 4_229_002  # an arbitrary lock number, the same for all writers of the catalog
_PATIENCE = "10s"  # the same timeout as for SQLite's lock


class CatalogNotWritable(BankmeshError):
    """The index cannot be written now; reading it still works."""


class CatalogBusy(CatalogNotWritable):
    """Another process is writing the index."""

    def __init__(self) -> None:
        super().__init__("Another process is writing the catalog. Try again in a moment.")


class CatalogReadOnly(CatalogNotWritable):
    """This process may read the index but not write it."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"The catalog at {place} is not writable for this user. Have the operator of the mesh refresh it, "
            "or name another database in BANKMESH_CATALOG_DB."
        )


class Catalog(Closing):
    """The index behind a SQLAlchemy URL, with the tables of this release. Use it in a `with` statement.

    Raises NewerCatalog if a newer release has made the tables; CatalogReadOnly if they would have to be made
    and may not be written.
    """

    def __init__(self, url: str) -> None:
        self.place = sa.make_url(url).render_as_string(hide_password=True)
        self._url = url
        self._writer: Engine | None = None
        self._reader = _sqlite_reader(url) if sa.make_url(url).get_backend_name() == "sqlite" else self._open_writer()
        if self._writer is None and not _is_ready(self._reader):
            # Only an outdated schema needs the writers' lock, which a rebuild may hold.
            self._open_writer()

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that reads one consistent state of the index."""
        with self._reader.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the writer's transaction: readers see all of what it writes, or nothing.

        Raises CatalogBusy while another process writes, and CatalogReadOnly.
        """
        with (self._writer or self._open_writer()).connect() as connection:
            try:
                # A writer that waits too long for the lock fails, when it begins or when it commits.
                with connection.begin():
                    _become_writer(connection)
                    yield connection
            except sa.exc.OperationalError as error:
                refusal = self._refusal(error)
                if refusal is error:
                    raise
                raise refusal from error

    def _open_writer(self) -> Engine:
        try:
            engine = open_database(self._url, make_tables)
        except (sa.exc.OperationalError, PermissionError) as error:
            refusal = self._refusal(error)
            if refusal is error:
                raise
            raise refusal from error
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _on_connect_of_writer)
            engine.dispose()  # so that every connection in use runs the listener
        self._writer = engine
        return engine

    def _refusal(self, error: Exception) -> Exception:
        """Return the error for a database that cannot be written; other errors are returned unchanged."""
        said = str(error)
        if "database is locked" in said or "lock timeout" in said:
            return CatalogBusy()
        if isinstance(error, PermissionError) or "readonly" in said or "unable to open database file" in said:
            return CatalogReadOnly(self.place)
        return error


def _is_ready(reader: Engine) -> bool:
    """Return whether the tables have this release's revision; creates nothing. Raises NewerCatalog."""
    try:
        with reader.connect() as connection:
            return read_schema_version(connection) == SCHEMA_VERSION
    except sa.exc.OperationalError:
        return False


def _become_writer(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"set local lock_timeout = '{_PATIENCE}'"))
        connection.execute(sa.text("select pg_advisory_xact_lock(:number)"), {"number": _WRITING})
    else:
        # A write that changes nothing, because a read-only file rejects a write but not the begin of a transaction.
        connection.execute(sa.delete(tables.meta).where(sa.false()))


def _on_connect_of_writer(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # Pages that do not fit into the cache would be written early, and would block readers from then on.
    # SQLite accepts this pragma only before a transaction begins.
    connection.execute("pragma cache_spill = off")


def _sqlite_reader(url: str) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 10})
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # `_on_begin` begins transactions, not the driver.
    connection.isolation_level = None


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("begin")
