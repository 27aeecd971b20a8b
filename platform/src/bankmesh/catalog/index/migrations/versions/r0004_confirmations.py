"""When versions were confirmed.

Revision 0004, after 0003. What the tables held is made anew: the index's edition changes with the revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "bankmesh_catalog_confirmation",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float(53), primary_key=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("bankmesh_catalog_confirmation")
