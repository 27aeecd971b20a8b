"""Rules as DuckDB SQL: conditions of failing rows, and queries of rules that need more than one scan.

Row-level rules become conditions, so that one scan counts all of them. A condition that is null counts as not failing:
null values are the concern of `NullValues` alone.
"""

# SQL is composed from names and values of contracts, all of them quoted; values are of any type.
# ruff: noqa: ANN401

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import InvalidValues, MissingValues, NotFinite, NullValues
from bankmesh.contracts.column_types import duckdb_type
from bankmesh.contracts.exact_numbers import as_double
from bankmesh.contracts.model import ColumnType
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.clause_rules import MissingReferences, SqlMeasure
    from bankmesh.contracts.model import Contract

_COUNT_OF_ROWS = re.compile(
    r"select\s+count\(\s*\*\s*\)\s+from\s+\$\{table\}\s+where\s+(.+)", re.IGNORECASE | re.DOTALL
)
_MORE_THAN_A_CONDITION = re.compile(
    r"\b(select|from|group|order|having|qualify|window|over|limit|offset|union|intersect|except|using|with|filter"
    r"|count|sum|avg|min|max|any_value|list)\b|--|/\*|;|\$\{",
    re.IGNORECASE,
)
_STRING = ColumnType("string")
RowRule = NullValues | NotFinite | MissingValues | InvalidValues


def failing(rule: RowRule, contract: Contract) -> str:
    """Return the condition that is true for exactly the rows that `rule` counts."""
    column = sql_name(rule.column)
    if isinstance(rule, NullValues):
        return f"{column} is null"
    type_ = type_of(contract, rule.column)
    if isinstance(rule, NotFinite):
        return _not_finite(column, type_)
    if isinstance(rule, MissingValues):
        return _missing(rule, column, type_)
    return _invalid(rule, column, type_, depth=0)


def orphans(rule: MissingReferences, relation: str, reference: str) -> str:
    """Return the query that counts rows of `relation` whose key is complete but is not in `reference`."""
    columns = ", ".join(map(sql_name, rule.columns))
    targets = ", ".join(map(sql_name, rule.target_columns))
    complete = " and ".join(f"{sql_name(name)} is not null" for name in rule.columns)
    pairs = zip(rule.columns, rule.target_columns, strict=True)
    same = " and ".join(f"source.{sql_name(column)} = target.{sql_name(to)}" for column, to in pairs)
    return (
        f"select count(*) from (select {columns} from {relation} where {complete}) source"
        f" anti join (select {targets} from {reference}) target on {same}"
    )


def row_condition(rule: SqlMeasure) -> str | None:
    """Return the condition of a query that only counts rows; None for any other query.

    Such a rule can share the one scan. A word that may be more than part of a condition makes it a query of its own.
    """
    found = _COUNT_OF_ROWS.fullmatch(filled_in(rule, "${table}"))
    condition = found[1] if found else None
    return None if condition is None or _MORE_THAN_A_CONDITION.search(condition) else condition


def filled_in(rule: SqlMeasure, relation: str) -> str:
    """Return the rule's own query, with relation and column in place of `${table}` and `${column}`."""
    query = rule.query.replace("${table}", relation)
    if rule.column is not None:
        query = query.replace("${column}", sql_name(rule.column))
    return query.strip().rstrip(";")


def literal(value: Any, type_: ColumnType) -> str:  # noqa: PLR0911 - one return for each kind of value
    """Return a value of a contract as a SQL literal that compares with a column of that type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item, type_.item or _STRING) for item in value) + "]"
    if type_.name == "timestamp" and isinstance(value, str | date):
        return _instant(value)
    if isinstance(value, date):
        return f"date '{value:%Y-%m-%d}'"
    if isinstance(value, int | float | Decimal) and type_.name != "string":
        return _double(value) if type_.name == "double" else _numeral(value)
    return sql_literal(str(value))


def _numeral(value: float | Decimal) -> str:
    if isinstance(value, int):
        return str(value)
    return format(Decimal(str(value)), "f") if math.isfinite(value) else _double(value)


def _double(value: float | Decimal) -> str:
    """Return the double nearest to a number. DuckDB reads `0.1` as a decimal, and casts it inexactly to double."""
    spelled = repr(as_double(value))
    if not math.isfinite(float(spelled)):
        return f"'{spelled}'::double"
    return spelled if "e" in spelled else f"{spelled}e0"


def _instant(value: str | date) -> str:
    """Return an instant; without an offset it is UTC, in any session time zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return f"timestamptz '{value:%Y-%m-%d %H:%M:%S.%f}+00'"


def type_of(contract: Contract, column: str) -> ColumnType:
    """Return the column's type; text for a column that the contract lacks, which DuckDB reports."""
    return next((known.type for known in contract.columns if known.name == column), _STRING)


def _not_finite(value: str, type_: ColumnType) -> str:
    if type_.name == "array":
        return f"len(list_filter({value}, lambda e: not isfinite(e))) > 0"
    return f"not isfinite({value})"


def _missing(rule: MissingValues, column: str, type_: ColumnType) -> str:
    broken = [f"{column} is null"] if None in rule.markers else []
    markers = [_marker(marker, type_) for marker in rule.markers if marker is not None]
    if markers:
        broken.append(f"{column} in ({', '.join(markers)})")
    return " or ".join(broken) or "false"


def _marker(marker: Any, type_: ColumnType) -> str:
    # `N/A` cannot occur in a column of numbers: it is an unused marker, not an error.
    text = literal(marker, type_)
    return text if type_.name in {"string", "array"} else f"try_cast({text} as {duckdb_type(type_)})"


def _invalid(rule: InvalidValues, value: str, type_: ColumnType, depth: int) -> str:
    """Return whether `value` violates a bound; in an array, whether one of its elements does."""
    if type_.name == "array":
        element = f"e{depth}"
        broken = _invalid(rule, element, type_.item or _STRING, depth + 1)
        return f"len(list_filter({value}, lambda {element}: {broken})) > 0"
    return "(" + (" or ".join([*_form(rule, value, type_), *_range(rule, value, type_)]) or "false") + ")"


def _form(rule: InvalidValues, value: str, type_: ColumnType) -> list[str]:
    text = value if type_.name == "string" else f"{value}::varchar"
    broken = []
    if rule.valid_values is not None:
        broken.append(f"not {_among(value, rule.valid_values, type_)}")
    if rule.pattern is not None:
        broken.append(f"not regexp_full_match({text}, {literal(rule.pattern, _STRING)})")
    if rule.min_length is not None:
        broken.append(f"length({text}) < {rule.min_length}")
    if rule.max_length is not None:
        broken.append(f"length({text}) > {rule.max_length}")
    return broken


def _among(value: str, allowed: Sequence[Any], type_: ColumnType) -> str:
    listed = [literal(item, type_) for item in allowed if item is not None]
    # An empty list allows nothing, but a null value is still not invalid.
    return f"({value} in ({', '.join(listed)}))" if listed else f"({value} is null)"


def _range(rule: InvalidValues, value: str, type_: ColumnType) -> list[str]:
    bounds = (
        (rule.minimum, "<"),
        (rule.maximum, ">"),
        (rule.exclusive_minimum, "<="),
        (rule.exclusive_maximum, ">="),
    )
    broken = [f"{value} {sign} {literal(bound, type_)}" for bound, sign in bounds if bound is not None]
    if broken and type_.name == "double":
        # DuckDB sorts NaN above every number, so a lower bound would accept it.
        broken.append(f"isnan({value})")
    return broken
