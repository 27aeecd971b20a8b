"""Parquet exports: columns by name, typed values kept exactly or rejected, text as strictly as in text files."""

import datetime as dt
import hashlib
import json
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from bankmesh.contracts.model import ColumnType
from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources import fingerprint
from bankmesh.sources.declarations.source_declaration import SourceColumn
from bankmesh.sources.parquet_landing import land_parquet
from bankmesh.sources.parsing.stored_value_conversion import typed_value
from bankmesh.sources.parsing.text_conversion import Converter

PARQUET = 'format: {kind: parquet}\nrejects_tolerated: "100%"'
COLUMNS = """
n: {type: long, required: true, classification: internal, description: A number.}
t: {type: string, classification: restricted, description: A text.}
a: {type: "decimal(6,2)", classification: confidential, description: An amount.}
"""
UTC = dt.UTC
AMOUNT = SourceColumn(**dict.fromkeys(SourceColumn.__dataclass_fields__))


def local(*parts: int) -> dt.datetime:
    """A moment without a zone, as files have them."""
    return dt.datetime(*parts)  # noqa: DTZ001


@pytest.fixture
def land_table(exports):
    """Land a table with the given columns; gives the landing."""

    def land(columns: str, table: dict | pa.Table, *, more: str = PARQUET, row_group_size: int | None = None):
        made = table if isinstance(table, pa.Table) else pa.table(table)
        parquet.write_table(made, exports.base / "thing.parquet", row_group_size=row_group_size)
        return exports.land(exports.declare(columns, file="thing.parquet", more=more))

    return land


@pytest.fixture
def landed_values(land_table, rows_of):
    """Land one column `v`; gives the values that landed and the reasons of the rejects."""

    def values(column: str, array: pa.Array):
        text = f"v: {{{column}, classification: internal, description: A value.}}"
        landing = land_table(text, {"v": array})
        assert landing.balanced
        return [row[0] for row in rows_of(landing)], pl.read_parquet(landing.rejects_paths)["reason"].to_list()

    return values


def test_columns_are_found_by_name_whatever_their_order(land_table, rows_of, exports):
    landing = land_table(COLUMNS, {"a": [1.5, None], "t": ["", "x"], "n": [1, 2]}, more=f"{PARQUET}\nfile_as: source")
    assert rows_of(landing) == [(1, "", Decimal("1.50"), "thing.parquet"), (2, "x", None, "thing.parquet")]
    path = exports.base / "thing.parquet"
    [file] = landing.files
    assert (file.size, file.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert (landing.rows_in, landing.rows, landing.rejects, landing.blank_lines) == (2, 2, 0, 0)


def test_a_reject_has_the_number_of_its_row_and_the_row_as_json(land_table, rejects_of):
    table = {"n": [1, None, 3, 4], "t": ["é", "b", "c", "d"], "a": [1.25, 1.0, 2.345, None]}
    landing = land_table(COLUMNS, table, row_group_size=2)
    rejects = [(line, json.loads(raw), reason, column) for line, raw, reason, column in rejects_of(landing)]
    assert rejects == [
        (2, {"n": None, "t": "b", "a": 1.0}, "n: required, but missing", "n"),
        (3, {"n": 3, "t": "c", "a": 2.345}, "a: does not fit decimal(6,2)", "a"),
    ]
    assert (landing.rows_in, landing.rows, landing.balanced) == (4, 2, True)


@pytest.mark.parametrize("rows_at_once", [1, 7, 1000])
def test_where_pieces_are_cut_changes_nothing(exports, monkeypatch, rows_of, rejects_of, rows_at_once):
    monkeypatch.setattr(
        "bankmesh.sources.object_landing.land_parquet", lambda *given: land_parquet(*given, rows_at_once=rows_at_once)
    )
    table = pa.table({"n": list(range(100)), "t": ["x"] * 100, "a": [0.001 if n % 9 == 0 else 1.0 for n in range(100)]})
    parquet.write_table(table, exports.base / "thing.parquet", row_group_size=13)
    landing = exports.land(exports.declare(COLUMNS, file="thing.parquet", more=PARQUET))
    assert [row[0] for row in rows_of(landing)] == [n for n in range(100) if n % 9]
    assert [row[0] for row in rejects_of(landing)] == [n + 1 for n in range(0, 100, 9)]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"n": [1], "t": ["x"]}, "the columns differ: it lacks a"),
        ({"n": [1], "t": ["x"], "a": [1.0], "b": [1]}, "the columns differ: not declared are b"),
        ({"N": [1], "t": ["x"], "a": [1.0]}, "the columns differ: it lacks n; not declared are N"),
        (pa.Table.from_arrays([pa.array([1])] * 4, ["n", "t", "a", "a"]), "the columns differ: it has twice a"),
    ],
)
def test_other_columns_are_refused(land_table, table, problem):
    with pytest.raises(LegacyFileError) as caught:
        land_table(COLUMNS, table)
    assert (caught.value.problem, caught.value.expected) == (problem, "3 columns: n, t, a")


