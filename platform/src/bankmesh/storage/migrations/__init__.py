"""What Alembic runs revisions with; the revisions themselves lie beside the tables that they change."""
