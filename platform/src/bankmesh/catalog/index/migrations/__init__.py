"""The history of the index's tables, as Alembic keeps it. `bankmesh.catalog.index.index_schema` applies it."""
