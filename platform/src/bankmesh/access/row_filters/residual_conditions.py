"""Conditions of residuals in Cedar's JSON form, simplified by what is known before any row is read.

A condition is true, false, or an error; `&&`, `||` and `if` evaluate their parts from left to right and stop early.
Simplifying keeps all three outcomes. A part that is never evaluated is dropped and not translated: it may read a
column that the type of rows does not have, behind `resource has` or `resource is`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.access.errors import UntranslatableResidual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bankmesh.contracts.model import ColumnType

Condition = dict[str, Any]
"""A node of Cedar's JSON: one operator with its operands."""
Body = dict[str, Any]
"""The operands of an operator by their names: `left`, `right`, `arg`, `attr` ..."""

RESOURCE: Condition = {"Var": "resource"}
TRUE: Condition = {"Value": True}
FALSE: Condition = {"Value": False}
DEEPEST = 64
_UNKNOWN_ROW: Condition = {"unknown": [{"Value": "resource"}]}


@dataclass(frozen=True)
class RowType:
    """What is known of every row of a product.

    Attributes:
        entity_type: the Cedar type of the rows, `retail::party_v2`.
        columns: the types of the columns.
        ancestors: the entities that every row is in, as pairs of type and id.
    """

    entity_type: str
    columns: Mapping[str, ColumnType] = field(hash=False)
    ancestors: frozenset[tuple[str, str]] = frozenset()


def split_node(node: object) -> tuple[str, Any]:
    """Return the operator of a node and its operands. Raises UntranslatableResidual for anything else."""
    if not isinstance(node, dict) or len(node) != 1:
        raise UntranslatableResidual("a node of it is not of Cedar's JSON form")
    return next(iter(node.items()))


def simplify_condition(node: Condition, row: RowType) -> Condition:
    """Return an equal condition without the parts that are known for every row of the type.

    Raises UntranslatableResidual for an unknown other than the row, and for a test of the row's identity.
    """
    if node in (_UNKNOWN_ROW, RESOURCE):
        return RESOURCE
    operator, body = split_node(node)
    rule = _RULES.get(operator)
    if rule is not None:
        return rule(body, row)
    if operator == "Value":
        return node
    if operator in {"unknown", "Var"}:
        unknown = f"an attribute of the {body}" if operator == "Var" else "an entity"
        raise UntranslatableResidual(f"it depends on {unknown} that is not known when a read is decided")
    return {operator: _simplify_parts(body, row)}


def check_depth(node: Condition) -> None:
    """Raise UntranslatableResidual for a condition whose operators are nested deeper than Polars can evaluate fast."""
    level: list[object] = [node]
    for _ in range(DEEPEST):
        level = [operand for inner in level for operand in _operands(inner)]
        if not level:
            return
    raise UntranslatableResidual(
        f"its operators are nested deeper than {DEEPEST}; write `[...].contains(...)`, or several policies"
    )


def read_columns(node: object) -> Iterator[str]:
    """Yield the columns whose values or nulls a simplified condition reads."""
    if isinstance(node, dict):
        for operator, body in node.items():
            if operator in {".", "has"} and body["left"] == RESOURCE:
                yield body["attr"]
            else:
                yield from read_columns(body)
    elif isinstance(node, list):
        for part in node:
            yield from read_columns(part)


def is_never_true(node: Condition) -> bool:
    """Whether a simplified condition is false or an error for every row."""
    operator, body = split_node(node)
    match operator:
        case "&&":
            return is_never_true(body["left"]) or is_never_true(body["right"])
        case "||":
            return is_never_true(body["left"]) and is_never_true(body["right"])
        case "!":
            return is_never_false(body["arg"])
        case _:
            return node == FALSE


def is_never_false(node: Condition) -> bool:
    """Whether a simplified condition is true or an error for every row."""
    operator, body = split_node(node)
    match operator:
        case "&&":
            return is_never_false(body["left"]) and is_never_false(body["right"])
        case "||":
            return is_never_false(body["left"]) or is_never_false(body["right"])
        case "!":
            return is_never_true(body["arg"])
        case _:
            return node == TRUE


def _operands(node: object) -> list[object]:
    """Return the nodes below an operator."""
    found: list[object] = []
    for body in node.values() if isinstance(node, dict) else ():
        parts = body if isinstance(body, list) else body.values() if isinstance(body, dict) else ()
        found += [part for part in parts if isinstance(part, dict | list)]
    return found


