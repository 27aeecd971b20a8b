"""Whether a SQL measure can only be a count, whatever the data: then it gives no value away."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

# sqlglot's names of expressions. What is put together from these, from counts and from constants is a count too.
_COUNTS = frozenset({"Count", "CountIf", "ApproxDistinct", "Literal", "Boolean", "Null"})
_ARITHMETIC = frozenset(
    {"Alias", "Add", "Sub", "Mul", "Div", "IntDiv", "Paren", "Round", "Coalesce", "Nullif", "Cast", "Neg", "Abs"}
    | {"Greatest", "Least", "Filter"}
)
_NO_VALUES = frozenset({"DataType", "Identifier", "Where"})


@lru_cache(maxsize=1024)
def returns_count(query: str) -> bool:
    """Whether the one number that `query` returns is put together from counts and constants only.

    `select count(*) from ...` is; `select max(salary) from ...` is not. When in doubt it is not: a query that does
    not parse, a scalar subquery, a sum of a column.
    """
    import sqlglot

    try:
        parsed = sqlglot.parse_one(query.replace("${table}", "t").replace("${column}", "c"), dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return False
    selected = parsed.args.get("expressions", [])
    return type(parsed).__name__ == "Select" and len(selected) == 1 and _is_count(selected[0])


def _is_count(node: exp.Expression) -> bool:
    kind = type(node).__name__
    if kind in _COUNTS:
        return True
    if kind == "Sum":
        return _is_choice_of_constants(node.this)
    parts = [part for part in node.iter_expressions() if type(part).__name__ not in _NO_VALUES]
    return kind in _ARITHMETIC and all(map(_is_count, parts))


def _is_choice_of_constants(node: exp.Expression) -> bool:
    """`case when ... then 1 else 0 end`, whatever its conditions read."""
    if type(node).__name__ != "Case":
        return type(node).__name__ == "Literal"
    results = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    return all(result is None or type(result).__name__ == "Literal" for result in results)
