"""The rows of a governed relation as an Arrow stream that DuckDB reads batch by batch, each scan anew."""

from __future__ import annotations

from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, Self

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pyarrow as pa

    from bankmesh.access.model import AccessDecision
    from bankmesh.access.queries.scan_plan import ScanPlan


class QueryableRelation(Protocol):
    """What statements need of a governed relation."""

    @property
    def decision(self) -> AccessDecision:
        """The decision that the relation applies."""
        ...

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The readable columns, with the types of their masks."""
        ...

    def read_batches(
        self,
        columns: Sequence[str] | None,
        predicate: pl.Expr | None = None,
        rows: int | None = None,
        *,
        way: str = "scan",
        statement: str | None = None,
    ) -> Generator[pl.DataFrame]:
        """Yield the permitted, masked rows, recorded as read by a statement."""
        ...


class EmptyTable:
    """A table of a schema without rows, for binding a statement."""

    def __init__(self, schema: Mapping[str, pl.DataType]) -> None:
        self._schema = arrow_schema_of(schema)

    def __arrow_c_schema__(self) -> object:
        """Return the schema, which is all that DuckDB needs to plan."""
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a stream of no batches."""
        return self._schema.empty_table().__arrow_c_stream__()


class _Read:
    """The batches of one read, which threads of Arrow take ahead of DuckDB; `close` ends it between two batches."""

    def __init__(self, batches: Generator[pa.RecordBatch]) -> None:
        self._batches, self._lock = batches, Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.RecordBatch:
        with self._lock:
            return next(self._batches)

    def close(self) -> None:
        """End the read."""
        with self._lock:
            self._batches.close()


class RelationStream:
    """The columns of a relation that a statement reads. Each scan of DuckDB calls `__arrow_c_stream__` and reads anew.

    Attributes:
        failure: the error that ended a read, which DuckDB would report as its own; None while there is none.
    """

    def __init__(
        self, relation: QueryableRelation, schema: Mapping[str, pl.DataType], plan: ScanPlan, statement: str
    ) -> None:
        """`schema` has the types of the plan's columns; `statement` is recorded with each read."""
        self._relation, self._plan, self._statement = relation, plan, statement
        self._types = pl.Schema({name: schema[name] for name in plan.columns})
        self._schema = arrow_schema_of(self._types)
        self._reads: list[_Read] = []
        self.failure: Exception | None = None

    def __arrow_c_schema__(self) -> object:
        """Return the schema of the columns that are read."""
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Begin a read and return its batches."""
        import pyarrow as pa

        read = _Read(self._batches())
        self._reads.append(read)
        return pa.RecordBatchReader.from_batches(self._schema, read).__arrow_c_stream__()

    def close(self) -> None:
        """End the reads that DuckDB did not take to their ends, so that their records are complete.

        Waits for the batch that Arrow may still be reading ahead.
        """
        for read in self._reads:
            read.close()

    def _batches(self) -> Generator[pa.RecordBatch]:
        plan = self._plan
        try:
            frames = self._relation.read_batches(plan.columns, plan.predicate, way="sql", statement=self._statement)
            with closing(frames):
                for frame in frames:
                    ordered = frame.select(plan.columns).cast(self._types)
                    yield from ordered.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()
        except Exception as error:
            self.failure = error
            raise


def arrow_schema_of(schema: Mapping[str, pl.DataType]) -> pa.Schema:
    """Return the Arrow schema of frames of these types, as the streams of this module have it."""
    import pyarrow.dataset  # noqa: F401 - DuckDB would import it, and would swallow an interrupt meanwhile

    found: Any = pl.DataFrame(schema=dict(schema)).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return found
