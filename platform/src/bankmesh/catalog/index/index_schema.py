"""The version of the index's tables. Tables of an earlier version are dropped: the index can always be made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.index.tables import PREFIX, metadata
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SCHEMA_VERSION = "0004"
"""To be counted up with each change of `bankmesh.catalog.index.tables`; a test holds the two together."""

_version = sa.Table(f"{PREFIX}revision", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


class NewerCatalog(BankmeshError):
    """A newer release made the tables."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"The catalog's tables are of version {version}, which this release does not know; it knows "
            f"{SCHEMA_VERSION}. Use the release that made them, or name another database in BANKMESH_CATALOG_DB: the "
            "catalog can be made anew at any time."
        )


def make_tables(connection: Connection) -> None:
    """Create the tables in the connection's transaction, and drop those of an earlier version. Raises NewerCatalog."""
    found = read_schema_version(connection)
    if found == SCHEMA_VERSION:
        return
    _drop_tables(connection)
    metadata.create_all(connection)
    _version.create(connection)
    connection.execute(sa.insert(_version).values(version_num=SCHEMA_VERSION))


def read_schema_version(connection: Connection) -> str | None:
    """The version of the tables; None where there are none. Raises NewerCatalog."""
    if not sa.inspect(connection).has_table(_version.name):
        return None
    found: str | None = connection.scalar(sa.select(_version.c.version_num))
    if found is not None and found > SCHEMA_VERSION:
        raise NewerCatalog(found)
    return found


def _drop_tables(connection: Connection) -> None:
    for name in sa.inspect(connection).get_table_names():
        if name.startswith(PREFIX):
            sa.Table(name, sa.MetaData()).drop(connection)
