"""The columns of a lazy frame in DuckDB's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def duckdb_columns(frame: pl.LazyFrame) -> dict[str, str]:
    """Return the DuckDB type of each column; no row is read."""
    import duckdb
    import polars as pl

    nothing = pl.DataFrame(schema=frame.collect_schema()).to_arrow()
    with duckdb.connect() as connection:
        connection.register("nothing", nothing)
        return {name: kind for name, kind, *_ in connection.execute("describe nothing").fetchall()}
