"""Opens the index for readers and for the one writer.

A reader sees the index as it was when it began to read, however long somebody writes meanwhile; nobody waits for a
rebuild. Writers are one at a time: on SQLite by its own lock, on PostgreSQL by an advisory one.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_schema import SCHEMA_VERSION, make_tables, read_schema_version
from bankmesh.errors import BankmeshError
from bankmesh.storage.databases import Closing, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            # Who finds the tables as they have to be does not ask for the lock of writers: a rebuild may hold it.
            self._open_writer()

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
        with (self._writer or self._open_writer()).connect() as connection:
            try:
                # A writer that would have to wait too long is refused, at its begin or at its end.
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
            engine.dispose()  # connections that are made from now on are told
        self._writer = engine
        return engine

    def _refusal(self, error: Exception) -> Exception:
        """What to tell about a database that cannot be written; other errors are passed on."""
        said = str(error)
        if "database is locked" in said or "lock timeout" in said:
            return CatalogBusy()
        if isinstance(error, PermissionError) or "readonly" in said or "unable to open database file" in said:
            return CatalogReadOnly(self.place)
        return error


def exists(url: str) -> bool:
    """Whether there is an index to look into; a database server is taken to have one."""
    place = sa.make_url(url)
    return place.get_backend_name() != "sqlite" or (place.database is not None and Path(place.database).is_file())


def _is_ready(reader: Engine) -> bool:
    """Whether the tables are those of this release; nothing is made by looking. Raises NewerCatalog."""
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
        # A write that changes nothing: a file that may only be read refuses it, and not the transaction itself.
        connection.execute(sa.delete(tables.meta).where(sa.false()))


def _on_connect_of_writer(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # Pages that do not fit into the cache would be written early, and readers would have to wait from then on.
    # SQLite hears this only before a transaction begins.
    connection.execute("pragma cache_spill = off")


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
