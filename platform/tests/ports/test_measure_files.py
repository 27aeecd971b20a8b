"""Measuring a candidate from its footers."""

from urllib.parse import quote

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from port_samples import MONTHLY, SCHEMA, frame, ids_read, provenance, write_months

from bankmesh.errors import PortError
from bankmesh.ports import Port, ReplaceAll, measure_files, open_version, publish, stage


def test_totals_and_partitions(port: Port) -> None:
    candidate = stage(port)
    write_months(candidate, {"2024-01-01": [1, 2], "2024-02-01": [3], "2024-03-01": []})
    measured = measure_files(candidate, MONTHLY, "month", ["id"])
    assert [file.path for file in measured.files] == [
        "month=2024-01-01/0.parquet",
        "month=2024-02-01/0.parquet",
    ]
    assert measured.rows == 3
    assert measured.bytes == sum((candidate.path / file.path).stat().st_size for file in measured.files)
    assert measured.partitions == {"2024-01-01", "2024-02-01"}
    assert measured.nulls == {"id": 0, "name": 0}


def test_many_files_are_measured_in_order(port: Port) -> None:
    candidate = stage(port)
    months = {f"{year}-{month:02d}-01": [year] for year in range(1993, 1999) for month in range(1, 13)}
    write_months(candidate, months)
    measured = measure_files(candidate, MONTHLY, "month", ["id"])
    assert [file.partition for file in measured.files] == sorted(months)
    assert measured.rows == len(months)


def test_files_that_duckdb_wrote(port: Port) -> None:
    candidate = stage(port)
    duckdb.sql(
        "copy (select i as id, 'n' || i as name, (date '2024-01-01' + interval (i % 2) month)::date as month "
        f"from range(10) t(i)) to '{candidate.path}' (format parquet, partition_by (month), overwrite_or_ignore)"
    )
    measured = measure_files(candidate, MONTHLY, "month", ["id"])
    publish(port, candidate, measured, MONTHLY, replace=ReplaceAll(), provenance=provenance())
    assert ids_read(port) == list(range(10))


@pytest.mark.parametrize("value", ["Sankt Pölten", "a/b", "100%", "x=y", "it's", "a+b", "a%20b"])
def test_partition_values_with_special_characters(port: Port, value: str) -> None:
    schema = SCHEMA.append(pa.field("city", pa.string()))
    candidate = stage(port)
    for number, city in enumerate([value, "Graz"]):
        rows = frame([number])
        folder = candidate.path / f"city={quote(city, safe='')}"
        folder.mkdir()
        rows.write_parquet(folder / "0.parquet")
    measured = measure_files(candidate, schema, "city", [])
    assert measured.partitions == {value, "Graz"}
    publish(port, candidate, measured, schema, replace=ReplaceAll(), provenance=provenance())
    assert ids_read(port) == [0, 1]
    found = open_version(port).scan_polars().sort("id").collect()
    assert found["city"].to_list() == [value, "Graz"]
    assert all(path.is_file() for path in open_version(port).files())


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (frame([1]).drop("name"), "missing name"),
        (frame([1]).with_columns(extra=1), "not promised extra"),
        (frame([1]).cast({"id": pl.Int32}), "id is int32 instead of int64"),
        (frame([1]).cast({"id": pl.UInt64}), "id is uint64 instead of int64"),
        (frame([1]).with_columns(name=pl.lit(1.5)), "name is double instead of string"),
    ],
)
def test_files_of_another_shape_are_refused(port: Port, rows: pl.DataFrame, problem: str) -> None:
    candidate = stage(port)
    rows.write_parquet(candidate.path / "part.parquet")
    with pytest.raises(PortError, match=rf"part\.parquet: {problem}\. Cast to the contract's schema"):
        measure_files(candidate, SCHEMA, None, [])


def test_moments_need_microseconds(port: Port) -> None:
    schema = pa.schema([pa.field("at", pa.timestamp("us", "UTC"))])
    candidate = stage(port)
    for unit, zone in (("ns", "UTC"), ("us", None)):
        rows = pl.DataFrame({"at": pl.Series([0], dtype=pl.Int64).cast(pl.Datetime(unit, zone))})
        rows.write_parquet(candidate.path / "0.parquet")
        with pytest.raises(PortError, match=r"at is timestamp\["):
            measure_files(candidate, schema, None, [])


def test_what_is_no_parquet_is_refused(port: Port) -> None:
    candidate = stage(port)
    (candidate.path / "0.parquet").write_bytes(b"PAR1 cut sho")
    with pytest.raises(PortError, match=r"0\.parquet: not a complete Parquet file"):
        measure_files(candidate, SCHEMA, None, [])


def test_rows_need_a_partition(port: Port) -> None:
    candidate = stage(port)
    frame([1]).write_parquet(candidate.path / "0.parquet")
    with pytest.raises(PortError, match="is not in a partition folder"):
        measure_files(candidate, MONTHLY, "month", [])
    folder = candidate.path / "month=__HIVE_DEFAULT_PARTITION__"
    folder.mkdir()
    (candidate.path / "0.parquet").rename(folder / "0.parquet")
    with pytest.raises(PortError, match="rows without a month cannot be published"):
        measure_files(candidate, MONTHLY, "month", [])


def test_the_partition_column_stays_out_of_the_files(port: Port) -> None:
    candidate = stage(port)
    folder = candidate.path / "month=2024-01-01"
    folder.mkdir()
    frame([1]).with_columns(month=pl.date(2024, 1, 1)).write_parquet(folder / "0.parquet")
    with pytest.raises(PortError, match="holds the partition column month"):
        measure_files(candidate, MONTHLY, "month", [])