def test_a_column_named_by_a_pattern(land_table, rows_of):
    columns = COLUMNS.replace("t: {", '"t[0-9]+": {as: t, header_pattern: true, ', 1)
    assert rows_of(land_table(columns, {"t99": ["x"], "n": [1], "a": [1.0]})) == [(1, "x", Decimal(1))]
    with pytest.raises(LegacyFileError, match="it has twice"):
        land_table(columns, {"t99": ["x"], "t1": ["x"], "n": [1], "a": [1.0]})


@pytest.mark.parametrize(
    ("column", "array", "landed", "faults"),
    [
        ("type: long", pa.array([1, -(2**63), None]), [1, -(2**63), None], 0),
        ("type: long", pa.array([2**63, 7], pa.uint64()), [7], 1),
        ("type: integer", pa.array([2**31, 2**31 - 1]), [2**31 - 1], 1),
        ("type: long", pa.array([1.0, 1.5, float("nan"), 2.0**63, -0.0]), [1, 0], 3),
        ("type: long", pa.array([Decimal("1.00"), Decimal("1.01")]), [1], 1),
        ('type: "decimal(6,2)"', pa.array([9999, 10_000]), [Decimal(9999)], 1),
        ('type: "decimal(6,2)"', pa.array([Decimal("1.230"), Decimal("1.234")]), [Decimal("1.23")], 1),
        ('type: "decimal(6,2)"', pa.array([14.36, 0.07, -1.1, 1.005]), [Decimal(s) for s in ("14.36", "0.07", "-1.1")], 1),
        ('type: "decimal(6,2)"', pa.array([Decimal("99999.00"), Decimal("1.00")]), [Decimal(1)], 1),
        ("type: integer", pa.array([Decimal(2**31), Decimal(-(2**31))]), [-(2**31)], 1),
        ('type: "decimal(6,2)"', pa.array([9999.99, -9999.99, 9999.996]), [Decimal("9999.99"), Decimal("-9999.99")], 1),
        ('type: "decimal(38,10)"', pa.array([1e27, 1e28, -1e38, 0.5]), [Decimal("0.5")], 3),
        ('type: "decimal(6,2)"', pa.array([1e4, float("inf"), float("nan"), 1e300]), [], 4),
        ('type: "decimal(6,2)"', pa.array([14.36, 0.005], pa.float32()), [Decimal("14.36")], 1),
        ('type: "decimal(30,2)"', pa.array([9999999999999.99, 90071992547409.92]), [Decimal("9999999999999.99")], 1),
        ("type: double", pa.array([1.5, float("nan"), float("-inf")]), [1.5], 2),
        ("type: double", pa.array([2**53, 2**53 + 1]), [2.0**53], 1),
        ("type: double", pa.array([0.1], pa.float32()), [0.10000000149011612], 0),
        ("type: boolean", pa.array([True, None, False]), [True, None, False], 0),
        ("type: boolean, codes: {Y: true, N: false}", pa.array(["Y", "N", "y"]), [True, False], 1),
        ("type: date", pa.array([dt.date(2024, 2, 29), None]), [dt.date(2024, 2, 29), None], 0),
        ("type: date", pa.array([local(2024, 1, 1), local(2024, 1, 1, 0, 0, 1)]), [dt.date(2024, 1, 1)], 1),
        ('type: date, format: "%Y-%m-%d"', pa.array(["2024-01-31", "2024-1-31"]), [dt.date(2024, 1, 31)], 1),
        ("type: timestamp, timezone: UTC", pa.array([1_000, 1_001], pa.timestamp("ns")), [dt.datetime(1970, 1, 1, 0, 0, 0, 1, UTC)], 1),
        ("type: timestamp", pa.array([0], pa.timestamp("ms", "Europe/Prague")), [dt.datetime(1970, 1, 1, tzinfo=UTC)], 0),
        (
            "type: timestamp, timezone: Europe/Prague",
            pa.array([local(2024, 7, 1, 2), local(2024, 3, 31, 2, 30)]),
            [dt.datetime(2024, 7, 1, tzinfo=UTC)],
            1,
        ),
        ("type: long, read: prefixed_id", pa.array(["C007", "7"]), [7], 1),
        ('type: "decimal(6,2)"', pa.array(["1.5", "1.234", "x"]), [Decimal("1.5")], 2),
        ('type: string, missing: ["", "NA"]', pa.array(["", "NA", "x"]), [None, None, "x"], 0),
        ('type: string, missing: [""], required: true', pa.array(["", None, "x"]), ["x"], 2),
        ('type: string, pattern: "[A-Z]+"', pa.array(["AB", "ab"]), ["AB"], 1),
        ("type: string, codes: {A: ALPHA}", pa.array(["A", "B", "A"]).dictionary_encode(), ["ALPHA", "ALPHA"], 1),
        ("type: string", pa.array(["x"], pa.large_string()), ["x"], 0),
        ("type: long", pa.nulls(2), [None, None], 0),
    ],
)  # fmt: skip
def test_values_land_exactly_or_not_at_all(landed_values, column, array, landed, faults):
    values, reasons = landed_values(column, array)
    assert values == landed
    assert len(reasons) == faults


