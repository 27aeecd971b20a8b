"""Migrations, by Alembic, of tables that cannot be made anew: open incidents, and events that are not sent yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

FIRST_REVISION = "0001"


@dataclass(frozen=True)
class Migrations:
    """The revisions of some tables in a database that others may share.

    Attributes:
        package: where the revisions lie, as Alembic names resources: `package:folder`.
        head: the newest revision; a test holds it to the folder.
        prefix: of all tables that the revisions make, and of the table that holds the revision.
        first_table: one of the first revision. Releases that kept no revision made the tables of the first one.
    """

    package: str
    head: str
    prefix: str
    first_table: str

    @property
    def version_table(self) -> str:
        """The table that holds the revision; a database may also hold Dagster's, which has Alembic's usual name."""
        return f"{self.prefix}revision"


class NewerTables(BankmeshError):
    """The tables were made by a release that is newer than this one."""

    def __init__(self, prefix: str, revision: str, head: str) -> None:
        self.prefix = prefix
        self.revision = revision
        self.head = head
        super().__init__(
            f"The tables {prefix}* are of revision {revision}, which this release does not know; it knows {head}. "
            "Use the release that made them, or a newer one."
        )


def upgrade(connection: Connection, migrations: Migrations) -> None:
    """Make the tables, or bring them to the newest revision, in the connection's transaction. Raises NewerTables."""
    found = read_revision(connection, migrations)
    if found == migrations.head:
        return  # Alembic is imported only if there is something to do.
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection, migrations)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerTables(migrations.prefix, found, migrations.head)
    if found is None and sa.inspect(connection).has_table(migrations.first_table):
        command.stamp(config, FIRST_REVISION)
    command.upgrade(config, "head")


def read_revision(connection: Connection, migrations: Migrations) -> str | None:
    """The revision of the tables; None where none is recorded."""
    if not sa.inspect(connection).has_table(migrations.version_table):
        return None
    table = sa.table(migrations.version_table, sa.column("version_num", sa.String))
    found: str | None = connection.scalar(sa.select(table.c.version_num))
    return found


def alembic_config(connection: Connection, migrations: Migrations) -> Config:
    """Return the Alembic configuration for this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bankmesh.storage:migrations")
    config.set_main_option("version_locations", migrations.package)
    config.set_main_option("path_separator", "newline")
    config.attributes |= {"connection": connection, "version_table": migrations.version_table}
    return config
