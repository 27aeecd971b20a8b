"""How Alembic runs the revisions: on the connection that it is given, with a version table of our own.

The database may also hold Dagster's tables, whose version table has Alembic's usual name.
"""

from __future__ import annotations

from alembic import context

from bankmesh.catalog.index.index_schema import VERSION_TABLE
from bankmesh.catalog.index.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
