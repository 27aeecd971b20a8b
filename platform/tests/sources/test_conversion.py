"""What each type reads, and what it refuses."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

BASE = "classification: restricted, description: X."
UTC = dt.UTC


def moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=UTC)


CASES = [
    ("type: long", {"1": 1, "-17": -17, "007": 7, "+5": 5, "9223372036854775807": 2**63 - 1},
     ["1.0", " 1", "1 ", "1e3", "9223372036854775808", "x", "1_0", "--1", "0x1"]),
    ("type: integer", {"2147483647": 2**31 - 1, "-2147483648": -(2**31)}, ["2147483648", "1.5"]),
    ('type: "decimal(6,2)"', {"1": Decimal(1), "-1.5": Decimal("-1.5"), "9999.99": Decimal("9999.99")},
     ["1.005", "1.000", "10000.00", "1,5", "1e2", ".5", "1.", "", "NaN"]),
    ('type: "decimal(3,0)"', {"999": Decimal(999)}, ["1000", "1.0"]),
    ("type: double", {"1": 1.0, "-.5": -0.5, "1.5e3": 1500.0, "2.": 2.0}, ["NaN", "inf", "1e999", "1,5", ".", "e5"]),
    ("type: boolean", {"true": True, "false": False}, ["True", "1", "t", ""]),
    ("type: boolean, codes: {Y: true, N: false}", {"Y": True, "N": False}, ["true", "y"]),
    ("type: string", {"x": "x", " ": " ", "": ""}, []),
    ('type: string, pattern: "[A-Z]{2}|x"', {"AB": "AB", "x": "x"}, ["ABC", "A", "xAB", "ab"]),
    ("type: string, codes: {A: ALPHA, a: alpha}", {"A": "ALPHA", "a": "alpha"}, ["B", "ALPHA", " A"]),
    ('type: date, format: "%y%m%d", century: 1900', {"930101": dt.date(1993, 1, 1), "000229": None},
     ["93011", "9301011", "930230", "931301", "93-1-1", "19930101"]),
    ('type: date, format: "%y%m%d", century: 2000', {"000229": dt.date(2000, 2, 29)}, []),
    ('type: date, format: "%d.%m.%y", century: 1900', {"31.12.93": dt.date(1993, 12, 31)}, ["1.1.93", "31.12.1993"]),
    ('type: date, format: "%-m/%-d/%Y"', {"1/2/1993": dt.date(1993, 1, 2), "12/31/2000": dt.date(2000, 12, 31)},
     ["13/1/1993", "1/2/93", "1/32/1993", "1-2-1993"]),
    ('type: date, format: "%Y-%m-%d"', {"0001-01-01": dt.date(1, 1, 1)}, ["0000-01-01", "1993-1-01"]),
    ('type: date, format: "%y%m%d 00:00:00", century: 1900', {"931107 00:00:00": dt.date(1993, 11, 7)},
     ["931107 00:00:01", "931107"]),
    ('type: timestamp, format: "%Y-%m-%d %H:%M:%S"', {"1993-11-07 23:59:58": moment(1993, 11, 7, 23, 59, 58)},
     ["1993-11-07 24:00:00", "1993-11-07", "1993-11-07 23:59:58.1"]),
    ('type: timestamp, format: "%Y-%m-%d %H:%M:%S", timezone: Europe/Prague',
     {"1993-07-01 12:00:00": moment(1993, 7, 1, 10)}, ["2024-03-31 02:30:00", "2024-10-27 02:30:00"]),
    ("type: timestamp, format: iso8601",
     {"2024-05-31T23:59:59": moment(2024, 5, 31, 23, 59, 59), "2024-05-31 23:59:59Z": moment(2024, 5, 31, 23, 59, 59),
      "2024-05-31T23:59:59.25+02:00": moment(2024, 5, 31, 21, 59, 59, 250000),
      "2024-05-31T23:59:59-0030": moment(2024, 6, 1, 0, 29, 59), "2024-12-31T24:00:00": moment(2025, 1, 1),
      "2024-02-28 24:00:00.000": moment(2024, 2, 29), "2024-05-31T24:00:00+02:00": moment(2024, 5, 31, 22)},
     ["2024-05-31", "2024-05-31T23:59", "2024-02-30T00:00:00", "2024-05-31T23:59:59 Z", "2024-05-31T24:00:01Z", "2024-05-31T24:00",
      "2024-05-31T24:00:00.001", "2024-02-30T24:00:00", "2024-05-31T25:00:00", "9999-12-31T24:00:00"]),
    ("type: timestamp, format: iso8601, timezone: Europe/Prague",
     {"2024-07-01T12:00:00": moment(2024, 7, 1, 10), "2024-07-01T12:00:00Z": moment(2024, 7, 1, 12),
      "2024-06-30T24:00:00": moment(2024, 6, 30, 22)}, []),
    ("type: long, read: prefixed_id", {"C00000001": 1, "D42": 42}, ["1", "c1", "CC1", "C", "C1.0", "C-1"]),
    ("type: long, read: number_with_dot_zero", {"4587.0": 4587, "-1.0": -1}, ["4587", "4587.5", "4587.00"]),
    ("type: integer, read: any_id_spelling", {"C00000001": 1, "1": 1, "4587.0": 4587}, ["C1.0", "-1.0", "-1", "1.5"]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "good", "bad"), CASES, ids=[case[0] for case in CASES])
def test_a_type_reads_what_it_declares_and_nothing_else(exports, rows_of, rejects_of, declared, good, bad):
    obj = exports.declare(f"v: {{{declared}, {BASE}}}\n{'n: {type: long, ' + BASE}}}")
    good = {text: value for text, value in good.items() if value is not None}
    texts = [*good, *bad]
    lines = "".join(f'"{text}";{number}\r\n' for number, text in enumerate(texts))
    landing = exports.land(obj, f"v;n\r\n{lines}".encode())
    assert [row[0] for row in rows_of(landing)] == list(good.values())
    rejects = rejects_of(landing)
    assert [line for line, *_ in rejects] == [2 + len(good) + n for n in range(len(bad))]
    assert all(column == "v" for *_, column in rejects)
    assert landing.balanced


def test_types_land_as_declared(exports):
    declared = {
        "a": "type: string", "b": "type: long", "c": "type: integer", "d": 'type: "decimal(14,2)"', "e": "type: double",
        "f": 'type: date, format: "%Y-%m-%d"', "g": "type: timestamp, format: iso8601", "h": "type: boolean",
    }  # fmt: skip
    obj = exports.declare("\n".join(f"{name}: {{{kind}, {BASE}}}" for name, kind in declared.items()))
    landing = exports.land(obj, b"a;b;c;d;e;f;g;h\nx;1;2;3.5;4;2024-01-31;2024-01-31T00:00:00Z;true\n")
    assert pl.read_parquet_schema(landing.rows_paths[0]) == {
        "a": pl.String, "b": pl.Int64, "c": pl.Int32, "d": pl.Decimal(14, 2), "e": pl.Float64,
        "f": pl.Date, "g": pl.Datetime("us", "UTC"), "h": pl.Boolean,
    }  # fmt: skip


def test_kinds_of_missing_are_told_apart(exports, rows_of, rejects_of):
    obj = exports.declare(
        f"""
        n: {{type: long, {BASE}}}
        plain: {{type: string, {BASE}}}
        empty: {{type: string, missing: [""], {BASE}}}
        both: {{type: string, missing: ["", " "], {BASE}}}
        asked: {{type: integer, missing: ["?"], {BASE}}}
        """.replace("        ", "")
    )
    content = b'n;plain;empty;both;asked\n1;;;;\n2;"";"";"";?\n3;" ";" ";" ";"?"\n4;;;;""\n'
    landing = exports.land(obj, content)
    assert rows_of(landing) == [(1, None, None, None, None), (2, "", None, None, None), (3, " ", " ", None, None)]
    assert rejects_of(landing) == [(5, '4;;;;""', "asked: cannot be read as integer", "asked")]


def test_every_fault_of_a_row_is_told_and_never_its_value(exports, rejects_of):
    obj = exports.declare(
        f"""
        n: {{type: long, required: true, {BASE}}}
        k: {{type: string, codes: {{A: B}}, {BASE}}}
        p: {{type: string, pattern: "[0-9]+", {BASE}}}
        d: {{type: date, format: "%y%m%d", century: 1900, {BASE}}}
        i: {{type: long, read: prefixed_id, {BASE}}}
        """.replace("        ", "")
    )
    [(line, raw, reason, column)] = rejects_of(exports.land(obj, b"n;k;p;d;i\n;secret1;secret2;secret3;secret4\n"))
    assert (line, raw, column) == (2, ";secret1;secret2;secret3;secret4", "n")
    assert reason == (
        "n: required, but missing; k: not in the code table, which knows A; p: does not match the pattern; "
        'd: cannot be read as date written "%y%m%d"; i: cannot be read as long spelt as prefixed_id'
    )
    assert "secret" not in reason
