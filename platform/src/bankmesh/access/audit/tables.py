"""Tables of the access database: the chains of the audit log, and their signed heads. SQLite or PostgreSQL."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.storage.databases import ROW_NUMBER, open_database
from bankmesh.storage.schema_migrations import Migrations, upgrade

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

MIGRATIONS = Migrations(
    package="bankmesh.access.audit:migrations",
    head="0001",
    prefix="bankmesh_access_",
    first_table="bankmesh_access_chain",
)
"""Registered chains and anchors exist here alone, so their tables are migrated and never dropped."""

metadata = sa.MetaData()

chains = sa.Table(
    "bankmesh_access_chain",
    metadata,
    sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    sa.Column("chain", sa.String(80), nullable=False, unique=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)
"""Registrations, in order; each `body` holds the digest of the one before it, so that none can be removed between."""

anchors = sa.Table(
    "bankmesh_access_anchor",
    metadata,
    sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    sa.Column("chain", sa.String(80), nullable=False, index=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)
"""Signed heads: the record `sequence` of the chain had this digest and was on the disk."""


def open_access_database(url: str) -> Engine:
    """The database, with its tables at the newest revision. Raises NewerTables."""
    return open_database(url, partial(upgrade, migrations=MIGRATIONS))