def _simplify_parts(body: Body | list[Any], row: RowType) -> Body | list[Any]:
    """Simplify the operands of an operator: a record of nodes and texts, or a list of nodes."""
    if isinstance(body, list):
        return [simplify_condition(part, row) if isinstance(part, dict) else part for part in body]
    return {key: simplify_condition(part, row) if isinstance(part, dict) else part for key, part in body.items()}


def _simplify_and(body: Body, row: RowType) -> Condition:
    return _join_and(simplify_condition(body["left"], row), body["right"], row)


def _join_and(left: Condition, right: Condition, row: RowType) -> Condition:
    """Join a simplified condition and one that is simplified only if it can be evaluated."""
    if left == TRUE:
        return simplify_condition(right, row)
    if is_never_true(left):
        return left
    then = simplify_condition(right, row)
    return left if then == TRUE else {"&&": {"left": left, "right": then}}


def _simplify_or(body: Body, row: RowType) -> Condition:
    return _join_or(simplify_condition(body["left"], row), body["right"], row)


def _join_or(left: Condition, right: Condition, row: RowType) -> Condition:
    """Join a simplified condition and one that is simplified only if it can be evaluated."""
    if left == FALSE:
        return simplify_condition(right, row)
    if is_never_false(left):
        return left
    otherwise = simplify_condition(right, row)
    return left if otherwise == FALSE else {"||": {"left": left, "right": otherwise}}


def _simplify_not(body: Body, row: RowType) -> Condition:
    inner = simplify_condition(body["arg"], row)
    if inner in (TRUE, FALSE):
        return FALSE if inner == TRUE else TRUE
    operator, deeper = split_node(inner)
    return deeper["arg"] if operator == "!" else {"!": {"arg": inner}}


def _simplify_if(body: Body, row: RowType) -> Condition:
    condition = simplify_condition(body["if"], row)
    if is_never_false(condition):
        return _join_and(condition, body["then"], row)
    if is_never_true(condition):
        return _join_or(condition, body["else"], row)
    branches = {branch: simplify_condition(body[branch], row) for branch in ("then", "else")}
    return {"if-then-else": {"if": condition, **branches}}


def _simplify_has(body: Body, row: RowType) -> Condition:
    left = simplify_condition(body["left"], row)
    if left != RESOURCE:
        raise UntranslatableResidual("`has` is translated for columns of the row alone")
    return {"has": {"left": left, "attr": body["attr"]}} if body["attr"] in row.columns else FALSE


def _simplify_is(body: Body, row: RowType) -> Condition:
    if simplify_condition(body["left"], row) != RESOURCE:
        raise UntranslatableResidual("`is` is translated for the row alone")
    if body["entity_type"] != row.entity_type:
        return FALSE
    return _simplify_in({"left": body["left"], "right": body["in"]}, row) if "in" in body else TRUE


def _simplify_in(body: Body, row: RowType) -> Condition:
    if simplify_condition(body["left"], row) != RESOURCE:
        raise UntranslatableResidual("`in` is translated for the row alone")
    entities = _entities(body["right"])
    if any(entity_type == row.entity_type for entity_type, _ in entities):
        raise UntranslatableResidual("it tests the identity of a row, and rows have none")
    return TRUE if entities & row.ancestors else FALSE


def _entities(node: Condition) -> frozenset[tuple[str, str]]:
    """Return the entities of a literal entity or of a literal set of them."""
    operator, body = split_node(node)
    if operator == "Value" and isinstance(body, dict) and "__entity" in body:
        return frozenset({(body["__entity"]["type"], body["__entity"]["id"])})
    if operator == "Set":
        return frozenset(entity for part in body for entity in _entities(part))
    if operator == "Value" and isinstance(body, list):
        return frozenset(entity for part in body for entity in _entities({"Value": part}))
    raise UntranslatableResidual("`in` needs an entity or a set of entities that are known when a read is decided")


_RULES: Mapping[str, Callable[[Body, RowType], Condition]] = {
    "&&": _simplify_and,
    "||": _simplify_or,
    "!": _simplify_not,
    "if-then-else": _simplify_if,
    "has": _simplify_has,
    "is": _simplify_is,
    "in": _simplify_in,
}
