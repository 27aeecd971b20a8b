"""Every kind of rule against known answers: pass, fail, nulls, zero rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    Expectation,
    InvalidValues,
    MissingReferences,
    MissingValues,
    NullValues,
    RowCount,
    SchemaMatches,
    SqlMeasure,
)
from bankmesh.contracts.model import Comparison, Operator, Severity
from bankmesh.quality.gate import GateRelations, Outcome, evaluate

ANY = Comparison(Operator.GREATER_OR_EQUAL, 0)
NAN = float("nan")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "column", "values", "failing"),
    [
        (NullValues("name"), "name", ["a", None, "", None], 2),
        (NullValues("tags"), "tags", [["a"], None, []], 1),
        (MissingValues("name", (None, "", "N/A")), "name", ["a", None, "", "N/A", "n/a"], 3),
        (MissingValues("name", ("",)), "name", ["a", None, ""], 1),
        (MissingValues("id", (None, -1, "N/A")), "id", [1, -1, None, 0], 2),
        (MissingValues("day", (date(1900, 1, 1),)), "day", [date(1900, 1, 1), None, date(2024, 1, 1)], 1),
        (MissingValues("name", ()), "name", ["a", None], 0),
        (InvalidValues("name", valid_values=("a", "b'c")), "name", ["a", "b'c", "c", None], 1),
        (InvalidValues("name", valid_values=()), "name", ["a", None], 1),
        (InvalidValues("small", valid_values=(1, 2)), "small", [1, 2, 3, None], 1),
        (InvalidValues("amount", valid_values=(Decimal("1.50"),)), "amount", [Decimal("1.5"), Decimal(2)], 1),
        (InvalidValues("flag", valid_values=(True,)), "flag", [True, False, None], 1),
        (InvalidValues("name", pattern="[a-z]+"), "name", ["abc", "abc1", "", None, "ABC"], 3),
        (InvalidValues("name", pattern="a|bc"), "name", ["a", "bc", "abc"], 1),
        (InvalidValues("name", pattern="100% [:x] 'y' $1"), "name", ["100% : 'y' $1"], 1),
        (InvalidValues("name", min_length=2, max_length=3), "name", ["a", "ab", "abc", "abcd", None, "äöü"], 2),
        (InvalidValues("id", minimum=0), "id", [-1, 0, 1, None], 1),
        (InvalidValues("id", maximum=0), "id", [-1, 0, 1, None], 1),
        (InvalidValues("id", exclusive_minimum=0), "id", [-1, 0, 1, None], 2),
        (InvalidValues("id", exclusive_maximum=0), "id", [-1, 0, 1, None], 2),
        (InvalidValues("id", minimum=0, maximum=1.5), "id", [-1, 0, 1, 2, None], 2),
        (InvalidValues("amount", minimum=Decimal("0.01"), maximum=100), "amount", [0, Decimal("0.01"), 100, 101], 2),
        (InvalidValues("ratio", minimum=0.0), "ratio", [0.0, -0.1, NAN, None, float("inf")], 2),
        (InvalidValues("ratio", maximum=1.0), "ratio", [0.5, NAN, 1.1], 2),
        (InvalidValues("ratio", valid_values=(0.1,)), "ratio", [0.1, NAN, 0.2], 2),
        (InvalidValues("day", minimum="2024-01-02"), "day", [date(2024, 1, 1), date(2024, 1, 2), None], 1),
        (InvalidValues("day", maximum=date(2024, 1, 1)), "day", [date(2024, 1, 1), date(2024, 1, 2)], 1),
        (
            InvalidValues("at", minimum="2024-01-01T00:00:00"),
            "at",
            [instant("2024-01-01"), instant("2023-12-31T23:59:59")],
            1,
        ),
        (InvalidValues("at", minimum=instant("2024-01-01")), "at", [instant("2023-12-31T23:30:00")], 1),
        (InvalidValues("tags", valid_values=("a", "b")), "tags", [["a", "b"], ["a", "c"], [], None, [None]], 1),
        (InvalidValues("tags", pattern="[a-z]", max_length=1), "tags", [["a"], ["aa", "bb"], ["B"]], 2),
        (InvalidValues("scores", minimum=0, maximum=1), "scores", [[0.5, -1.0], [0.5], [2.0, None], []], 2),
        (InvalidValues("name"), "name", ["a", None], 0),
        (DuplicateValues(("name",)), "name", ["a", "a", "a", "b", None, None], 2),
        (DuplicateValues(("id",)), "id", [1, 2, 2, 3, 3, 3, None, None], 3),
        (DuplicateValues(("id",)), "id", [None, None], 0),
        (DuplicateValues(("id",)), "id", [-(2**62), 2**62, 2**62], 1),
        (DuplicateValues(("ratio",)), "ratio", [0.0, -0.0, 1.0], 1),
    ],
)
def test_measures(shop, rule, column, values, failing):
    result = shop.judge([column], [[value] for value in values], rule)
    assert result.failing_rows == failing, result.message
    assert result.observed == failing
    assert result.rows == len(values)
    assert result.outcome is (Outcome.FAILED if failing else Outcome.PASSED)


@pytest.mark.parametrize(
    "rule",
    [
        SchemaMatches(),
        RowCount(),
        NullValues("name"),
        MissingValues("name", (None, "")),
        InvalidValues("name", valid_values=("a",), pattern="a", min_length=1),
        InvalidValues("tags", valid_values=("a",)),
        InvalidValues("ratio", minimum=0),
        DuplicateValues(("id",)),
        DuplicateValues(("id", "name")),
        MissingReferences(("id",), "retail.account", ("id",)),
        SqlMeasure("select count(*) from ${table} where id < 0", None),
        SqlMeasure("select avg(${column}) from ${table}", "ratio"),
        Expectation("expect_column_values_to_not_be_null", {"column": "name"}),
        Expectation("expect_column_values_to_match_regex", {"column": "name", "regex": "a"}),
    ],
    ids=lambda rule: type(rule).__name__,
)
@pytest.mark.parametrize("unit", ["rows", "percent"])
def test_zero_rows_pass(shop, rule, unit):
    account = shop.table("account", ["id"])
    columns = ["id", "name", "ratio", "tags"]
    comparison = None if isinstance(rule, SchemaMatches | Expectation) else Comparison(Operator.BE, 0, unit)
    result = shop.judge(columns, [], rule, comparison, relations={"references": {"retail.account": account}})
    assert result.outcome is Outcome.PASSED, result.message
    assert not result.observed


def test_nan_in_an_array_breaks_a_bound(shop, connection):
    contract = shop.contract(["scores"], [shop.clause(InvalidValues("scores", minimum=0))])
    relation = "(select unnest([['nan'::double], [1.0], []]) as scores)"
    assert evaluate(contract, GateRelations(relation), connection).results[0].failing_rows == 1


def test_composite_key_leaves_out_rows_with_a_null(shop):
    rows = [(1, "a"), (1, "a"), (1, "b"), (1, None), (1, None), (2, "a")]
    assert shop.judge(["id", "name"], rows, DuplicateValues(("id", "name"))).failing_rows == 1


def test_references(shop):
    account = shop.table("account", ["id", "name"], [(1, "a"), (2, "b"), (None, None)])
    relations = {"references": {"retail.account": account}}
    rows = [(1, "a"), (2, "a"), (3, "c"), (None, "a"), (1, None)]
    one = shop.judge(["id", "name"], rows, MissingReferences(("id",), "retail.account", ("id",)), relations=relations)
    both = MissingReferences(("id", "name"), "retail.account", ("id", "name"))
    two = shop.judge(["id", "name"], rows, both, relations=relations)
    assert (one.failing_rows, one.rows) == (1, 5)
    assert two.failing_rows == 2
    assert "retail.account" in one.message


def test_references_that_were_not_given_or_cannot_be_read_are_errors(shop):
    rule = MissingReferences(("id",), "retail.account", ("id",))
    absent = shop.judge(["id"], [(1,)], rule)
    broken = shop.judge(["id"], [(1,)], rule, relations={"references": {"retail.account": "nowhere"}})
    assert absent.outcome is broken.outcome is Outcome.ERRORED
    assert "received no published rows of retail.account" in absent.message
    assert "cannot be read" in broken.message


def test_row_count_and_percent(shop):
    rows = [("a",), (None,), (None,), (None,)]
    assert shop.judge(["name"], rows, RowCount(), Comparison(Operator.BETWEEN, [4, 5])).observed == 4
    result = shop.judge(["name"], rows, NullValues("name"), Comparison(Operator.LESS, 75, "percent"))
    assert (result.observed, result.failing_rows, result.outcome) == (75.0, 3, Outcome.FAILED)
    assert "75 % of 4" in result.message
    assert "must be less than 75 %" in result.message


def test_severity_warning_warns(shop):
    result = shop.judge(["name"], [(None,)], NullValues("name"), severity=Severity.WARNING)
    assert result.outcome is Outcome.WARNED


@pytest.mark.parametrize(
    ("query", "observed"),
    [
        ("select count(*) from ${table} where ${column} > 1;", 1),
        ("select count(*) from ${table} where name like '%:a%' or name = '$1'", 1),
        ("SELECT sum(ratio) FROM ${table}", 3.0),
        ("select max(id)::decimal(10, 2) from ${table}", 2.0),
        ("with t as (select * from ${table}) select count(distinct name) from t", 2),
        ("select count(*) > 1 from ${table}", 1),
    ],
)
def test_sql_measures(shop, query, observed):
    rows = [(1, "x:a", 1.0), (2, None, 2.0), (0, "b", None)]
    result = shop.judge(["id", "name", "ratio"], rows, SqlMeasure(query, "id"), ANY)
    assert result.observed == observed, result.message
    assert result.failing_rows is None


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select id from ${table}", "returns 2 rows of 1 columns"),
        ("select id from ${table} where false", "returns no row"),
        ("select count(*), 1 from ${table}", "returns 1 rows of 2 columns"),
        ("select 'a' || count(*) from ${table}", "returns a str"),
        ("select null from ${table} limit 1", "returns null"),
        ("select 'nan'::double", "not finite"),
        ("select count(* from ${table}", "not valid SQL"),
        ("select count(*) from ${table} where nope > 1", "nope"),
    ],
)
def test_sql_measures_that_are_no_number_are_errors(shop, query, why):
    result = shop.judge(["id"], [(1,), (2,)], SqlMeasure(query, None))
    assert result.outcome is Outcome.ERRORED
    assert why in result.message
    assert "bankmesh_gate" not in result.message


@pytest.mark.parametrize(
    ("select", "differences"),
    [
        ("1::bigint as id, 'a' as name, date '2024-01-01' as day", []),
        ("date '2024-01-01' as day, 1::bigint as id, 'a' as name", []),
        ("'a' as name, 1::bigint as id, date '2024-01-01' as day", ["the order of columns is not id, name"]),
        ("1 as id, 'a' as name, date '2024-01-01' as day", ["id is INTEGER, promised is BIGINT"]),
        ("1::bigint as id, 'a' as nom, date '2024-01-01' as day", ["name is missing", "nom is not promised"]),
        ("1::bigint as id, 'a' as name", ["day is missing"]),
    ],
)
def test_schema(shop, connection, select, differences):
    from bankmesh.contracts.model import Partitioning

    monthly = Partitioning("day", "month", "2024-01-01", None)
    contract = shop.contract(["id", "name", "day"], [shop.clause(SchemaMatches())], partitioning=monthly)
    (result,) = evaluate(contract, GateRelations(f"(select {select})"), connection).results
    assert result.observed == len(differences)
    assert all(difference in result.message for difference in differences)
    assert (result.outcome is Outcome.PASSED) == (not differences)


@pytest.mark.parametrize(
    ("kind", "arguments", "outcome", "observed"),
    [
        ("expect_column_values_to_not_be_null", {"column": "name"}, Outcome.FAILED, 1),
        ("expect_column_values_to_not_be_null", {"column": "name", "mostly": 0.5}, Outcome.PASSED, 1),
        ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["a", "b"]}, Outcome.PASSED, 0),
        ("expect_column_values_to_be_unique", {"column": "id"}, Outcome.FAILED, 2),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": "^a"}, Outcome.FAILED, 1),
        ("expect_column_values_to_not_match_regex", {"column": "name", "regex": "^a"}, Outcome.FAILED, 1),
        ("expect_column_values_to_be_between", {"column": "id", "min_value": 1}, Outcome.PASSED, 0),
        ("expect_column_value_lengths_to_equal", {"column": "name", "value": 1}, Outcome.PASSED, 0),
        ("expect_column_max_to_be_between", {"column": "id", "max_value": 1}, Outcome.FAILED, 2),
        ("expect_column_mean_to_be_between", {"column": "id", "min_value": 1, "max_value": 2}, Outcome.PASSED, None),
        ("expect_column_unique_value_count_to_be_between", {"column": "id", "min_value": 2}, Outcome.PASSED, 2),
        ("expect_table_row_count_to_equal", {"value": 3}, Outcome.PASSED, 3),
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["id", "name"]}, Outcome.PASSED, None),
        ("expect_column_to_exist", {"column": "name"}, Outcome.PASSED, None),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "id", "column_B": "id", "or_equal": True},
            Outcome.PASSED,
            0,
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "name"]}, Outcome.PASSED, 0),
        ("expect_table_row_count_to_equal", {"value": "x"}, Outcome.ERRORED, None),
        ("expect_column_values_to_not_be_null", {"column": "nope"}, Outcome.ERRORED, None),
        ("expect_column_values_to_not_be_null", {"colum": "name"}, Outcome.ERRORED, None),
        ("expect_the_unexpected", {}, Outcome.ERRORED, None),
    ],
)
def test_stock_expectations(shop, kind, arguments, outcome, observed):
    rows = [(1, "a"), (2, "b"), (2, None)]
    result = shop.judge(["id", "name"], rows, Expectation(kind, arguments))
    assert result.outcome is outcome, result.message
    if observed is not None:
        assert result.observed == observed


@pytest.mark.parametrize(
    ("operator", "value", "passing"),
    [
        (Operator.BE, 3, [3]),
        (Operator.NOT_BE, 3, [2, 4]),
        (Operator.GREATER, 3, [4]),
        (Operator.GREATER_OR_EQUAL, 3, [3, 4]),
        (Operator.LESS, 3, [2]),
        (Operator.LESS_OR_EQUAL, 3, [2, 3]),
        (Operator.BETWEEN, (3, 4), [3, 4]),
        (Operator.NOT_BETWEEN, (3, 4), [2]),
    ],
)
def test_comparisons(shop, operator, value, passing):
    shop.table("candidate", ["id"])
    contract = shop.contract(["id"], [shop.clause(RowCount(), Comparison(operator, value))])
    found = []
    for rows in (2, 3, 4):
        relation = f"(select i::bigint as id from range({rows}) as r(i))"
        found += [rows] if evaluate(contract, GateRelations(relation), shop.connection).publishable else []
    assert found == passing