@pytest.mark.parametrize(
    ("column", "array", "problem"),
    [
        ("type: string", pa.array([1]), "stored as int64. Expected a type that can be read as string without loss"),
        ("type: string", pa.array([b"x"]), "stored as binary"),
        ("type: string", pa.array([["x"]]), "stored as list<"),
        ("type: boolean", pa.array([1]), "stored as int64"),
        ("type: date", pa.array([20240101]), "stored as int64"),
        ("type: date", pa.array([0], pa.timestamp("us", "UTC")), "stored as timestamp"),
        ("type: timestamp", pa.array([dt.date(2024, 1, 1)]), "stored as date32"),
        ("type: double", pa.array([Decimal("1.5")]), "stored as decimal128"),
        ("type: date", pa.array(["2024-01-01"]), "stored as string. Expected a date, or a `format` by which"),
        (
            "type: timestamp",
            pa.array([0], pa.timestamp("us")),
            "stored as timestamp[us]. Expected a `timezone` of the column",
        ),
        (
            'type: "decimal(6,2)", thousands: ","',
            pa.array([1.5]),
            "Expected text, which `decimal`, `thousands` or `minus` of",
        ),
        ("type: timestamp", pa.array(["2024-01-01"]), "stored as string. Expected a timestamp, or a `format` by which"),
        ('type: date, format: "%Y"', pa.array([dt.date(2024, 1, 1)]), None),
        ('type: date, format: "%Y-%m-%d"', pa.array([dt.date(2024, 1, 1)]), "Expected text, which `format` of"),
        ("type: long, read: prefixed_id", pa.array([1]), "Expected text, which `read` of"),
    ],
)
def test_types_that_do_not_meet_are_refused_for_the_whole_file(landed_values, column, array, problem):
    with pytest.raises(LegacyFileError if problem else SourceFaults) as caught:
        landed_values(column, array)
    assert (problem or "bad-format") in str(caught.value)


TEXT = {"string", "large_string", "dictionary<values=string, indices=int32, ordered=0>", "null"}
WHOLE = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
FLOATS = {"float", "double"}
DECIMALS = {"decimal128(38, 0)", "decimal128(10, 4)"}
LOCAL = {"timestamp[ns]", "timestamp[us]", "timestamp[ms]"}
ZONED = {"timestamp[us, tz=UTC]", "timestamp[ms, tz=Europe/Prague]"}
NEVER = [
    pa.bool_(), pa.time64("us"), pa.duration("us"), pa.binary(), pa.list_(pa.string()), pa.list_(pa.int64()),
    pa.struct([("a", pa.string())]), pa.map_(pa.string(), pa.string()),
]  # fmt: skip
STORED = [
    pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.null(), pa.int8(), pa.int16(), pa.int32(),
    pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(38, 0),
    pa.decimal128(10, 4), pa.date32(), pa.timestamp("ns"), pa.timestamp("us"), pa.timestamp("ms"),
    pa.timestamp("us", "UTC"), pa.timestamp("ms", "Europe/Prague"), *NEVER,
]  # fmt: skip
TAKEN = {
    "type: string": TEXT,
    "type: boolean": TEXT | {"bool"},
    "type: long": TEXT | WHOLE | FLOATS | DECIMALS,
    "type: integer": TEXT | WHOLE | FLOATS | DECIMALS,
    'type: "decimal(12,2)"': TEXT | WHOLE | FLOATS | DECIMALS,
    "type: double": TEXT | WHOLE | FLOATS,
    "type: date": {"date32[day]"} | LOCAL,
    "type: timestamp": ZONED,
    "type: timestamp, timezone: Europe/Prague": ZONED | LOCAL,
    'type: date, format: "%Y-%m-%d"': TEXT,
    "type: timestamp, format: iso8601": TEXT,
}


@pytest.mark.parametrize(("column", "taken"), TAKEN.items(), ids=list(TAKEN))
def test_which_stored_type_is_taken_for_which_declared_one(exports, column, taken):
    """Text is read as text is; of other types only those that hold the same kind of value are ever taken."""
    obj = exports.declare(f"v: {{{column}, classification: internal, description: D.}}", more=PARQUET)
    found = set()
    for stored in STORED:
        parquet.write_table(pa.table({"v": pa.nulls(1, stored)}), exports.base / "thing.txt")
        try:
            exports.land(obj)
        except LegacyFileError:
            continue
        found.add(str(stored))
    assert found == taken


