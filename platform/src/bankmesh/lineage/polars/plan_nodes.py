"""Lineage of each kind of plan node, from the lineage of its inputs. Joins have a module of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from bankmesh.lineage.model import ColumnRef, Dependency, TransformationSubtype
from bankmesh.lineage.polars.frame_values import (
    NONE,
    FrameValue,
    PlanFrame,
    Slack,
    deciding,
    first_unknown,
    merged,
    sources_of,
    together,
)
from bankmesh.lineage.polars.plan_expressions import columns_in, value_of
from bankmesh.lineage.polars.plan_tree import ExpressionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bankmesh.lineage.polars import plan_tree

_AND = frozenset({"And", "LogicalAnd"})
_BOUNDARIES = frozenset({"_lower_boundary", "_upper_boundary"})


def source(name: str, node: plan_tree.Source) -> PlanFrame:
    """Return the frame of a named source, in which every column depends on itself."""
    refs = [ColumnRef(name, column) for column in node.schema]
    columns = {ref.column: FrameValue(frozenset({Dependency(ref, TransformationSubtype.IDENTITY)})) for ref in refs}
    return PlanFrame(columns, reachable=frozenset(refs))


def constant(node: plan_tree.Node) -> PlanFrame:
    """Return a frame in memory, made by the code itself; it depends on nothing."""
    return PlanFrame(dict.fromkeys(node.schema, FrameValue()))


def not_known(node: plan_tree.Node, reason: str) -> PlanFrame:
    """Return a frame whose columns are all unknown, for `reason`."""
    return PlanFrame(dict.fromkeys(node.schema, FrameValue(unknown=reason)), unknown=reason)


def through(node: plan_tree.PassThrough, below: PlanFrame) -> PlanFrame:
    """Return the frame with the same columns, or fewer."""
    return replace(below, columns={name: below.column(name) for name in node.schema})


def select(node: plan_tree.Select, below: PlanFrame) -> PlanFrame:
    """Return the frame with new columns; what decides how many values an expression gives, decides the rows."""
    made = {name: value_of(expression, below) for name, expression in node.columns}
    if node.keeps:
        return below.with_columns({**below.columns, **made})
    resized = NONE.union(*(value.resized for value in made.values()))
    listed = NONE.union(*(value.found for value in made.values()))
    # For a single column the engine reads only what decides that column's length: the other lengths must be equal.
    slack = below.slack | Slack(less=sources_of(resized))
    below = replace(below, rows=below.rows | resized, slack=slack)
    for name, value in made.items():
        if value.single or value.uneven:
            # It is repeated as often as the other columns have values, so the engine reads one of these.
            made[name] = replace(value, slack=value.slack | Slack(more=sources_of(listed)))
    if any(value.single and not value.found for value in made.values()):
        # Constants and counts need rows, not columns: the engine reads any.
        below = below.reading_more(below.reachable)
    if all(value.single for value in made.values()):
        below = below.out_of_order()
    return below.with_columns(made)


def restrict(node: plan_tree.Filter, below: PlanFrame) -> PlanFrame:
    """Return the rows for which a condition holds; over a cross join, a condition on both sides counts as a join."""
    for part in _conjuncts(node.predicate):
        joins = below.sides and all(columns_in(part) & side for side in below.sides)
        below = below.restricted_by(
            [value_of(part, below)], TransformationSubtype.JOIN if joins else TransformationSubtype.FILTER
        )
    return below


def _conjuncts(predicate: plan_tree.Expression) -> Iterator[plan_tree.Expression]:
    stack = [predicate]
    while stack:
        part = stack.pop()
        if part.form is ExpressionKind.BINARY and part.name in _AND:
            stack.extend(found for _, found in part.inputs)
        else:
            yield part


def group(node: plan_tree.GroupBy, below: PlanFrame) -> PlanFrame:
    """Return one row per group: every value is made from many rows, keys are unchanged."""
    keys = {name: value_of(expression, below) for name, expression in node.keys}
    if node.index is not None:
        at = below.column(node.index)
        keys[node.index] = at.through(TransformationSubtype.TRANSFORMATION) if node.windows else at
        bounds = [name for name in node.schema if node.windows and name in _BOUNDARIES]
        keys |= dict.fromkeys(bounds, at.through(TransformationSubtype.TRANSFORMATION))
    if node.opaque:
        return opaque(node, below).restricted_by(keys.values(), TransformationSubtype.GROUP_BY)
    made = {name: _of_group(value_of(expression, below), below) for name, expression in node.aggregates}
    known = {**keys, **made}
    columns = {
        name: known.get(name, FrameValue(unknown="it is neither a key nor an aggregate")) for name in node.schema
    }
    grouped = (below if node.keeps_order else below.out_of_order()).with_columns(columns)
    return grouped.restricted_by(keys.values(), TransformationSubtype.GROUP_BY)


def _of_group(value: FrameValue, below: PlanFrame) -> FrameValue:
    # A value that is not aggregated becomes a list of the group's values, in the order of its rows.
    listed = value if value.single or not value.placed else value.decided_by(below.order)
    lengths = value.lengths if value.single else value.resized
    return replace(
        listed.through(TransformationSubtype.AGGREGATION), single=False, uneven=False, resized=NONE, lengths=lengths
    )


def distinct(node: plan_tree.Distinct, below: PlanFrame) -> PlanFrame:
    """Return one row per distinct value of the key columns."""
    keys = [below.column(name) for name in (node.subset if node.subset is not None else below.columns)]
    if node.keep in {"first", "last"}:
        below = below.by_place()
    kept = (below if node.keeps_order else below.out_of_order()).restricted_by(keys, TransformationSubtype.GROUP_BY)
    kept = replace(kept, sides=None)
    return kept.by_place() if node.slices else kept


def sort(node: plan_tree.Sort, below: PlanFrame) -> PlanFrame:
    """Return the frame in another order; ties keep their previous order only if the sort is stable."""
    keys = [value_of(expression, below) for _, expression in node.by]
    before = below if node.stable else below.out_of_order()
    order = before.order | deciding(keys, TransformationSubtype.SORT)
    # Keys do not decide which rows exist, but their slack applies to the frame.
    noted = replace(before.restricted_by(keys, TransformationSubtype.SORT), rows=before.rows)
    ordered = replace(noted, order=order, sides=None)
    return ordered.by_place() if node.slices else ordered


def take(_: plan_tree.Gather, below: PlanFrame, places: PlanFrame) -> PlanFrame:
    """Return the rows at the positions given by the only column of another frame."""
    both = together([below.by_place(), places])
    taken = replace(both, columns=below.columns, order=places.order)
    return taken.restricted_by(places.columns.values(), TransformationSubtype.FILTER).reading_more(
        sources_of(below.order)
    )


def union(node: plan_tree.Union, frames: list[PlanFrame]) -> PlanFrame:
    """Return vertically concatenated frames: a column depends on that column of each frame."""
    columns = {name: merged(frame.column(name) for frame in frames) for name in node.schema}
    stacked = replace(together(frames), columns=columns)
    stacked = stacked if node.keeps_order else stacked.out_of_order()
    stacked = stacked.reading_more(stacked.reachable)
    return stacked.by_place() if node.slices else stacked


def beside(_: plan_tree.SideBySide, frames: list[PlanFrame]) -> PlanFrame:
    """Return horizontally concatenated frames: rows are matched by position."""
    both = together([frame.by_place() for frame in frames])
    columns = {name: value for frame in frames for name, value in frame.columns.items()}
    return replace(both, columns=columns).reading_more(both.reachable)


def merge(node: plan_tree.Merge, frames: list[PlanFrame]) -> PlanFrame:
    """Return two sorted frames, merged by their key."""
    columns = {name: merged(frame.column(name) for frame in frames) for name in node.schema}
    order = deciding((columns[name] for name in node.key), TransformationSubtype.SORT)
    return replace(together(frames).out_of_order(), columns=columns, order=order)


def explode(node: plan_tree.Explode, below: PlanFrame) -> PlanFrame:
    """Return a row per list item: the lists, or what decided their lengths, decide how many rows exist."""
    lists = [below.column(name) for name in node.columns]
    items = {
        name: replace(value.through(TransformationSubtype.TRANSFORMATION), lengths=None)
        for name, value in zip(node.columns, lists, strict=True)
    }
    deciders = [value if value.lengths is None else replace(value, found=value.lengths) for value in lists]
    exploded = below.with_columns({**below.columns, **items}).restricted_by(deciders, TransformationSubtype.JOIN)
    return exploded.reading_more(sources_of(NONE.union(*(value.found for value in lists))))


def unnest(node: plan_tree.Unnest, below: PlanFrame, before: Mapping[str, pl.DataType]) -> PlanFrame:
    """Return the frame with a column for each field of its structs."""
    fields: dict[str, FrameValue] = {}
    for name in node.columns:
        kind = before.get(name)
        prefix = "" if node.separator is None else f"{name}{node.separator}"
        for field in kind.fields if isinstance(kind, pl.Struct) else ():
            fields[prefix + field.name] = below.column(name).field_named(field.name)
    structs = [below.column(name).found for name in node.columns]
    columns = {name: fields.get(name) or below.column(name) for name in node.schema}
    return below.with_columns(columns).reading_more(sources_of(NONE.union(*structs)))


def unpivot(node: plan_tree.Unpivot, below: PlanFrame, before: Mapping[str, pl.DataType]) -> PlanFrame:
    """Return columns as rows: one column has their names, which are constants, and one their values."""
    kind = node.schema.get(node.values)
    values = {
        name: below.column(name).through(
            TransformationSubtype.IDENTITY if before.get(name) == kind else TransformationSubtype.TRANSFORMATION
        )
        for name in node.on
    }
    columns = {name: below.column(name) for name in node.index}
    columns |= {node.names: FrameValue(), node.values: merged(values.values())}
    return below.with_columns(columns).reading_more(below.reachable)


def number(node: plan_tree.RowNumber, below: PlanFrame) -> PlanFrame:
    """Return the frame with the number of each row, which depends only on the order of the rows."""
    return below.with_columns({node.name: FrameValue(below.order), **below.columns})


def opaque(node: plan_tree.Node, below: PlanFrame) -> PlanFrame:
    """Return the result of a function from frame to frame: any column may depend on all, in an unknown way."""
    values = list(below.columns.values())
    found = deciding(values, TransformationSubtype.OPAQUE)
    # The engine need not read all of them: it may know that a function passes columns on unchanged.
    value = FrameValue(found, unknown=first_unknown(values), slack=Slack(less=sources_of(found)))
    seen = below.by_place().out_of_order().with_columns(dict.fromkeys(node.schema, value))
    return seen.restricted_by([replace(found, found=NONE) for found in values], TransformationSubtype.OPAQUE)
