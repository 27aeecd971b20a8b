"""Column types are the same thing in DuckDB, Arrow and Polars."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from bankmesh.contracts.column_types import (
    arrow_schema,
    arrow_type,
    column_type,
    duckdb_type,
    fit_value,
    polars_schema,
    polars_type,
)
from bankmesh.contracts.model import ColumnType
from bankmesh.contracts.parsing.contract_reader import read_text

KINDS = [ColumnType(name) for name in ("string", "boolean", "integer", "long", "double", "date", "timestamp")]
KINDS += [
    ColumnType("decimal", 18, 2),
    ColumnType("array", item=ColumnType("string")),
    ColumnType("array", item=ColumnType("decimal", 9, 4)),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_duckdb_arrow_and_polars_agree(kind):
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    stored = connection.execute(f"select null::{duckdb_type(kind)} as x").to_arrow_table().schema.field("x").type
    assert stored == arrow_type(kind) or (kind.item is not None and stored.value_type == arrow_type(kind).value_type)
    frame = pl.from_arrow(pa.table({"x": pa.array([None], type=arrow_type(kind))}))
    assert frame.schema["x"] == polars_type(kind)


@pytest.mark.parametrize(
    ("logical", "physical", "form", "expected"),
    [
        ("string", None, None, "string"), ("string", "VARCHAR", None, "string"), ("integer", None, None, "long"),
        ("integer", "int", None, "integer"), ("integer", "integer", "i32", "integer"), ("integer", None, "i32", "integer"),
        ("integer", "bigint", "i64", "long"), ("number", "decimal(18,2)", None, "decimal(18,2)"),
        ("number", "DECIMAL(5)", None, "decimal(5,0)"), ("number", "double", "f64", "double"), ("date", "date", None, "date"),
        ("timestamp", "timestamptz", None, "timestamp"), ("boolean", None, None, "boolean"),
    ],
)  # fmt: skip
def test_a_type_is_read(logical, physical, form, expected):
    assert str(column_type(logical, physical, form, None)) == expected


@pytest.mark.parametrize(
    ("logical", "physical", "form", "word"),
    [
        ("time", None, None, "no time of day"), ("object", None, None, "one column each"), ("string", "varchar(18)", None, "maxLength"),
        ("number", None, None, "no exact meaning"), ("number", "float", None, "no exact meaning"), ("number", "decimal(39,2)", None, "38"),
        ("number", "decimal(4,5)", None, "scale"), ("number", "decimal(4,2)", "f64", "leave it out"), ("number", "double", "f32", "f64"),
        ("integer", "int", "i64", "agree"), ("integer", None, "u64", "without loss"), ("date", "timestamp", None, "does not go with"),
        ("array", None, None, "items"),
    ],
)  # fmt: skip
def test_a_type_that_loses_something_is_refused(logical, physical, form, word):
    with pytest.raises(ValueError, match=word):
        column_type(logical, physical, form, None)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (ColumnType("decimal", 5, 2), 0.1, Decimal("0.1")), (ColumnType("decimal", 5, 0), 1e2, Decimal(100)),
        (ColumnType("date"), "2020-02-29", date(2020, 2, 29)), (ColumnType("integer"), 3.0, 3),
        (ColumnType("timestamp"), "2020-01-01", datetime(2020, 1, 1, tzinfo=UTC)),
        (ColumnType("timestamp"), "2020-01-01T02:00:00+02:00", datetime(2020, 1, 1, tzinfo=UTC)),
        (ColumnType("array", item=ColumnType("long")), 7, 7), (ColumnType("double"), 1, 1.0),
    ],
)  # fmt: skip
def test_a_value_becomes_one_of_the_type(kind, value, expected):
    assert fit_value(kind, value) == expected
    assert type(fit_value(kind, value)) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ColumnType("string"), 1), (ColumnType("boolean"), "true"), (ColumnType("integer"), 2**31), (ColumnType("long"), 1.5),
        (ColumnType("long"), True), (ColumnType("decimal", 4, 2), 100), (ColumnType("decimal", 4, 2), 1.005), (ColumnType("decimal", 4, 2), "x"),
        (ColumnType("decimal", 4, 2), True), (ColumnType("decimal", 4, 2), "NaN"), (ColumnType("date"), "2021-02-29"), (ColumnType("date"), "20210101"),
        (ColumnType("timestamp"), "0001-01-01T00:00:00+02:00"), (ColumnType("timestamp"), "noon"), (ColumnType("double"), "1"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(kind, value):
    with pytest.raises(ValueError, match=r"\S"):
        fit_value(kind, value)


def test_schemas_have_the_columns_in_order(booking):
    contract, _ = read_text("booking.odcs.yaml", booking)
    names = [column.name for column in contract.columns]
    assert arrow_schema(contract).names == list(polars_schema(contract)) == names
    assert [field.nullable for field in arrow_schema(contract)][:3] == [False, False, True]
