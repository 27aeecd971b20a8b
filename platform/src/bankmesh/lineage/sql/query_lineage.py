"""Lineage of a query, from its text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from bankmesh.lineage.model import StepLineage
from bankmesh.lineage.sql.duckdb_binder import Engine
from bankmesh.lineage.sql.errors import QueryNotUnderstood
from bankmesh.lineage.sql.name_scopes import QueryContext, Scope
from bankmesh.lineage.sql.relation_values import Relation, RepeatedName, distinct_names, find_repeated, folded
from bankmesh.lineage.sql.select_list import picked_columns
from bankmesh.lineage.sql.select_queries import evaluate
from bankmesh.lineage.sql.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_QUERIES = (exp.Query, exp.Values, exp.Pivot)
EVERY_OTHER = "*"
RESULT = "the result"
"""Name of the relation in a `RepeatedName` of the query's own result."""


@dataclass(frozen=True)
class QueryLineage:
    """A query's lineage, the datasets that it reads, and the types of its columns where they are known.

    `repeated` are the names that the query's result has more than once, or that a relation has more than once and the
    result depends on.
    """

    lineage: StepLineage
    read: frozenset[str]
    types: Mapping[str, str]
    repeated: tuple[RepeatedName, ...] = ()


def lineage_of_query(sql: str, schemas: Mapping[str, Mapping[str, str]]) -> StepLineage:
    """Return what each column of a query's result depends on; the package docstring defines the terms.

    `schemas` maps the name of a table (`t`, `retail.party`, `"memory"."retail"."party"`) to its columns, each with
    DuckDB's text for its type. The lineage names datasets by these keys.

    Raises QueryNotUnderstood if the text is not one query, TableNotDescribed if it reads any other table.
    """
    return read_query(sql, Tables(schemas)).lineage


def read_query(sql: str, tables: Tables, views: Sequence[tuple[str, str]] = ()) -> QueryLineage:
    """Return the lineage of a query over `tables`; `views` are earlier queries that it reads as tables."""
    node = parsed(sql)
    reading = QueryContext(tables, evaluate, picked_columns, Engine(tables, views))
    try:
        relation = evaluate(node, Scope(reading), outermost=True)
    except RecursionError:
        raise QueryNotUnderstood("it is nested too deeply") from None
    raw = _names(sql, relation, reading)
    names = distinct_names(raw)
    types = {name: c.type for name, c in zip(names, relation.columns, strict=False) if c.type}
    return QueryLineage(
        _lineage(relation, names, reading), frozenset(reading.read), types, _repeated(relation, raw, reading)
    )


def parsed(sql: str) -> exp.Expr:
    """Return the syntax tree of a text that is one query. Raises QueryNotUnderstood."""
    try:
        found = [node for node in sqlglot.parse(sql, read="duckdb") if node is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        reported = str(first.get("description") or "").rstrip(".")
        problem = reported if reported and "<class" not in reported else "it is incomplete or has an unexpected token"
        raise QueryNotUnderstood(problem, int(first.get("line") or 0)) from None
    except SqlglotError:
        raise QueryNotUnderstood("it cannot be split into tokens; check for an unclosed quote") from None
    if len(found) != 1:
        raise QueryNotUnderstood(f"it has {len(found)} statements")
    if not isinstance(found[0], _QUERIES):
        raise QueryNotUnderstood(f"a statement of kind {found[0].key.upper()} is not a query")
    return found[0]


def _names(sql: str, relation: Relation, reading: QueryContext) -> list[str]:
    """Return the names of the columns, from DuckDB if the query alone does not decide. A name can occur twice."""
    own = [column.name for column in relation.columns]
    if reading.doubts or not all(column.named for column in relation.columns):
        answered = reading.engine.column_names(sql.strip().rstrip(";"))
        if answered is not None and _agree(answered, relation):
            reading.doubts.clear()
            return answered
    return own


def _agree(names: list[str], relation: Relation) -> bool:
    return len(names) == len(relation.columns) and all(
        folded(name) == folded(column.name)
        for name, column in zip(names, relation.columns, strict=True)
        if column.named
    )


def _repeated(relation: Relation, names: list[str], reading: QueryContext) -> tuple[RepeatedName, ...]:
    """Return each repeated name once, with the first line that reads it."""
    named = [replace(column, name=name) for column, name in zip(relation.columns, names, strict=True)]
    of_result = set() if reading.doubts else set(find_repeated(named, RESULT).values())
    values = [relation.rows, *(column.value for column in relation.columns)]
    read = of_result.union(*(value.repeated for value in values))
    first: dict[tuple[str, tuple[tuple[int, int], ...]], RepeatedName] = {}
    for repeated in sorted(read, key=lambda found: (not found.read, found.read, found)):
        first.setdefault((repeated.relation, repeated.places), repeated)
    return tuple(sorted(first.values()))


def _lineage(relation: Relation, names: list[str], reading: QueryContext) -> StepLineage:
    """Return the lineage of the result's columns; if its rows are unknown, all columns are underivable."""
    of_all = relation.rows.unknown or next(iter(reading.doubts), None)
    reasons = {
        name: reason
        for name, column in zip(names, relation.columns, strict=True)
        if (reason := column.value.underivable or of_all)
    }
    columns = {
        name: frozenset() if name in reasons else column.value.found
        for name, column in zip(names, relation.columns, strict=True)
    }
    if relation.open:
        columns[EVERY_OTHER] = frozenset()
        reasons[EVERY_OTHER] = relation.open
    return StepLineage(columns, rows=relation.rows.found, underivable=reasons)
