"""The table of casts: what a delivered type may become, decided without a single value."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.delivered_types import (
    Conversion,
    DeliveredType,
    TypeFamily,
    conversion,
    duckdb_delivered,
    explain_refusal,
    polars_delivered,
)
from bankmesh.contracts.model import ColumnType

LONG, INTEGER, DOUBLE, STRING = map(ColumnType, ("long", "integer", "double", "string"))
BOOLEAN, DATE, TIMESTAMP = map(ColumnType, ("boolean", "date", "timestamp"))
MONEY = ColumnType("decimal", 12, 2)
PROMISED = (LONG, INTEGER, DOUBLE, STRING, BOOLEAN, DATE, TIMESTAMP, MONEY)
UTC = pl.Datetime("us", "UTC")


def of(dtype: pl.DataType, promised: ColumnType) -> str:
    return str(conversion(polars_delivered(dtype), promised))


@pytest.mark.parametrize(
    ("dtype", "taken"),
    [
        (pl.String(), {STRING: "unchanged"}),
        (pl.Categorical(), {STRING: "unchanged"}),
        (pl.Enum(["a"]), {STRING: "unchanged"}),
        (pl.Boolean(), {BOOLEAN: "unchanged"}),
        (pl.Date(), {DATE: "calendar"}),
        (pl.Time(), {}),
        (pl.Duration(), {}),
        (pl.Binary(), {}),
        (pl.Struct({"a": pl.Int64()}), {}),
        (pl.Datetime("us"), {DATE: "compared"}),
        (UTC, {TIMESTAMP: "calendar"}),
        (pl.Datetime("ns", "Europe/Prague"), {TIMESTAMP: "compared"}),
        (pl.Datetime("ms", "UTC"), {TIMESTAMP: "range"}),
        (pl.Int32(), {INTEGER: "unchanged", LONG: "unchanged", DOUBLE: "unchanged", MONEY: "unchanged"}),
        (pl.Int64(), {INTEGER: "range", LONG: "unchanged", DOUBLE: "compared", MONEY: "range"}),
        (pl.UInt32(), {INTEGER: "range", LONG: "unchanged", DOUBLE: "unchanged", MONEY: "unchanged"}),
        (pl.Int128(), {INTEGER: "range", LONG: "range", DOUBLE: "compared", MONEY: "range"}),
        (pl.Float64(), {INTEGER: "compared", LONG: "compared", DOUBLE: "unchanged", MONEY: "nearest"}),
        (pl.Float32(), {INTEGER: "compared", LONG: "compared", DOUBLE: "unchanged", MONEY: "nearest"}),
        (pl.Decimal(12, 2), {INTEGER: "compared", LONG: "compared", DOUBLE: "unchanged", MONEY: "unchanged"}),
        (pl.Decimal(38, 2), {INTEGER: "compared", LONG: "compared", DOUBLE: "compared", MONEY: "range"}),
        (pl.Decimal(12, 4), {INTEGER: "compared", LONG: "compared", DOUBLE: "unchanged", MONEY: "compared"}),
        (pl.Decimal(9, 0), {INTEGER: "unchanged", LONG: "unchanged", DOUBLE: "unchanged", MONEY: "unchanged"}),
    ],
    ids=str,
)
def test_what_a_polars_type_becomes(dtype: pl.DataType, taken: dict[ColumnType, str]) -> None:
    assert {p: how for p in PROMISED if (how := of(dtype, p)) != "refused"} == taken


def test_nulls_become_anything() -> None:
    assert {of(pl.Null(), promised) for promised in PROMISED} == {"unchanged"}


def test_a_list_converts_as_its_items_and_to_nothing_else() -> None:
    amounts = ColumnType("array", item=MONEY)
    assert of(pl.List(pl.Float64()), amounts) == "nearest"
    assert of(pl.Array(pl.Int32(), 2), amounts) == "unchanged"
    assert of(pl.List(pl.String()), amounts) == "refused"
    assert of(pl.List(pl.Int32()), LONG) == "refused"
    assert of(pl.Int32(), ColumnType("array", item=LONG)) == "refused"


def test_both_engines_have_one_table() -> None:
    same = {
        "VARCHAR": pl.String(), "BOOLEAN": pl.Boolean(), "DATE": pl.Date(), "TIME": pl.Time(), "BLOB": pl.Binary(),
        "TIMESTAMP": pl.Datetime("us"), "TIMESTAMP_NS": pl.Datetime("ns"), "TIMESTAMP WITH TIME ZONE": UTC,
        "TINYINT": pl.Int8(), "BIGINT": pl.Int64(), "HUGEINT": pl.Int128(), "UBIGINT": pl.UInt64(),
        "FLOAT": pl.Float32(), "DOUBLE": pl.Float64(), "DECIMAL(18,4)": pl.Decimal(18, 4),
        "STRUCT(a INTEGER)": pl.Struct({"a": pl.Int32()}), "INTERVAL": pl.Duration(),
        "DOUBLE[]": pl.List(pl.Float64()), "DOUBLE[2]": pl.Array(pl.Float64(), 2),
    }  # fmt: skip
    promised = (*PROMISED, ColumnType("array", item=MONEY), ColumnType("array", item=STRING))
    for spelling, dtype in same.items():
        ours = [conversion(duckdb_delivered(spelling), p) for p in promised]
        assert ours == [conversion(polars_delivered(dtype), p) for p in promised], spelling


def test_every_type_is_spelled_as_duckdb_spells_it() -> None:
    select = (
        "true, 1::tinyint, 1::smallint, 1::bigint, 1::hugeint, 1::utinyint, 1::ubigint, 1::float, 1::double, 1.5,"
        " 'a', 'a'::enum('a'), uuid(), date '2024-01-01', now(), now()::timestamp, [1.5], time '12:00', {'a': 1}"
    )
    described = duckdb.connect().execute(f"describe select {select}").fetchall()
    kinds = [str(duckdb_delivered(row[1]).kind) for row in described]
    assert kinds == [
        "boolean", *["whole number"] * 6, *["floating point"] * 2, "decimal", *["text"] * 3, "date",
        "timestamp with zone", "timestamp without zone", "list", "other", "other",
    ]  # fmt: skip


def test_untyped_nulls_of_duckdb_are_decided_by_their_values() -> None:
    assert conversion(duckdb_delivered("INTEGER"), STRING) is Conversion.ONLY_NULLS
    assert conversion(duckdb_delivered("INTEGER"), LONG) is Conversion.UNCHANGED
    assert conversion(duckdb_delivered("INTEGER[]"), ColumnType("array", item=STRING)) is Conversion.ONLY_NULLS
    assert conversion(duckdb_delivered("INTEGER"), ColumnType("array", item=STRING)) is Conversion.ONLY_NULLS
    assert conversion(duckdb_delivered("BIGINT"), STRING) is Conversion.REFUSED


def test_a_refusal_says_what_to_write_instead() -> None:
    assert "time zone" in explain_refusal(polars_delivered(pl.Datetime("us")), TIMESTAMP)
    assert "time zone" in explain_refusal(polars_delivered(UTC), DATE)
    assert "cast it in the transform" in explain_refusal(polars_delivered(pl.String()), LONG)
    assert "a boolean is not a long" in explain_refusal(polars_delivered(pl.Boolean()), LONG)


whole = st.sampled_from([pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt32(), pl.UInt64()])
decimals = st.integers(1, 38).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, p)))


@given(delivered=st.one_of(whole.map(polars_delivered), decimals.map(lambda ps: _decimal(*ps))), data=st.data())
def test_unchanged_means_that_every_value_is_there_and_range_that_only_its_size_can_fail(
    delivered: DeliveredType, data: st.DataObject
) -> None:
    promised = data.draw(
        st.one_of(st.sampled_from([LONG, INTEGER]), decimals.map(lambda ps: ColumnType("decimal", *ps)))
    )
    how = conversion(delivered, promised)
    value = data.draw(_values(delivered))
    units = value * 10**promised.scale
    greatest = 10**promised.precision if promised.name == "decimal" else 2 ** (63 if promised is LONG else 31)
    fits = -greatest <= units < greatest if promised.name != "decimal" else abs(units) < greatest
    if how is Conversion.UNCHANGED:
        assert units.denominator == 1
        assert fits
    if how is Conversion.RANGE:
        assert units.denominator == 1


def _decimal(precision: int, scale: int) -> DeliveredType:
    return DeliveredType(TypeFamily.DECIMAL, "", precision=precision, scale=scale)


def _values(delivered: DeliveredType) -> st.SearchStrategy[Fraction]:
    if delivered.kind is TypeFamily.DECIMAL:
        most = 10**delivered.precision - 1
        return st.integers(-most, most).map(lambda units: Fraction(units, 10**delivered.scale))
    return st.integers(delivered.least, delivered.greatest).map(Fraction)


@given(units=st.integers(-(10**15) + 1, 10**15 - 1), scale=st.integers(0, 15))
def test_a_decimal_of_fifteen_digits_survives_a_double(units: int, scale: int) -> None:
    exact = Decimal(units).scaleb(-scale)
    assert round(Fraction(float(exact)) * 10**scale) == units
