"""UNION, INTERSECT and EXCEPT, by position or by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.relation_values import Relation, RelationColumn, RelationValue, folded, made_by, merged

if TYPE_CHECKING:
    from collections.abc import Iterator


def combined(node: exp.SetOperation, left: Relation, right: Relation) -> Relation:
    """Return the result of a set operation on its two sides."""
    distinct = bool(node.args.get("distinct"))
    if isinstance(node, exp.Union):
        by_name = bool(node.args.get("by_name"))
        columns = tuple(_by_name(left, right) if by_name else _by_place(left, right))
        rows = [left.rows, right.rows]
        rows += [_all(columns, TransformationSubtype.GROUP_BY)] if distinct else []
        return _relation(columns, rows, left.open or right.open, known=not distinct)
    # The right side only decides which rows of the left remain: its values are compared and never returned.
    rows = [
        left.rows,
        right.rows,
        _all(left.columns, TransformationSubtype.FILTER),
        _all(right.columns, TransformationSubtype.FILTER),
    ]
    rows += [_all(left.columns, TransformationSubtype.GROUP_BY)] if distinct else []
    return _relation(left.columns, rows, left.open or right.open, known=False)


def _relation(
    columns: tuple[RelationColumn, ...], rows: list[RelationValue], missing: str | None, *, known: bool
) -> Relation:
    """Return the relation; `known` is False if columns that are not known would decide which rows exist."""
    return Relation(columns, merged([*rows, RelationValue(unknown=None if known else missing)]), missing)


def _all(columns: tuple[RelationColumn, ...], how: TransformationSubtype) -> RelationValue:
    return made_by(merged(column.value for column in columns), how)


def _by_place(left: Relation, right: Relation) -> Iterator[RelationColumn]:
    """Yield the columns by position, under the names of the left side."""
    for place, column in enumerate(left.columns):
        others = [right.columns[place].value] if place < len(right.columns) else []
        yield replace(column, value=merged([column.value, *others]))


def _by_name(left: Relation, right: Relation) -> Iterator[RelationColumn]:
    """Yield the columns of the left side, then those that only the right one has."""
    there = {folded(column.name): column for column in right.columns}
    for column in left.columns:
        other = there.pop(folded(column.name), None)
        yield replace(column, value=merged([column.value, other.value]), named=True) if other else column
    yield from (column for column in right.columns if folded(column.name) in there)
