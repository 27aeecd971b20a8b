"""Code tables by the names of files: each file has exactly one, or is refused."""

import polars as pl
import pytest

from bankmesh.errors import LegacyFileError, SourceFaults

OLD, NEW, REST = (
    '{files: "loans_2019*", codes: {A: DONE}}',
    '{files: ["loans_2020*"], codes: {"1": DONE}}',
    "{codes: {F: DONE}}",
)
STATUS = "n: {{type: long, required: true, classification: internal, description: N.}}\ns: {{type: {}, codes: {}, classification: internal, description: S.}}"
MORE = 'rejects_tolerated: "100%"\nfile_as: source'


def declared(exports, *tables: str, kind: str = "string"):
    return exports.declare(STATUS.format(kind, f"[{', '.join(tables)}]"), more=MORE, file="*.txt")


def put(exports, **files: str) -> None:
    for name, content in files.items():
        exports.write(f"n;s\n{content}\n".encode(), f"{name}.txt")


def test_two_code_sets_of_one_system_follow_one_another(exports, rejects_of):
    put(exports, loans_201901="1;A\n2;1", loans_202001="3;1\n4;A", loans_202101="5;F\n6;A\n7;")
    landing = exports.land(declared(exports, OLD, NEW, REST))
    rows = pl.read_parquet(landing.rows_paths).select("n", "s").rows()
    assert rows == [(1, "DONE"), (3, "DONE"), (5, "DONE"), (7, None)]
    assert [(raw, reason) for _, raw, reason, _ in rejects_of(landing)] == [
        ("2;1", "s: not in the code table, which knows A"),
        ("4;A", "s: not in the code table, which knows 1"),
        ("6;A", "s: not in the code table, which knows F"),
    ]
    assert landing.balanced


def test_booleans_have_tables_too(exports):
    tables = '{files: "a*", codes: {Y: true, N: false}}', "{codes: {J: true, N: false}}"
    put(exports, a="1;Y\n2;N", b="3;J")
    landing = exports.land(declared(exports, *tables, kind="boolean"))
    assert pl.read_parquet(landing.rows_paths)["s"].to_list() == [True, False, True]


def test_a_file_with_two_tables_or_none_is_refused(exports):
    put(exports, loans_201901="1;A")
    with pytest.raises(LegacyFileError, match=r"column s: the file has several code tables: loans_2019\*; \*01\*"):
        exports.land(declared(exports, OLD, '{files: "*01*", codes: {A: X}}', REST))
    with pytest.raises(LegacyFileError, match=r"column s: the file has no code table: loans_2020\*"):
        exports.land(declared(exports, NEW))


def test_the_tables_are_part_of_the_meaning_and_of_lineage(exports):
    one, other = declared(exports, OLD, REST), declared(exports, OLD.replace("A", "B"), REST)
    assert one.digest != other.digest
    assert all(column.has_codes == (column.name == "s") for column in one.columns)


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ((OLD, OLD), r"loans_2019\* is listed twice"),
        ((REST, REST), "several tables are for all other files"),
        ((), "codes of column thing.s is empty"),
        (('{files: "a"}',), "codes 1 of column thing.s needs codes"),
        (("{files: [], codes: {A: B}}",), "lists none"),
        (("{file: a, codes: {A: B}}",), "has no key file"),
        (("{codes: {}}",), "codes of codes 1 of column thing.s is empty"),
        (("x",), "must be a mapping"),
    ],
)
def test_impossible_tables_are_faults(exports, tables, problem):
    with pytest.raises(SourceFaults, match=problem):
        declared(exports, *tables)
