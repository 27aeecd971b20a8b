"""Statistics in the Delta log never hide a row that a filter asks for."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from port_samples import provenance

from bankmesh.ports import Port, ReplaceAll, connect, measure_files, open_version, port_at, publish, stage

MOMENTS = st.datetimes(max_value=datetime(9999, 12, 31, 23), timezones=st.just(UTC))  # noqa: DTZ001 - so it is asked
# The last ones stand around the length at which strings are cut.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.integers(0, 3).map(lambda n: "x" * 31 + "\U0010ffff" * n + "a"),
    st.sampled_from(["x" * 32, "x" * 33, "\U0010ffff" * 33, "é" * 32, "Zoë" * 20]),
)
KINDS: dict[str, tuple[pa.DataType, pl.DataType, Any, str]] = {
    "long": (pa.int64(), pl.Int64(), st.integers(-(2**63), 2**63 - 1), "BIGINT"),
    "integer": (pa.int32(), pl.Int32(), st.integers(-(2**31), 2**31 - 1), "INTEGER"),
    "date": (pa.date32(), pl.Date(), st.dates(), "DATE"),
    "timestamp": (pa.timestamp("us", "UTC"), pl.Datetime("us", "UTC"), MOMENTS, "TIMESTAMPTZ"),
    "amount": (
        pa.decimal128(18, 2),
        pl.Decimal(18, 2),
        st.decimals(-(10**16) + 1, 10**16 - 1, places=2),
        "DECIMAL(18,2)",
    ),
    "wide": (
        pa.decimal128(38, 4),
        pl.Decimal(38, 4),
        st.decimals(-(10**33), 10**33, places=4),
        "DECIMAL(38,4)",
    ),
    "string": (pa.string(), pl.String(), TEXTS, "VARCHAR"),
}
CONNECTION = connect(threads=1)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_filters_find_the_same_rows_as_without_statistics(kind: str, data: st.DataObject) -> None:
    arrow, polars, values, sql_type = KINDS[kind]
    files = data.draw(st.lists(st.lists(st.none() | values, min_size=1, max_size=3), min_size=1, max_size=3))
    present = [value for file in files for value in file if value is not None]
    asked = data.draw(st.sampled_from(present)) if present else data.draw(values)
    with TemporaryDirectory() as folder:
        relation, lazy = _published(Path(folder), arrow, polars, files)
        expected = {
            "=": sum(value == asked for value in present),
            "<": sum(value < asked for value in present),
            "<=": sum(value <= asked for value in present),
            ">": sum(value > asked for value in present),
            ">=": sum(value >= asked for value in present),
        }
        literal = f"cast('{str(asked).replace(chr(39), chr(39) * 2)}' as {sql_type})"
        for operator, count in expected.items():
            query = f"select count(*) from {relation} where x {operator} {literal}"
            assert CONNECTION.execute(query).fetchall() == [(count,)], (operator, asked)
            assert _polars_count(lazy, operator, pl.lit(asked, dtype=polars)) == count, (operator, asked)
        nulls = sum(value is None for file in files for value in file)
        assert CONNECTION.execute(f"select count(*) from {relation} where x is null").fetchall() == [(nulls,)]
        assert lazy.filter(pl.col("x").is_null()).collect().height == nulls


def _published(home: Path, arrow: pa.DataType, polars: pl.DataType, files: list[list[Any]]) -> tuple[str, pl.LazyFrame]:
    port = port_at(home, "retail.party", 1)
    schema = pa.schema([pa.field("x", arrow)])
    candidate = stage(port)
    for number, rows in enumerate(files):
        # Row groups of one row: bounds are then put together from several.
        pl.DataFrame({"x": pl.Series(rows, dtype=polars)}).write_parquet(
            candidate.path / f"{number}.parquet", row_group_size=1 + number
        )
    measured = measure_files(candidate, schema, None, ["x"])
    publish(port, candidate, measured, schema, replace=ReplaceAll(), provenance=provenance())
    opened = open_version(port)
    return opened.duckdb_relation_sql(), opened.scan_polars()


def _polars_count(lazy: pl.LazyFrame, operator: str, value: pl.Expr) -> int:
    column = pl.col("x")
    wanted = {
        "=": column == value,
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }
    return lazy.filter(wanted[operator]).collect().height


# Digits that a double rounds, on both sides of its exact whole numbers, and the ends of the type.
LONG_DECIMALS = ["12345678901234.5678", "99999999999999.9999", "9007199254740.9930", "10000000000000.0001", "0.0001"]


@pytest.mark.parametrize("text", LONG_DECIMALS)
@pytest.mark.parametrize("sign", [1, -1])
def test_decimals_that_a_double_rounds_are_found_again(tmp_path: Path, text: str, sign: int) -> None:
    value, step = sign * Decimal(text), Decimal("0.0001")
    relation, lazy = _published(tmp_path, pa.decimal128(18, 4), pl.Decimal(18, 4), [[value], [Decimal(0)], [None]])
    ranges = {"=": value, "<": value + step, ">": value - step, "<=": value, ">=": value}
    for operator, asked in ranges.items():
        condition = f"x {operator} {asked:f} and x <> 0"
        assert CONNECTION.execute(f"select count(*) from {relation} where {condition}").fetchall() == [(1,)]
        literal = pl.lit(asked, dtype=pl.Decimal(20, 4))
        assert _polars_count(lazy.filter(pl.col("x") != 0), operator, literal) == 1
    assert lazy.filter(pl.col("x").is_in([value])).collect().height == 1


def test_files_without_a_requested_amount_are_skipped(tmp_path: Path) -> None:
    amounts = [[Decimal("1.00")], [Decimal("9999999999999.99")]]
    _, lazy = _published(tmp_path, pa.decimal128(18, 2), pl.Decimal(18, 2), amounts)
    paths = {pl.read_parquet(path)["x"][0]: path for path in tmp_path.rglob("*.parquet")}
    cheap = pl.col("x") < pl.lit(Decimal("5.00"), dtype=pl.Decimal(18, 2))
    paths[Decimal("9999999999999.99")].unlink()
    assert lazy.filter(cheap).collect().height == 1
    paths[Decimal("1.00")].unlink()
    with pytest.raises((OSError, pl.exceptions.PolarsError)):
        lazy.filter(cheap).collect()


@pytest.mark.parametrize("text", ["𠀀", "x\U0010ffff", "😀" * 40, "\ue000", "\x01", '"\\'])
def test_any_character_is_found_again(tmp_path: Path, text: str) -> None:
    relation, lazy = _published(tmp_path, pa.string(), pl.String(), [[text]])
    assert CONNECTION.execute(f"select count(*) from {relation} where x = ?", [text]).fetchall() == [(1,)]
    assert lazy.filter(pl.col("x") == text).collect().height == 1


def _statistics(port: Port, table: pa.Table, columns: list[str], **options: Any) -> dict[str, Any]:
    candidate = stage(port)
    pq.write_table(table, candidate.path / "0.parquet", **options)
    measured = measure_files(candidate, table.schema, None, columns)
    found: dict[str, Any] = json.loads(measured.files[0].statistics)
    return found


def test_statistics_are_of_the_form_that_delta_wants(port: Port) -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 999_001, tzinfo=UTC)
    table = pa.table(
        {
            "day": pa.array([date(987, 1, 2), date(2024, 2, 29)]),
            "at": pa.array([moment, moment + timedelta(microseconds=1)], pa.timestamp("us", "UTC")),
            "amount": pa.array([Decimal("-1.50"), Decimal("1000000.00")], pa.decimal128(18, 2)),
            "text": ["é" * 40, "ab"],
            "flag": [True, None],
            "ratio": [0.5, float("nan")],
            "tags": [["a", None], None],
        }
    )
    found = _statistics(port, table, table.column_names)
    assert found == {
        "numRecords": 2,
        "minValues": {
            "day": "0987-01-02",
            "at": "1969-12-31T23:59:59.999Z",
            "amount": -1.5,
            "text": "ab",
        },
        "maxValues": {
            "day": "2024-02-29",
            "at": "1970-01-01T00:00:00.000Z",
            "amount": 1_000_000,
            "text": "é" * 32 + "\U0010ffff",
        },
        "nullCount": {"day": 0, "at": 0, "amount": 0, "text": 0, "flag": 1, "ratio": 0},
    }


def test_only_named_columns_show_their_values(port: Port) -> None:
    table = pa.table({"id": [1, 2], "iban": ["AT61", None]})
    found = _statistics(port, table, ["id"])
    assert found["minValues"] == {"id": 1}
    assert found["maxValues"] == {"id": 2}
    assert found["nullCount"] == {"id": 0, "iban": 1}
    assert "AT61" not in json.dumps(found)


def test_what_a_writer_left_out_is_left_out(port: Port) -> None:
    found = _statistics(port, pa.table({"id": [1, 2]}), ["id"], write_statistics=False)
    assert found == {"numRecords": 2, "minValues": {}, "maxValues": {}, "nullCount": {}}
