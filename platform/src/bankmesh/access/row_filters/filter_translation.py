"""A row filter as a Polars expression.

| Cedar | on columns |
| --- | --- |
| `&&`, `||`, `!`, `if` | with Cedar's order of evaluation and its errors |
| `==`, `!=`, `<`, `<=`, `>`, `>=` | longs, datetimes; equality of strings, booleans and decimals, too |
| `.lessThan(...)` and the other three | decimals |
| `[...].contains`, `containsAny`, `containsAll` | sets of literals and columns |
| `like` | strings |
| `has` | whether a column is not null |
| `datetime`, `duration`, `offset`, `decimal` | literals alone |

Anything else, arithmetic included, raises UntranslatableResidual.
"""

from __future__ import annotations

import json
from functools import partial
from operator import and_, or_
from typing import TYPE_CHECKING, TypeVar

from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.row_filters.attribute_types import (
    AttributeType,
    attribute_type,
    parse_datetime,
    parse_decimal,
    parse_duration,
    shift_datetime,
)
from bankmesh.access.row_filters.comparisons import (
    ABSENT,
    ComparisonOperator,
    Operand,
    column_operand,
    compare,
    contains,
    match_pattern,
    order_kinds,
)
from bankmesh.access.row_filters.residual_conditions import RESOURCE, Body, Condition, split_node
from bankmesh.access.row_filters.three_valued_logic import (
    CERTAIN,
    Conjunction,
    Truth,
    all_of,
    any_of,
    choice,
    conjunction,
    constant,
    disjunction,
    error,
    join_balanced,
    negation,
    test_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import polars as pl

    from bankmesh.access.model import RowFilter
    from bankmesh.contracts.model import ColumnType

Parsed = TypeVar("Parsed")

_DECIMAL_ORDER = {
    "lessThan": (ComparisonOperator.LESS, False),
    "lessThanOrEqual": (ComparisonOperator.LESS_OR_EQUAL, False),
    "greaterThan": (ComparisonOperator.LESS, True),
    "greaterThanOrEqual": (ComparisonOperator.LESS_OR_EQUAL, True),
}


def filter_expression(row_filter: RowFilter, columns: Mapping[str, ColumnType]) -> pl.Expr:
    """Return the expression that is true for exactly the rows that may be seen; it is never null and never fails.

    `columns` are the columns of the version that is read. A column that this version does not have is absent from each
    of its rows, as a null is: a permit that reads it permits nothing, a forbid that reads it forbids.
    Raises UntranslatableResidual if a condition cannot be evaluated on columns of these types.
    """
    if row_filter.is_everything:
        return CERTAIN.expression()
    policy_sets = json.loads(row_filter.residual)["every"]
    return all_of(_permitted(policy_set, columns) for policy_set in policy_sets).expression()


def _permitted(policy_set: Mapping[str, list[Condition]], columns: Mapping[str, ColumnType]) -> Conjunction:
    """A permit that is an error permits nothing; a forbid that is an error forbids, which is stricter than Cedar."""
    permits = any_of(translate_condition(condition, columns).true for condition in policy_set["permit"])
    return permits & all_of(translate_condition(condition, columns).false for condition in policy_set["forbid"])


def translate_condition(node: Condition, columns: Mapping[str, ColumnType]) -> Truth:
    """Return a simplified condition on columns of these types. Raises UntranslatableResidual for any other operator."""
    operator, body = split_node(node)
    rule = _CONDITIONS.get(operator)
    if rule is not None:
        return rule(body, columns)
    if operator in _DECIMAL_ORDER:
        comparison, is_flipped = _DECIMAL_ORDER[operator]
        left, right = (_operand(part, columns) for part in (reversed(body) if is_flipped else body))
        order_kinds(comparison, left.kind, (AttributeType.DECIMAL,))
        return compare(comparison, left, right)
    return _boolean_operand(_operand(node, columns))


def _boolean_operand(found: Operand) -> Truth:
    if found.kind not in {None, AttributeType.BOOL}:
        raise UntranslatableResidual(f"it needs a Bool where it has a {found.kind}")
    if found.kind is None:
        return error()
    return test_of(found.expression(), found.defined) if found.column else constant(value=bool(found.literal))


def _translate_and(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    return conjunction(translate_condition(body["left"], columns), translate_condition(body["right"], columns))


def _translate_or(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    return disjunction(translate_condition(body["left"], columns), translate_condition(body["right"], columns))


def _translate_not(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    return negation(translate_condition(body["arg"], columns))


def _translate_if(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    condition, then, otherwise = (translate_condition(body[part], columns) for part in ("if", "then", "else"))
    return choice(condition, then, otherwise)


def _translate_has(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    found = _column(body["attr"], columns)
    if found.kind is None:
        return constant(value=False)
    exists = Conjunction(found.defined.columns)
    return Truth(exists.expression(), CERTAIN, exists, Conjunction(terms=(~exists.expression(),)))


def _translate_order(comparison: ComparisonOperator, body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    left, right = _operand(body["left"], columns), _operand(body["right"], columns)
    order_kinds(comparison, left.kind, (AttributeType.LONG, AttributeType.DATETIME))
    return compare(comparison, left, right)


def _translate_equal(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    parts = body["left"], body["right"]
    if any(split_node(part)[0] in (*_CONDITIONS, *_DECIMAL_ORDER) for part in parts):
        left, right = (translate_condition(part, columns) for part in parts)
        return test_of(left.value == right.value, left.defined & right.defined)
    left_operand, right_operand = (_operand(part, columns) for part in parts)
    return compare(ComparisonOperator.EQUAL, left_operand, right_operand)


def _translate_contains(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    return contains(_elements(body["left"], columns), _operand(body["right"], columns))


def _translate_contains_all(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    return _search_each(body, columns, and_, of_none=True)


def _translate_contains_any(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    return _search_each(body, columns, or_, of_none=False)


def _search_each(
    body: Body, columns: Mapping[str, ColumnType], join: Callable[[pl.Expr, pl.Expr], pl.Expr], *, of_none: bool
) -> Truth:
    """Search each element of the right set in the left one; an error if any element of either is one."""
    elements, searched = _elements(body["left"], columns), _elements(body["right"], columns)
    defined = all_of(each.defined for each in (*elements, *searched))
    found = [contains(elements, each).value for each in searched]
    return test_of(join_balanced(join, found) if found else constant(value=of_none).value, defined)


def _translate_like(body: Body, columns: Mapping[str, ColumnType]) -> Truth:
    pattern = [None if part == "Wildcard" else part["Literal"] for part in body["pattern"]]
    return match_pattern(_operand(body["left"], columns), pattern)


def _elements(node: Condition, columns: Mapping[str, ColumnType]) -> tuple[Operand, ...]:
    """Return the elements of a set that is written out, or of a literal one."""
    operator, body = split_node(node)
    if operator == "Set":
        return tuple(_operand(element, columns) for element in body)
    if operator == "Value" and isinstance(body, list):
        return tuple(_literal({"Value": element}) for element in body)
    raise UntranslatableResidual(f"`{operator}` is not a set of columns and literals")


def _operand(node: Condition, columns: Mapping[str, ColumnType]) -> Operand:
    operator, body = split_node(node)
    if operator == "." and body["left"] == RESOURCE:
        return _column(body["attr"], columns)
    return _literal(node)


def _column(name: str, columns: Mapping[str, ColumnType]) -> Operand:
    if name not in columns:
        return ABSENT
    kind = attribute_type(columns[name])
    if kind is None:
        raise UntranslatableResidual(f"it reads {name}, a {columns[name]}, which Cedar cannot hold")
    return column_operand(name, kind, columns[name])


def _literal(node: Condition) -> Operand:
    operator, body = split_node(node)
    match operator, body:
        case "Value", bool():
            return Operand(AttributeType.BOOL, literal=body)
        case "Value", int() if -(2**63) <= body < 2**63:
            return Operand(AttributeType.LONG, literal=body)
        case "Value", str():
            return Operand(AttributeType.STRING, literal=body)
        case "decimal", [{"Value": str(text)}]:
            return Operand(AttributeType.DECIMAL, literal=_parsed(parse_decimal, text))
        case (("datetime" | "offset"), _):
            return Operand(AttributeType.DATETIME, literal=_moment(node))
    raise UntranslatableResidual(f"`{operator}` is not translated to columns")


def _moment(node: Condition) -> datetime:
    """Return a literal datetime; partial evaluation writes the results of arithmetic as an offset from 1970."""
    match node:
        case {"datetime": [{"Value": str(text)}]}:
            return _parsed(parse_datetime, text)
        case {"offset": [{"datetime": [{"Value": str(start)}]}, {"duration": [{"Value": str(length)}]}]}:
            by = _parsed(parse_duration, length)
            return _parsed(lambda text: shift_datetime(parse_datetime(text), by), start)
    raise UntranslatableResidual("`offset` is translated for literals alone")


def _parsed(parse: Callable[[str], Parsed], text: str) -> Parsed:
    try:
        return parse(text)
    except ValueError as error:
        raise UntranslatableResidual(str(error)) from None


_CONDITIONS: Mapping[str, Callable[[Body, Mapping[str, ColumnType]], Truth]] = {
    "&&": _translate_and,
    "||": _translate_or,
    "!": _translate_not,
    "if-then-else": _translate_if,
    "has": _translate_has,
    "==": _translate_equal,
    "<": partial(_translate_order, ComparisonOperator.LESS),
    "<=": partial(_translate_order, ComparisonOperator.LESS_OR_EQUAL),
    "contains": _translate_contains,
    "containsAll": _translate_contains_all,
    "containsAny": _translate_contains_any,
    "like": _translate_like,
}
