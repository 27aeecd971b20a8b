"""Small candidates for the port tests, and every way of reading them back."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from bankmesh.ports import (
    Candidate,
    Port,
    Provenance,
    Publication,
    ReplaceAll,
    ReplacePartitions,
    connect,
    measure_files,
    open_version,
    publish,
    stage,
)

SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("name", pa.string())])
MONTHLY = SCHEMA.append(pa.field("month", pa.date32(), nullable=False))
RETENTION = {"delta.logRetentionDuration": "interval 30 days"}


def provenance(run_id: str = "run", partitions: Sequence[str] | None = None) -> Provenance:
    return Provenance(
        run_id=run_id,
        contract_version="1.2.3",
        code_version="c0de",
        inputs={"retail.account": 7, "retail/core.customers": "sha256:ab"},
        partitions=None if partitions is None else tuple(partitions),
        gate={"counts": {"passed": 2}, "clauses": [{"name": "id_unique", "outcome": "passed"}]},
    )


def frame(ids: Iterable[int]) -> pl.DataFrame:
    numbers = list(ids)
    return pl.DataFrame(
        {"id": numbers, "name": [f"n{number}" for number in numbers]},
        schema={"id": pl.Int64, "name": pl.String},
    )


def write_months(candidate: Candidate, months: Mapping[str, Iterable[int]]) -> None:
    for month, ids in months.items():
        folder = candidate.path / f"month={month}"
        folder.mkdir()
        frame(ids).write_parquet(folder / "0.parquet")


def publish_all(
    port: Port,
    ids: Iterable[int],
    *,
    run_id: str = "run",
    candidate: Candidate | None = None,
    on_moved: Callable[[Publication], None] | None = None,
    schema: pa.Schema = SCHEMA,
    rows: pl.DataFrame | None = None,
    configuration: Mapping[str, str] | None = None,
) -> Publication:
    """Replace the whole unpartitioned table."""
    candidate = candidate or stage(port)
    (frame(ids) if rows is None else rows).write_parquet(candidate.path / "0.parquet")
    files = measure_files(candidate, schema, None, schema.names)
    return publish(
        port,
        candidate,
        files,
        schema,
        replace=ReplaceAll(),
        provenance=provenance(run_id),
        description="Customers, one row each.",
        configuration=configuration,
        on_moved=on_moved,
    )


def publish_months(
    port: Port,
    months: Mapping[str, Iterable[int]],
    *,
    run_id: str = "run",
    candidate: Candidate | None = None,
    on_moved: Callable[[Publication], None] | None = None,
    also: Sequence[str] = (),
) -> Publication:
    """Replace the given months, and those of `also` by nothing."""
    candidate = candidate or stage(port)
    write_months(candidate, months)
    files = measure_files(candidate, MONTHLY, "month", ["id"])
    values = (*months, *also)
    return publish(
        port,
        candidate,
        files,
        MONTHLY,
        replace=ReplacePartitions("month", values),
        provenance=provenance(run_id, values),
        on_moved=on_moved,
    )


def accept(_newest: Publication) -> None:
    """Decide that the candidate may follow whatever was published."""


def ids_read(port: Port, version: int | None = None) -> list[int]:
    """The ids of a version, sorted; asserts that DuckDB, Polars, Arrow and the row count agree."""
    opened = open_version(port, version)
    by_polars = sorted(opened.scan_polars().collect()["id"].to_list())
    by_arrow = sorted(opened.to_arrow()["id"].to_pylist())
    by_duckdb = [row[0] for row in sql(f"select id from {opened.duckdb_relation_sql()} order by id")]
    assert by_polars == by_arrow == by_duckdb
    assert opened.rows == len(by_polars)
    return by_polars


def sql(query: str) -> list[tuple[Any, ...]]:
    return _connection().execute(query).fetchall()


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)
