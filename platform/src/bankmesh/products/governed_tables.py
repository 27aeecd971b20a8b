"""Temporary DuckDB tables of the rows that a reader may see, for computations over them: comparisons, profiles."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from bankmesh.access.model import AccessDecision
    from bankmesh.access.relations.governed_relation import GovernedRelation

_BATCH = "bankmesh_batch"


def is_whole(decision: AccessDecision, columns: Sequence[str]) -> bool:
    """Whether a reader sees every row, and these columns as they are, so that the files themselves may be queried."""
    return decision.row_filter.is_everything and decision.shown.issuperset(columns)


def governed_types(
    relation: GovernedRelation, columns: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> dict[str, str]:
    """Return the DuckDB types of readable columns as their reader gets them: a mask may change a type."""
    import polars as pl

    schema = relation.schema
    connection.register(_BATCH, pl.DataFrame(schema={name: schema[name] for name in columns}).to_arrow())
    try:
        rows = connection.execute(f"describe select * from {_BATCH}").fetchall()
    finally:
        connection.unregister(_BATCH)
    return {str(name): str(kind) for name, kind, *_ in rows}


def create_governed_table(
    relation: GovernedRelation, columns: Sequence[str], table: str, connection: duckdb.DuckDBPyConnection, way: str
) -> None:
    """Copy the rows that the reader may see into a new temporary table, batch by batch; the read is recorded.

    Raises AccessDenied, and the errors of the relation and of DuckDB.
    """
    types = governed_types(relation, columns, connection)
    spelled = ", ".join(f"{sql_name(name)} {kind}" for name, kind in types.items())
    connection.execute(f"create temp table {table} ({spelled})")
    for batch in relation.read_batches(list(columns), way=way):
        connection.register(_BATCH, batch.select(columns).to_arrow())
        try:
            connection.execute(f"insert into {table} select * from {_BATCH}")
        finally:
            connection.unregister(_BATCH)


@contextmanager
def recorded_computation(relation: GovernedRelation, columns: Sequence[str], way: str) -> Iterator[list[int]]:
    """Record a computation over the files themselves, as `is_whole` permits it; append to the list the rows read.

    Raises AuditUnavailable before anything is read, and ReadFailed in place of an error of DuckDB, whose text may hold
    a path or a value.
    """
    import duckdb

    from bankmesh.access.relations.governed_relation import ReadFailed

    read: list[int] = []
    record = relation.recorder.begin(columns, way, None)
    is_complete = False
    try:
        yield read
        is_complete = True
    except duckdb.Error as error:
        error.args = ()  # it stays reachable as the context of ours
        raise ReadFailed(relation.decision.port, relation.opened.version, type(error).__name__) from None
    finally:
        record.end(sum(read), not is_complete)
