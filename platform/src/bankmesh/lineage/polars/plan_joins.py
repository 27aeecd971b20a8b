"""Lineage of a join, from the lineage of its two frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.polars.frame_values import FrameValue, PlanFrame, merged, together
from bankmesh.lineage.polars.plan_expressions import value_of
from bankmesh.lineage.polars.plan_tree import ExpressionKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.lineage.polars import plan_tree

_LEFT_ALONE = frozenset({"Semi", "Anti"})
_KEEPS_LEFT_ORDER = frozenset({"left", "left_right", "right_left"})
_KEEPS_RIGHT_ORDER = frozenset({"right", "left_right", "right_left"})
_UNASKED = {"AsOf": "left"}
"""Joins that maintain an order by default: as-of joins maintain the left frame's."""


def join(node: plan_tree.Join, left: PlanFrame, right: PlanFrame) -> PlanFrame:
    """Return the columns of both frames; the keys decide the rows, also in semi and anti joins."""
    keys = [value_of(expression, left) for _, expression in node.left_on]
    keys += [value_of(expression, right) for _, expression in node.right_on]
    keys += [left.column(name) for name in node.left_by] + [right.column(name) for name in node.right_by]
    kept = node.order if node.order != "none" else _UNASKED.get(node.how, "none")
    left = left if kept in _KEEPS_LEFT_ORDER else left.out_of_order()
    right = right if kept in _KEEPS_RIGHT_ORDER else right.out_of_order()
    both = replace(together([left, right]), columns=_columns(node, left, right)).restricted_by(
        keys, TransformationSubtype.JOIN
    )
    if any(not key.found for key in keys) or not keys:
        # If no column of a side is needed, not even for a key, the engine reads any of them.
        both = both.reading_more(both.reachable)
    if node.how == "Cross":
        both = replace(both, sides=(frozenset(left.columns), frozenset(node.schema) - frozenset(left.columns)))
    return both.by_place() if node.slices else both


def _columns(node: plan_tree.Join, left: PlanFrame, right: PlanFrame) -> dict[str, FrameValue]:
    """Return the columns under the names that Polars gives them; unexpected columns are marked unknown."""
    if node.how in _LEFT_ALONE:
        named = dict(left.columns)
    elif node.how == "Right":
        dropped = _dropped(node, node.left_on)
        named = {name: value for name, value in left.columns.items() if name not in dropped}
        named |= _suffixed(right, named, [], node.suffix)
    else:
        dropped = [*_dropped(node, node.right_on), *node.right_by]
        named = _left_columns(node, left, right)
        named |= _suffixed(right, named, dropped, node.suffix)
    unknown = FrameValue(unknown=f"a join ({node.how.lower()}) gives a column that is not expected")
    return {name: named.get(name, unknown) for name in node.schema}


def _left_columns(node: plan_tree.Join, left: PlanFrame, right: PlanFrame) -> dict[str, FrameValue]:
    columns = dict(left.columns)
    if node.how == "Full" and node.coalesces:
        for (mine, _), (theirs, _) in zip(node.left_on, node.right_on, strict=True):
            # The key of a full join comes from the side that has the row, as with `coalesce`.
            columns[mine] = merged([left.column(mine), right.column(theirs)]).through(
                TransformationSubtype.TRANSFORMATION
            )
    return columns


def _dropped(node: plan_tree.Join, keys: Iterable[plan_tree.Named]) -> list[str]:
    """Return the keys that the result has only once, as columns of the other side."""
    if not node.coalesces:
        return []
    names = [name for name, expression in keys if expression.form is ExpressionKind.COLUMN]
    if node.how != "AsOf":
        return names
    # An as-of join on keys with different names keeps both.
    same = {right for (left, _), (right, _) in zip(node.left_on, node.right_on, strict=True) if left == right}
    return [name for name in names if name in same]


def _suffixed(right: PlanFrame, taken: Iterable[str], dropped: list[str], suffix: str) -> dict[str, FrameValue]:
    kept = {name: value for name, value in right.columns.items() if name not in dropped}
    return {f"{name}{suffix}" if name in set(taken) else name: value for name, value in kept.items()}
