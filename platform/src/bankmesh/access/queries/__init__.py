"""SQL over a governed relation: the check of a statement, and its run on a database that can read nothing else."""

from bankmesh.access.queries.errors import StatementFailed, StatementPosition, StatementRefused
from bankmesh.access.queries.sql_session import run_query

__all__ = ["StatementFailed", "StatementPosition", "StatementRefused", "run_query"]
