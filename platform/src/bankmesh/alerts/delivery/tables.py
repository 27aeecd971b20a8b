"""The outbox's tables and its connection, on SQLite or PostgreSQL.

Moments are seconds since 1970 in UTC. Texts of incidents are those of
`bankmesh.alerts.delivery.incident_serialization`; URLs, and with them secrets, are never kept.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.storage.databases import ROW_NUMBER, open_database
from bankmesh.storage.schema_migrations import Migrations, upgrade

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

MIGRATIONS = Migrations(
    package="bankmesh.alerts.delivery:migrations",
    head="0001",
    prefix="bankmesh_alert_",
    first_table="bankmesh_alert_cursor",
)
"""Open incidents and unsent notices exist here alone, so their tables are migrated and never dropped."""

metadata = sa.MetaData()

cursors = sa.Table(
    "bankmesh_alert_cursor",
    metadata,
    sa.Column("domain", sa.String(200), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
"""Up to which entry of the event log each domain has been read."""

incidents = sa.Table(
    "bankmesh_alert_incident",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("domain", sa.String(200), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("opened_at", sa.Float(53), nullable=False),
    sa.Column("closed_at", sa.Float(53), index=True),
)
"""Incidents; those that are not over have no `closed_at`."""

notices = sa.Table(
    "bankmesh_alert_notice",
    metadata,
    sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(60), nullable=False, unique=True),
    sa.Column("domain", sa.String(200), nullable=False, index=True),
    sa.Column("incident_id", sa.String(40), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("told_at", sa.Float(53), nullable=False),
    sa.Column("routed", sa.Boolean, nullable=False, index=True),
)
"""Notices to send, in order; `routed` once their routes are decided."""

deliveries = sa.Table(
    "bankmesh_alert_delivery",
    metadata,
    sa.Column("notice_id", sa.String(60), primary_key=True),
    sa.Column("route", sa.String(400), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("since", sa.Float(53), nullable=False),
    sa.Column("next_attempt_at", sa.Float(53), nullable=False),
    sa.Column("confirmed_at", sa.Float(53)),
    sa.Column("error", sa.Text),
)
"""One sending of a notice to a route: pending, confirmed or undeliverable."""


def open_alert_database(url: str) -> Engine:
    """The database, with its tables at the newest revision. Raises NewerTables."""
    return open_database(url, partial(upgrade, migrations=MIGRATIONS))
