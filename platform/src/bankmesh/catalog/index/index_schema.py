"""Brings the index's tables to the revision that this release knows, by Alembic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.index.tables import PREFIX
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

HEAD = "0004"
"""The newest revision; a test holds it to the folder of revisions."""

VERSION_TABLE = f"{PREFIX}revision"


class NewerCatalog(BankmeshError):
    """The tables were made by a release that is newer than this one."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        super().__init__(
            f"The catalog's tables are of revision {revision}, which this release does not know; it knows {HEAD}. "
            "Use the release that made them, or name another database in BANKMESH_CATALOG_DB: the catalog can be "
            "made anew at any time."
        )


def upgrade(connection: Connection) -> None:
    """Make the tables, or bring them up to date, in the connection's transaction. Raises NewerCatalog."""
    found = revision_of(connection)
    if found == HEAD:
        return  # Alembic is not even imported where there is nothing to do.
    from alembic import command
    from alembic.script import ScriptDirectory

    config = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerCatalog(found)
    command.upgrade(config, "head")


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(sa.text(f"select version_num from {VERSION_TABLE}"))
    return found


def configuration(connection: Connection) -> Config:
    """What Alembic's commands need to work on this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bankmesh.catalog.index:migrations")
    config.attributes["connection"] = connection
    return config
