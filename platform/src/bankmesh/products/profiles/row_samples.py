"""Samples of the rows that profiles count: all rows of a small table, about 50,000 of a larger one.

Each row is in a sample with the same probability, its share, whatever other rows are in it (Bernoulli sampling). So
samples of two parts of a table with one share are a sample of the table, and a sample of a sample has the product of
both shares (Brown, Haas: Techniques for Warehousing of Sample Data, ICDE 2006, section 3.1). A run over some partitions
therefore scans only these, and takes all others from the sample of the version before.
"""

from __future__ import annotations

import itertools
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.ports import TableCounts
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

    from bankmesh.contracts.model import Column, Contract

MOST_ROWS = 50_000
_LEAST_USE = 0.5
"""A sample of the version before serves if it has at least this part of the rows that a new one would have."""
_GREATEST_SEED = 0x7FFFFFFF
_numbers = itertools.count(1)


@dataclass(frozen=True)
class CountedRows:
    """A temporary table with `counted` of the `rows` of a relation, in the given `share`; `nulls` counts all rows.

    Values of columns above `internal` and of arrays are there only as hashes of 64 bits.
    """

    table: str
    rows: int
    counted: int
    share: float
    nulls: Mapping[str, int]


@dataclass(frozen=True)
class StoredSample:
    """The sample of a version; `columns` are those that `counted_columns` returned for its contract."""

    rows: pa.Table = field(repr=False)
    share: float
    columns: Mapping[str, str]


@dataclass(frozen=True)
class SampledTable:
    """A table to sample: `scanned` are the rows of which `earlier` is no sample, and `whole` all of them.

    `counts` is what is known of the whole table without a scan. `earlier` is left out for the `replaced` values of
    `partition_column`.
    """

    whole: str
    scanned: str
    counts: TableCounts | None = None
    earlier: StoredSample | None = None
    partition_column: str | None = None
    replaced: Collection[str] = ()


def sample_rows(contract: Contract, table: SampledTable, connection: duckdb.DuckDBPyConnection) -> CountedRows:
    """Copy the rows to count into a new temporary table. Raises duckdb.Error."""
    there = {row[0] for row in connection.execute(f"describe select * from {table.whole}").fetchall()}
    columns = [column for column in contract.columns if column.name in there]
    counts = _complete(table, [column.name for column in columns], connection)
    number = next(_numbers)
    name = f"bankmesh_profile_{number}"
    share = min(1.0, MOST_ROWS / counts.rows) if counts.rows else 1.0
    earlier = table.earlier
    if earlier is None or earlier.share < _LEAST_USE * share:
        parts = [_drawn(", ".join(map(_counted, columns)), table.whole, share, _seed(counts.rows))]
    else:
        share = min(share, earlier.share)
        seeds = [_seed(counts.rows, *sorted(table.replaced), part) for part in ("scanned", "earlier")]
        parts = [_drawn(", ".join(map(_counted, columns)), table.scanned, share, seeds[0])]
        view = f"bankmesh_sample_{number}"
        connection.register(view, earlier.rows)
        names = ", ".join(sql_name(column.name) for column in columns)
        parts.append(_drawn(names, view, share / earlier.share, seeds[1], _others(contract, table)))
    try:
        connection.execute(f"create temp table {name} as {' union all by name '.join(parts)}")
    finally:
        if len(parts) > 1:
            connection.unregister(f"bankmesh_sample_{number}")
    counted = _one(connection, f"select count(*) from {name}")[0]
    return CountedRows(name, counts.rows, counted, share, counts.nulls)


@contextmanager
def counted_rows(contract: Contract, relation: str, connection: duckdb.DuckDBPyConnection) -> Iterator[CountedRows]:
    """Sample a relation; the temporary table is dropped afterwards. Raises duckdb.Error."""
    rows = sample_rows(contract, SampledTable(relation, relation), connection)
    try:
        yield rows
    finally:
        connection.execute(f"drop table if exists {rows.table}")


def counted_columns(contract: Contract) -> dict[str, str]:
    """Return the type of each column as it is counted, by name: samples of other columns are not comparable."""
    return {column.name: "hash" if _is_hashed(column) else str(column.type) for column in contract.columns}


def _complete(table: SampledTable, names: Sequence[str], connection: duckdb.DuckDBPyConnection) -> TableCounts:
    """Return the rows and the nulls of each column; what is not known is counted."""
    known = table.counts.nulls if table.counts is not None else {}
    unknown = [name for name in names if name not in known and name != table.partition_column]
    nulls = {name: known.get(name, 0) for name in names}
    if table.counts is not None and not unknown:
        return TableCounts(table.counts.rows, nulls)
    filled = ", ".join(["count(*)", *(f"count({sql_name(name)})" for name in unknown)])
    rows, *counts = _one(connection, f"select {filled} from {table.whole}")
    return TableCounts(rows, nulls | {name: rows - count for name, count in zip(unknown, counts, strict=True)})


def _drawn(columns: str, relation: str, share: float, seed: int, condition: str = "true") -> str:
    sample = f" using sample {100 * share} percent (bernoulli, {seed})" if share < 1 else ""
    return f"(select {columns} from (select * from {relation} where {condition}){sample})"


def _seed(*parts: object) -> int:
    """Return a seed that differs from run to run: one seed would draw rows of the same positions again and again."""
    return zlib.crc32(repr(parts).encode()) & _GREATEST_SEED


def _others(contract: Contract, table: SampledTable) -> str:
    """Return the condition of the earlier rows that stay; a partition column above `internal` is there as hashes."""
    column = next((each for each in contract.columns if each.name == table.partition_column), None)
    if column is None or not table.replaced:
        return "true"
    if _is_hashed(column):
        replaced = ", ".join(f"hash({sql_literal(value)}::date)" for value in table.replaced)
        return f"{sql_name(column.name)} not in ({replaced})"
    replaced = ", ".join(map(sql_literal, table.replaced))
    return f"{sql_name(column.name)}::varchar not in ({replaced})"


def _counted(column: Column) -> str:
    name = sql_name(column.name)
    return f"if({name} is null, null, hash({name})) as {name}" if _is_hashed(column) else name


def _is_hashed(column: Column) -> bool:
    return column.classification > Classification.INTERNAL or column.type.item is not None


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    return tuple(map(int, row or ()))