WHOLE_NUMBERS = st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-300, 300)), min_size=1)


@given(WHOLE_NUMBERS)
def test_a_whole_number_is_a_double_only_if_no_bit_of_it_changes(numbers):
    column = SourceColumn(
        **vars(AMOUNT) | {"name": "a", "type": ColumnType("double"), "missing": (), "required": False}
    )
    convert = Converter([column], {0: typed_value("c0", column, pl.Int64())})
    made = convert(pa.table({"c0": pa.array(numbers, pa.int64())}))
    assert [int(value) for value in made.rows["a"]] == [number for number in numbers if int(float(number)) == number]


def test_a_text_file_needs_the_format_that_parquet_does_not(exports):
    with pytest.raises(SourceFaults, match="needs a format"):
        exports.declare("d: {type: date, classification: internal, description: Day.}")


def test_a_file_without_rows_is_refused_unless_the_object_may_be_empty(land_table):
    empty = pa.table({"n": pa.array([], pa.int64()), "t": pa.array([], pa.string()), "a": pa.array([], pa.float64())})
    with pytest.raises(LegacyFileError, match="the file has no rows"):
        land_table(COLUMNS, empty)
    landing = land_table(COLUMNS, empty, more=f"{PARQUET}\nmay_be_empty: true")
    assert (landing.rows_in, landing.balanced) == (0, True)


def test_damaged_files_are_refused(exports, land_table):
    land_table(COLUMNS, {"n": list(range(5000)), "t": ["text"] * 5000, "a": [1.0] * 5000})
    obj = exports.declare(COLUMNS, file="thing.parquet", more=PARQUET)
    path = exports.base / "thing.parquet"
    whole = path.read_bytes()
    for damaged in (
        b"",
        b"n;t;a\n1;x;1\n",
        whole[:-1],
        whole[: len(whole) // 2],
        b"PAR1" + b"\xff" * 500 + whole[504:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(LegacyFileError, match="is not valid Parquet"):
            exports.land(obj)


def test_text_that_is_no_utf8_is_refused(land_table):
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    with pytest.raises(LegacyFileError, match="is not valid Parquet"):
        land_table(COLUMNS, pa.table({"n": [1], "t": broken, "a": [1.0]}))


def test_control_files_of_parquet_objects_are_plain_text(exports, land_table):
    columns = "d: {type: date, classification: internal, description: Day.}"
    more = f"{PARQUET}\ncomplete_through: {{control_file: c.csv, otherwise: last_day, column: d}}"
    table = {"d": [dt.date(2024, 5, 30), dt.date(2024, 5, 31)]}
    assert land_table(columns, table, more=more).complete_through == dt.date(2024, 5, 31)
    exports.write(b"object,rows,complete_through\nthing,2,2024-05-30\n", "c.csv")
    assert land_table(columns, table, more=more).complete_through == dt.date(2024, 5, 30)
    exports.write(b"object,rows,complete_through\nthing,3,2024-05-30\n", "c.csv")
    with pytest.raises(LegacyFileError, match="says 3 rows of thing; the export has 2"):
        land_table(columns, table, more=more)


def test_parquet_has_a_fingerprint_like_any_file(exports, land_table):
    land_table(COLUMNS, {"n": [1], "t": ["x"], "a": [1.0]})
    obj = exports.declare(COLUMNS, file="thing.parquet", more=PARQUET)
    before = fingerprint(obj, exports.base)
    land_table(COLUMNS, {"n": [2], "t": ["x"], "a": [1.0]})
    assert fingerprint(obj, exports.base) != before
    assert exports.declare(COLUMNS, file="thing.parquet").digest != obj.digest


def test_a_whole_system_may_be_parquet(exports):
    assert exports.declare(more="format: {kind: parquet}").format.kind == "parquet"
    with pytest.raises(SourceFaults, match="is parquet; delimiter is for text"):
        exports.declare(more='format: {kind: parquet, delimiter: ";"}')
    with pytest.raises(SourceFaults, match="kind of format of object thing is orc; allowed: text, parquet"):
        exports.declare(more="format: {kind: orc}")


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), st.integers(0, 4))
def test_every_decimal_that_was_written_as_a_double_comes_back(units, scale):
    column = SourceColumn(
        **vars(AMOUNT)
        | {"name": "a", "header": "a", "type": ColumnType("decimal", 20, scale), "required": True, "missing": ()}
    )
    wanted = [Decimal(n).scaleb(-scale) for n in units]
    convert = Converter([column], {0: typed_value("c0", column, pl.Float64())})
    made = convert(pa.table({"c0": [float(value) for value in wanted]}))
    assert not made.faulty
    assert made.rows["a"].to_list() == wanted
