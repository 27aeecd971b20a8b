"""The history of the index's tables, as Alembic keeps it. `bankmesh.catalog.migrating` applies it."""
