"""The outbox's tables and its connection, on SQLite or PostgreSQL.

Moments are seconds since 1970 in UTC. Texts of incidents are those of `bankmesh.alerts.storing`; URLs, and with them
secrets, are never kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_BUSY_SECONDS = 10
_SETTING_UP = 4_229_001  # any number; those who make the tables at the same time agree on it

metadata = sa.MetaData()

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

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
"""Incidents, standing ones without `closed_at`."""

notices = sa.Table(
    "bankmesh_alert_notice",
    metadata,
    sa.Column("number", _ID, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(60), nullable=False, unique=True),
    sa.Column("domain", sa.String(200), nullable=False, index=True),
    sa.Column("incident_id", sa.String(40), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("told_at", sa.Float(53), nullable=False),
    sa.Column("routed", sa.Boolean, nullable=False, index=True),
)
"""What is to be told, in order; `routed` once it is decided to whom."""

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


def open_engine(url: str) -> Engine:
    """The database, with its tables, which are made where they are not there yet."""
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
        metadata.create_all(connection)
    return engine


def _arguments(backend: str) -> dict[str, Any]:
    return {"timeout": _BUSY_SECONDS} if backend == "sqlite" else {"connect_timeout": 10}


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # SQLAlchemy begins transactions itself, see below.
    connection.isolation_level = None


def _on_begin(connection: Connection) -> None:
    # At once as a writer: a reader that becomes one later fails where another has written in between.
    connection.exec_driver_sql("begin immediate")
