"""Cursors, incidents, notices and deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None

_MOMENT = sa.Float(53)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "bankmesh_alert_cursor",
        sa.Column("domain", sa.String(200), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "bankmesh_alert_incident",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("domain", sa.String(200), nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, index=True),
    )
    op.create_table(
        "bankmesh_alert_notice",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(60), nullable=False, unique=True),
        sa.Column("domain", sa.String(200), nullable=False, index=True),
        sa.Column("incident_id", sa.String(40), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
        sa.Column("routed", sa.Boolean, nullable=False, index=True),
    )
    op.create_table(
        "bankmesh_alert_delivery",
        sa.Column("notice_id", sa.String(60), primary_key=True),
        sa.Column("route", sa.String(400), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("confirmed_at", _MOMENT),
        sa.Column("error", sa.Text),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("delivery", "notice", "incident", "cursor"):
        op.drop_table(f"bankmesh_alert_{name}")
