"""Products, contracts, publications, lineage, quality, use and search.

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None

MOMENT = sa.Float(53)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "bankmesh_catalog_meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_source",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("mark", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_fault",
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("message", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_product",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("major", sa.Integer, nullable=False),
        sa.Column("contract_version", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("product_type", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("usage", sa.Text, nullable=True),
        sa.Column("limitations", sa.Text, nullable=True),
        sa.Column("granularity", sa.Text, nullable=True),
        sa.Column("table_description", sa.Text, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("classification", sa.Text, nullable=False),
        sa.Column("freshness_seconds", MOMENT, nullable=True),
        sa.Column("retention_seconds", MOMENT, nullable=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("contract_digest", sa.Text, nullable=False),
        sa.Column("clauses", sa.Integer, nullable=False),
        sa.Column("promises", sa.Integer, nullable=False),
        sa.Column("promises_enforced", sa.Integer, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("parts_missing", sa.JSON, nullable=False),
        sa.Column("newest_version", sa.BigInteger, nullable=True),
        sa.Column("newest_at", MOMENT, nullable=True),
        sa.Column("newest_rows", sa.BigInteger, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bankmesh_catalog_product_domain", "bankmesh_catalog_product", ["domain"])
    op.create_index("ix_bankmesh_catalog_product_product", "bankmesh_catalog_product", ["product"])
    op.create_table(
        "bankmesh_catalog_owner",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_column",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("classification", sa.Text, nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
        sa.Column("key_position", sa.Integer, nullable=True),
        sa.Column("tags", sa.JSON, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_contract_version",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=True),
        sa.Column("digest", sa.Text, nullable=True),
        sa.Column("since", MOMENT, nullable=True),
        sa.Column("first_publication", sa.BigInteger, nullable=True),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("compared_with", sa.Text, nullable=True),
        sa.Column("unread", sa.Text, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_contract_change",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("breaking", sa.Boolean, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_deprecation",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("end_of_support", sa.Text, nullable=True),
        sa.Column("replaced_by", sa.Text, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_consumer",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("consumer", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_publication",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("contract_version", sa.Text, nullable=False),
        sa.Column("contract_digest", sa.Text, nullable=True),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("partitions", sa.Integer, nullable=True),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("warned", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_publication_input",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("input", sa.Text, primary_key=True),
        sa.Column("read", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_dataset",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=True),
        sa.Column("opaque", sa.Boolean, nullable=False),
        sa.Column("lineage_known", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_edge",
        sa.Column("target_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("how", sa.Text, primary_key=True),
        sa.Column("masking", sa.Boolean, primary_key=True),
        sa.Column("source_dataset", sa.Text, nullable=False),
        sa.Column("source_column", sa.Text, nullable=False),
        sa.Column("target_dataset", sa.Text, nullable=False),
        sa.Column("target_column", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bankmesh_catalog_edge_source", "bankmesh_catalog_edge", ["source_id", "target_id"])
    op.create_index("ix_bankmesh_catalog_edge_target_dataset", "bankmesh_catalog_edge", ["target_dataset"])
    op.create_table(
        "bankmesh_catalog_flow",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bankmesh_catalog_flow_source", "bankmesh_catalog_flow", ["source"])
    op.create_table(
        "bankmesh_catalog_gap",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("column_name", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_check_day",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("warned", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("errored", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_check_state",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("check_name", sa.Text, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("failing_rows", sa.BigInteger, nullable=True),
        sa.Column("rows_seen", sa.BigInteger, nullable=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_check_break",
        sa.Column("entry", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("port", sa.Text, nullable=False),
        sa.Column("check_name", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("failing_rows", sa.BigInteger, nullable=True),
        sa.Column("rows_seen", sa.BigInteger, nullable=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bankmesh_catalog_check_break_port", "bankmesh_catalog_check_break", ["port"])
    op.create_table(
        "bankmesh_catalog_freshness_change",
        sa.Column("entry", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("port", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bankmesh_catalog_freshness_change_port", "bankmesh_catalog_freshness_change", ["port"])
    op.create_table(
        "bankmesh_catalog_use",
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("column_name", sa.Text, primary_key=True),
        sa.Column("reads", sa.Integer, nullable=False),
        sa.Column("whole", sa.Integer, nullable=False),
        sa.Column("first_at", sa.Text, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False),
        sa.Column("newest_version", sa.BigInteger, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_posting",
        sa.Column("term", sa.Text, primary_key=True),
        sa.Column("port", sa.Text, primary_key=True),
        sa.Column("weight", MOMENT, nullable=False),
        sa.Column("best", MOMENT, nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bankmesh_catalog_posting_port", "bankmesh_catalog_posting", ["port"])
    op.create_table(
        "bankmesh_catalog_word",
        sa.Column("word", sa.Text, primary_key=True),
        sa.Column("term", sa.Text, nullable=False),
        sa.Column("ports", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bankmesh_catalog_lexicon",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them away."""
    for table in (
        "bankmesh_catalog_lexicon",
        "bankmesh_catalog_word",
        "bankmesh_catalog_posting",
        "bankmesh_catalog_use",
        "bankmesh_catalog_freshness_change",
        "bankmesh_catalog_check_break",
        "bankmesh_catalog_check_state",
        "bankmesh_catalog_check_day",
        "bankmesh_catalog_gap",
        "bankmesh_catalog_flow",
        "bankmesh_catalog_edge",
        "bankmesh_catalog_dataset",
        "bankmesh_catalog_publication_input",
        "bankmesh_catalog_publication",
        "bankmesh_catalog_consumer",
        "bankmesh_catalog_deprecation",
        "bankmesh_catalog_contract_change",
        "bankmesh_catalog_contract_version",
        "bankmesh_catalog_column",
        "bankmesh_catalog_owner",
        "bankmesh_catalog_product",
        "bankmesh_catalog_fault",
        "bankmesh_catalog_source",
        "bankmesh_catalog_meta",
    ):
        op.drop_table(table)
