"""Temporary DuckDB tables of the rows that a reader may see, for computations over them: comparisons, profiles."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import polars as pl

    from bankmesh.access.model import AccessDecision
    from bankmesh.ports import OpenVersion

_BATCH = "bankmesh_batch"


class BegunRead(Protocol):
    """A read that has begun and is recorded."""

    def end(self, rows: int, cancelled: bool) -> None:  # noqa: FBT001 - the protocol of readers
        """Record how many rows were read."""


class RecordedReads(Protocol):
    """Records reads in the audit log."""

    def begin(self, columns: Sequence[str], way: str, statement: str | None) -> BegunRead:
        """Record that a read begins. Raises AuditUnavailable."""


class GovernedRows(Protocol):
    """What a computation needs of a governed relation: one version, as its reader may see it."""

    @property
    def decision(self) -> AccessDecision:
        """The decision about the read."""

    @property
    def opened(self) -> OpenVersion:
        """The version."""

    @property
    def recorder(self) -> RecordedReads:
        """The recorder of reads."""

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The readable columns, with the types that they have after masks."""

    def read_batches(self, columns: Sequence[str], *, way: str) -> Iterator[pl.DataFrame]:
        """Yield the readable rows; the read is recorded."""


def is_whole(decision: AccessDecision, columns: Sequence[str]) -> bool:
    """Whether a reader sees every row, and these columns as they are, so that the files themselves may be queried."""
    return decision.row_filter.is_everything and decision.shown.issuperset(columns)


def governed_types(
    relation: GovernedRows, columns: Sequence[str], connection: duckdb.DuckDBPyConnection
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
    relation: GovernedRows, columns: Sequence[str], table: str, connection: duckdb.DuckDBPyConnection, way: str
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
def recorded_computation(relation: GovernedRows, columns: Sequence[str], way: str) -> Iterator[list[int]]:
    """Record a computation over the files themselves, as `is_whole` permits it; append to the list the rows read.

    Raises AuditUnavailable before anything is read.
    """
    read: list[int] = []
    record = relation.recorder.begin(columns, way, None)
    is_complete = False
    try:
        yield read
        is_complete = True
    finally:
        record.end(sum(read), cancelled=not is_complete)
