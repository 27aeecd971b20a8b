"""Static properties of SQL measures: whether one is a count, which reveals no value, and whether it can be null."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

# sqlglot's names of expressions. An expression of these, of counts and of constants is a count too.
_COUNTS = frozenset({"Count", "CountIf", "ApproxDistinct", "Literal", "Boolean", "Null"})
_ARITHMETIC = frozenset(
    {"Alias", "Add", "Sub", "Mul", "Div", "IntDiv", "Paren", "Round", "Coalesce", "Nullif", "Cast", "Neg", "Abs"}
    | {"Greatest", "Least", "Filter"}
)
_AROUND_A_COUNT = frozenset({"Alias", "Filter", "Paren"})
_OF_ONE_ROW = frozenset({"expressions", "from_", "joins", "where", "with_"})
_NO_VALUES = frozenset({"DataType", "Identifier", "Where"})


@lru_cache(maxsize=1024)
def returns_count(query: str) -> bool:
    """Whether the number that `query` returns is composed of counts and constants only.

    `select count(*) from ...` is; `select max(salary) from ...` is not. Unclear cases are not: a query that does not
    parse, a scalar subquery, a sum of a column.
    """
    selected = _selected(query)
    return selected is not None and _is_count(selected)


@lru_cache(maxsize=1024)
def is_never_null(query: str) -> bool:
    """Whether `query` is one `count`, which is 0 for zero rows: no division, no sum, nothing that can return no row."""
    selected = _selected(query)
    while selected is not None and type(selected).__name__ in _AROUND_A_COUNT:
        selected = selected.this
    if selected is None or type(selected).__name__ != "Count" or selected.parent_select is None:
        return False
    return {name for name, value in selected.parent_select.args.items() if value} <= _OF_ONE_ROW


def _selected(query: str) -> exp.Expression | None:
    """Return the expression that a query selects; None if it selects several, or does not parse."""
    import sqlglot

    try:
        parsed = sqlglot.parse_one(query.replace("${table}", "t").replace("${column}", "c"), dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
    selected = parsed.args.get("expressions", [])
    return selected[0] if type(parsed).__name__ == "Select" and len(selected) == 1 else None


def _is_count(node: exp.Expression) -> bool:
    kind = type(node).__name__
    if kind in _COUNTS:
        return True
    if kind == "Sum":
        return _is_choice_of_constants(node.this)
    parts = [part for part in node.iter_expressions() if type(part).__name__ not in _NO_VALUES]
    return kind in _ARITHMETIC and all(map(_is_count, parts))


def _is_choice_of_constants(node: exp.Expression) -> bool:
    """Whether a node is `case when ... then 1 else 0 end`, with any conditions."""
    if type(node).__name__ != "Case":
        return type(node).__name__ == "Literal"
    results = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    return all(result is None or type(result).__name__ == "Literal" for result in results)
