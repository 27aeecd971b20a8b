"""The life of contracts, and columns that may be less confidential than what they are made from.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "bankmesh_catalog_status_change",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("changed_on", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_declassification",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("column_name", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("subjects", sa.Text, nullable=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them away."""
    for table in (
        "bankmesh_catalog_declassification",
        "bankmesh_catalog_status_change",
    ):
        op.drop_table(table)
