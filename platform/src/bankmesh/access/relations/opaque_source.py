"""The source behind a reader's lazy frame: it shows no path, no condition on rows and no key, and cannot be copied out.

Polars evaluates the predicate of a lazy frame as early as it can. Over a scan of files that is before the row filter,
where a cast that fails quotes a value that its reader may not see. Polars cannot look into this source: it hands the
predicate over, and `GovernedRelation.read_batches` decides where it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

from bankmesh.access.errors import AccessDenied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl


_ENGINE_ROWS = 100_000
"""The batch size that Polars proposes. It takes larger batches, too, and they cost less."""


class BatchReader(Protocol):
    """Reads batches under a decision: `GovernedRelation.read_batches`."""

    def __call__(
        self,
        columns: Sequence[str] | None,
        predicate: pl.Expr | None = None,
        rows: int | None = None,
        *,
        batch_size: int | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Yield the permitted, masked batches that satisfy the predicate."""


class OpaqueSource:
    """The callable that Polars calls once for each time that the lazy frame is collected."""

    __slots__ = ("_columns", "_port", "_read")

    def __init__(self, port: str, columns: tuple[str, ...], read: BatchReader) -> None:
        self._port, self._columns, self._read = port, columns, read

    def __call__(
        self, with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        """Yield the permitted, masked batches that satisfy the predicate."""
        columns = self._columns if with_columns is None else with_columns
        smaller = batch_size if batch_size is not None and batch_size < _ENGINE_ROWS else None
        return self._read(columns, predicate, n_rows, batch_size=smaller)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled: a plan that left the process would read without a decision. Raises AccessDenied."""
        refuse_copy(self._port)

    def __repr__(self) -> str:
        return f"<governed source {self._port}>"


def refuse_copy(port: str) -> NoReturn:
    """Raise AccessDenied: neither a relation nor a plan over it leaves the process that decided the read."""
    problem = "a governed relation is not pickled, copied or serialised"
    raise AccessDenied(port, problem, (), "Collect it, and pass on the rows that it gives")
