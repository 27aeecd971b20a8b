"""What a statement reads of the product, from DuckDB's own plan: the columns, and the filters of the scan.

DuckDB binds and optimises the statement over a table without rows. Its plan names the columns that each scan returns
and the comparisons that it evaluates there; both can be left to the governed relation.
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from bankmesh.access.queries.database_errors import DatabaseError
from bankmesh.sql_text import sql_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import duckdb

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], pl.Expr]]] = {
    "COMPARE_EQUAL": operator.eq,
    "COMPARE_NOTEQUAL": operator.ne,
    "COMPARE_LESSTHAN": operator.lt,
    "COMPARE_LESSTHANOREQUALTO": operator.le,
    "COMPARE_GREATERTHAN": operator.gt,
    "COMPARE_GREATERTHANOREQUALTO": operator.ge,
}
_POLARS_TYPES: Final[Mapping[str, pl.DataType]] = {
    "VARCHAR": pl.String(),
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "BOOLEAN": pl.Boolean(),
}
_MOMENT = pl.Datetime("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_COMPARISONS = 100
"""Comparisons that the relation evaluates, where a member of an IN list is one; filters beyond are left to DuckDB.

The time that Polars takes grows with the square of their number.
"""

_LONGEST_PLAN = 8_000_000
"""Characters of a plan that is read. DuckDB writes out constants that it computes, such as `repeat('x', 1000000)`."""


@dataclass(frozen=True)
class ScanPlan:
    """What a statement reads.

    Attributes:
        columns: the columns that its scans return, in the schema's order.
        predicate: a condition that each row fulfils that the statement uses; None if there is none to evaluate early.
            It compares columns with literals, and cannot fail.
    """

    columns: tuple[str, ...]
    predicate: pl.Expr | None = None


def plan_scan(
    database: duckdb.DuckDBPyConnection, statement: str, schema: Mapping[str, pl.DataType], shown: frozenset[str]
) -> ScanPlan | DatabaseError:
    """Return what a statement reads of the table `product` of a database, or why DuckDB cannot bind the statement.

    All columns are read if DuckDB cannot describe its plan. A predicate uses `shown` columns only.
    """
    plan = f"select json_serialize_plan({sql_literal(statement)}, optimize := true) as plan"
    row = database.execute(f"select plan from ({plan}) where length(plan) <= {_LONGEST_PLAN}").fetchone()
    if row is None or not row[0]:  # too long, or with a constant that has no JSON, such as one of type BIT
        return ScanPlan(tuple(schema))
    described: dict[str, Any] = json.loads(row[0])
    if described["error"]:
        error = DatabaseError.reported(described)
        return error if error.is_of_the_text else ScanPlan(tuple(schema))
    scans = list(_scans(described["plans"]))
    names = list(schema)
    used = {index for scan in scans for index in _column_indexes(scan)}
    filters = scans[0]["table_filters"]["filters"] if len(scans) == 1 else ()
    return ScanPlan(
        tuple(name for index, name in enumerate(names) if index in used), _predicate(filters, schema, shown)
    )


def _scans(plan: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    left = [plan]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if node.get("type") == "LOGICAL_GET" and node.get("name", "").startswith("arrow_scan"):
                yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _column_indexes(scan: Mapping[str, Any]) -> Iterator[int]:
    yield from (column["index"] for column in scan["column_indexes"])


def _predicate(
    filters: Iterable[Mapping[str, Any]], schema: Mapping[str, pl.DataType], shown: frozenset[str]
) -> pl.Expr | None:
    """Return the conjunction of the filters that the relation can evaluate; the scan evaluates all of them again.

    A filter's key is the index of its column in the table.
    """
    names, found, left = list(schema), [], _MOST_COMPARISONS
    for entry in filters:
        column, count = names[entry["key"]], _count_comparisons(entry["value"])
        if column not in shown or count > left:
            continue
        condition = _condition(entry["value"], column, schema[column])
        if condition is not None:
            found.append(condition)
            left -= count
    return reduce(operator.and_, found) if found else None


def _count_comparisons(node: Mapping[str, Any]) -> int:
    """Return the number of comparisons in a filter of DuckDB and in those that it combines."""
    left, count = [node], 0
    while left:
        part = left.pop()
        count += len(part.get("values") or (part,))
        left += [child for child in (part.get("child_filter"), *(part.get("child_filters") or ())) if child]
    return count


def _condition(node: Mapping[str, Any], column: str, dtype: pl.DataType) -> pl.Expr | None:
    """Return a filter of DuckDB on a column as an expression that is true wherever the filter is; None for others."""
    match node["filter_type"]:
        case "CONSTANT_COMPARISON":
            literal = _literal(node["constant"], dtype)
            compare = _COMPARISONS.get(node["comparison_type"])
            return None if literal is None or compare is None else compare(pl.col(column), literal)
        case "IN_FILTER":
            literals = [_literal(value, dtype) for value in node["values"]]
            equal = [pl.col(column) == literal for literal in literals if literal is not None]
            return reduce(operator.or_, equal) if equal and len(equal) == len(literals) else None
        case "OPTIONAL_FILTER":
            return _condition(node["child_filter"], column, dtype) if node.get("child_filter") else None
        case "CONJUNCTION_AND":
            parts = [_condition(child, column, dtype) for child in node["child_filters"]]
            known = [part for part in parts if part is not None]
            return reduce(operator.and_, known) if known else None
        case "CONJUNCTION_OR":
            parts = [_condition(child, column, dtype) for child in node["child_filters"]]
            known = [part for part in parts if part is not None]
            return reduce(operator.or_, known) if known and len(known) == len(parts) else None
    return None


def _literal(value: Mapping[str, Any], dtype: pl.DataType) -> pl.Expr | None:
    """Return a literal of exactly the column's type; None for null and for types that the scan compares alone."""
    kind, raw = value["type"]["id"], value.get("value")
    if value["is_null"] or not isinstance(raw, (str, int)):
        return None
    if _POLARS_TYPES.get(kind) == dtype:
        return pl.lit(raw, dtype)
    if dtype == pl.Date and kind == "DATE":
        return _moment_literal(lambda: date(1970, 1, 1) + timedelta(days=int(raw)), dtype)
    if dtype == _MOMENT and kind == "TIMESTAMP WITH TIME ZONE":
        return _moment_literal(lambda: _EPOCH + timedelta(microseconds=int(raw)), dtype)
    return None


def _moment_literal(moment: Callable[[], date], dtype: pl.DataType) -> pl.Expr | None:
    """Return a date or a moment as a literal; None beyond the years of Python, as for DuckDB's infinity."""
    try:
        return pl.lit(moment(), dtype)
    except OverflowError:
        return None
