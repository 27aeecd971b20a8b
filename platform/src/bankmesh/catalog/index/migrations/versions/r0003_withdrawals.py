"""Withdrawn versions, what restored ones hold, and the moment that freshness counts from.

Revision 0003, after 0002. What the tables held is made anew: the index's edition changes with the revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.Float(53)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "bankmesh_catalog_publication_source",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_withdrawal",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.add_column("bankmesh_catalog_product", sa.Column("fresh_since", _MOMENT, nullable=True))
    op.add_column("bankmesh_catalog_publication", sa.Column("fresh_since", _MOMENT, nullable=True))
    op.add_column("bankmesh_catalog_publication", sa.Column("restored", sa.BigInteger, nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("bankmesh_catalog_publication", "restored")
    op.drop_column("bankmesh_catalog_publication", "fresh_since")
    op.drop_column("bankmesh_catalog_product", "fresh_since")
    op.drop_table("bankmesh_catalog_withdrawal")
    op.drop_table("bankmesh_catalog_publication_source")
