"""OpenLineage events, and whose turn it is to forward them."""

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
        "bankmesh_lineage_event",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("dagster_run", sa.String(60), nullable=False, index=True),
        sa.Column("asset", sa.String(300), nullable=False),
        sa.Column("kept_at", _MOMENT, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", _MOMENT),
        sa.Column("error", sa.Text),
        sa.UniqueConstraint("run_id", "kind"),
    )
    op.create_table(
        "bankmesh_lineage_turn",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("bankmesh_lineage_turn")
    op.drop_table("bankmesh_lineage_event")
