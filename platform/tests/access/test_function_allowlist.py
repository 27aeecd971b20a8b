"""Every function of the installed DuckDB is reviewed; a new version's new functions fail here."""

from __future__ import annotations

from itertools import chain

import duckdb
import pytest

from bankmesh.access.queries.function_allowlist import (
    ALLOWED,
    REFUSED,
    REFUSED_RELATIONS,
    refused_because,
    relation_refused_because,
)


def _functions(*kinds: str) -> frozenset[str]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select function_name from duckdb_functions() where list_contains($1::varchar[], function_type)",
            [list(kinds)],
        ).fetchall()
    return frozenset(name for (name,) in rows)


def test_there_is_no_kind_of_function_that_the_lists_do_not_cover() -> None:
    with duckdb.connect() as connection:
        kinds = connection.execute("select distinct function_type from duckdb_functions()").fetchall()
    assert {kind for (kind,) in kinds} == {"scalar", "aggregate", "macro", "table", "table_macro", "pragma"}


def test_every_function_of_expressions_is_reviewed_once() -> None:
    reviewed = list(chain(*ALLOWED.values(), *REFUSED.values()))
    assert len(reviewed) == len(set(reviewed))
    assert set(reviewed) == _functions("scalar", "aggregate", "macro")


def test_every_table_function_and_pragma_is_reviewed_once() -> None:
    reviewed = list(chain(*REFUSED_RELATIONS.values()))
    assert len(reviewed) == len(set(reviewed))
    assert set(reviewed) == _functions("table", "table_macro", "pragma")


def test_lists_do_not_overlap_but_for_names_that_are_also_functions_of_expressions() -> None:
    allowed = frozenset(chain(*ALLOWED.values()))
    assert allowed & frozenset(chain(*REFUSED_RELATIONS.values())) == {
        "generate_series",
        "histogram",
        "range",
        "repeat",
    }


@pytest.mark.parametrize(
    "name", ["getvariable", "GetVariable", "read_csv", "stats", "brand_new_function", "\u0455um", ""]
)
def test_functions_that_expressions_may_not_call(name: str) -> None:
    assert refused_because(name)


@pytest.mark.parametrize("name", ["sum", "SUM", "formatreadablesize", "unnest", "grouping", "+", "!~~"])
def test_functions_that_expressions_may_call(name: str) -> None:
    assert refused_because(name) is None


def test_why_a_table_function_is_refused() -> None:
    assert relation_refused_because("READ_CSV") == "it reads files"
    assert relation_refused_because("brand_new_function")
