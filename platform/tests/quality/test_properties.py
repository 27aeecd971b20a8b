"""For any small table, what the gate measures is what a few lines of Python measure."""

from __future__ import annotations

import math
import re

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    InvalidValues,
    MissingReferences,
    MissingValues,
    NullValues,
    RowCount,
)
from bankmesh.contracts.model import Comparison, Operator
from bankmesh.quality.gate import GateRelations, evaluate

COLUMNS = ["id", "name", "ratio", "tags"]
texts = st.sampled_from([None, "", "a", "ab", "abc", "N/A", "b'c", "äö", "%s :x $1"])
ids = st.one_of(st.none(), st.integers(-3, 6), st.sampled_from([-(2**63), 2**63 - 1, 2**40]))
ratios = st.sampled_from([None, 0.0, -0.0, 0.5, 1.0, -1.5, math.nan, math.inf, -math.inf])
tags = st.one_of(st.none(), st.lists(texts, max_size=3))
rows = st.tuples(ids, texts, ratios, tags)
tables = st.lists(rows, max_size=12)


def out_of_bounds(rule, value):
    """Whether one value breaks one of the rule's bounds."""
    if value is None:
        return False
    bounds = [rule.minimum, rule.maximum, rule.exclusive_minimum, rule.exclusive_maximum]
    return (
        (rule.valid_values is not None and value not in rule.valid_values)
        or (rule.pattern is not None and not re.fullmatch(rule.pattern, value))
        or (rule.min_length is not None and len(value) < rule.min_length)
        or (rule.max_length is not None and len(value) > rule.max_length)
        or (rule.minimum is not None and value < rule.minimum)
        or (rule.maximum is not None and value > rule.maximum)
        or (rule.exclusive_minimum is not None and value <= rule.exclusive_minimum)
        or (rule.exclusive_maximum is not None and value >= rule.exclusive_maximum)
        or (isinstance(value, float) and math.isnan(value) and any(bound is not None for bound in bounds))
    )


def comparable(value):
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def repeats(keys):
    complete = [tuple(comparable(part) for part in key) for key in keys if None not in key]
    return len(complete) - len(set(complete))


def counted(rule, table, account):  # noqa: PLR0911 - one return for each kind of rule
    """The rule's measure, without SQL."""
    at = {name: n for n, name in enumerate(COLUMNS)}
    if isinstance(rule, RowCount):
        return len(table)
    if isinstance(rule, DuplicateValues):
        return repeats([tuple(row[at[name]] for name in rule.columns) for row in table])
    if isinstance(rule, MissingReferences):
        return sum(row[at["id"]] is not None and row[at["id"]] not in account for row in table)
    values = [row[at[rule.column]] for row in table]
    if isinstance(rule, NullValues):
        return sum(value is None for value in values)
    if isinstance(rule, MissingValues):
        return sum(value in rule.markers for value in values)
    if rule.column == "tags":
        return sum(value is not None and any(out_of_bounds(rule, one) for one in value) for value in values)
    return sum(out_of_bounds(rule, value) for value in values)


RULES = [
    RowCount(),
    NullValues("id"),
    NullValues("tags"),
    MissingValues("name", (None, "", "N/A")),
    MissingValues("name", ("b'c", "%s :x $1")),
    MissingValues("id", (-1,)),
    InvalidValues("name", valid_values=("a", "b'c")),
    InvalidValues("name", pattern="a.?|[äö]*", max_length=2),
    InvalidValues("name", min_length=1, max_length=2),
    InvalidValues("id", minimum=0, exclusive_maximum=5),
    InvalidValues("id", exclusive_minimum=-3, maximum=2**40),
    InvalidValues("ratio", minimum=-1.5, maximum=1),
    InvalidValues("ratio", exclusive_minimum=0.0),
    InvalidValues("tags", valid_values=("a", "ab", "")),
    InvalidValues("tags", pattern="[a-z]+", min_length=2),
    DuplicateValues(("id",)),
    DuplicateValues(("name",)),
    DuplicateValues(("ratio",)),
    DuplicateValues(("id", "name")),
    MissingReferences(("id",), "retail.account", ("id",)),
]


@pytest.fixture(scope="module")
def database():
    opened = duckdb.connect()
    yield opened
    opened.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables, account=st.lists(st.integers(-3, 6), max_size=4), percent=st.booleans())
def test_measures_are_what_python_counts(shop, database, table, account, percent):
    comparison = Comparison(Operator.GREATER_OR_EQUAL, 0, "percent" if percent else "rows")
    clauses = [shop.clause(rule, comparison, name=f"c{n}") for n, rule in enumerate(RULES)]
    shop.connection = database
    shop.table("candidate", COLUMNS, table)
    shop.table("account", ["id"], [(one,) for one in account])
    relations = GateRelations("candidate", references={"retail.account": "account"})
    result = evaluate(shop.contract(COLUMNS, clauses), relations, database)
    for found in result.results:
        expected = counted(found.clause.rule, table, account)
        assert found.outcome == "passed", found.message
        assert found.rows == len(table)
        wanted = (100 * expected / len(table) if table else 0) if percent else expected
        assert found.observed == pytest.approx(wanted), (found.clause.rule, found.message)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(new=tables, old=tables, key=st.sampled_from([("id",), ("name",), ("id", "name"), ("ratio",)]))
def test_uniqueness_of_a_partial_run_is_that_of_the_table(shop, database, new, old, key):
    at = [COLUMNS.index(name) for name in key]
    seen, kept = set(), []
    for row in old:  # kept rows have passed a gate: no key twice
        values = tuple(comparable(row[n]) for n in at)
        if None in values or values not in seen:
            seen.add(values)
            kept.append(row)
    shop.connection = database
    shop.table("candidate", COLUMNS, new)
    shop.table("kept", COLUMNS, kept)
    contract = shop.contract(COLUMNS, [shop.clause(DuplicateValues(key), whole_table=True)])
    relations = GateRelations("candidate", "(from candidate union all from kept)", kept="kept")
    (found,) = evaluate(contract, relations, database).results
    assert found.failing_rows == repeats([tuple(row[n] for n in at) for row in [*new, *kept]])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-200, 200)), max_size=60),
    st.integers(-(2**63), 2**63 - 1000),
)
def test_whole_number_keys_of_any_spread(values, offset):
    from bankmesh.quality.duplicate_counts import duplicates

    near = [None if value is None else offset + abs(value) % 1000 for value in values]
    with duckdb.connect() as connection:
        for keys in (values, near):
            connection.execute("create or replace table t (k bigint)")
            connection.executemany("insert into t values (?)", [[key] for key in keys] or [[None]])
            found = duplicates(lambda query: connection.execute(query).fetchone(), "t", ["k"], ["long"])
            known = [key for key in keys if key is not None]
            assert found == len(known) - len(set(known))
