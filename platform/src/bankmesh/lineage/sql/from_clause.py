"""Items of FROM: tables, subqueries, table functions, and the joins between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.name_scopes import FromFrame, FromItem, Scope
from bankmesh.lineage.sql.pivots import pivoted
from bankmesh.lineage.sql.relation_values import Relation, RelationColumn, RelationValue, folded, made_by, merged
from bankmesh.lineage.sql.sql_expressions import decides, value_of
from bankmesh.lineage.sql.tables import schema_and_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.lineage.sql.name_scopes import Names


def frame_of(node: exp.Expr, outer: Scope) -> FromFrame:
    """Return the relations of one item of FROM, including its joins; row dependencies are added to `outer.rows`.

    `outer` is the scope around the item: a subquery may read the items before it.
    """
    frame = _item(node, outer)
    for join in node.args.get("joins") or []:
        frame = joined(frame, join, outer)
    return frame


def joined(left: FromFrame, join: exp.Expr, outer: Scope) -> FromFrame:
    """Return a frame with one more item joined to it."""
    seen = Scope(outer.reading, outer, left, ctes={}, rows=outer.rows)
    right = frame_of(join.this, seen)
    both = left.joined(right)
    at = Scope(outer.reading, outer, both, rows=outer.rows)
    kind = str(join.args.get("kind") or "").upper()
    names = _shared_names(left, right, join)
    pairs = {name: (_only(left, name), _only(right, name)) for name in names}
    outer.rows.add(decides([join.args.get("on")], TransformationSubtype.JOIN, at))
    outer.rows.add(made_by(merged(value for pair in pairs.values() for value in pair), TransformationSubtype.JOIN))
    if str(join.args.get("method") or "").upper() == "NATURAL" and (left.open or right.open):
        outer.rows.add(RelationValue(unknown=left.open or right.open))
    if kind in {"SEMI", "ANTI"}:
        return left
    side = str(join.args.get("side") or "").upper()
    return left.joined_using(right, {name: _using(side, *pair) for name, pair in pairs.items()})


def _shared_names(left: FromFrame, right: FromFrame, join: exp.Expr) -> list[str]:
    """Return the names of USING, or those that a NATURAL join finds on both sides."""
    if str(join.args.get("method") or "").upper() == "NATURAL":
        there = {folded(shown.column.name) for shown in right.shown}
        return [name for shown in left.shown if (name := folded(shown.column.name)) in there]
    return [folded(part.name) for part in join.args.get("using") or []]


def _only(frame: FromFrame, name: str) -> RelationValue:
    found = frame.unqualified(name)
    if len(found) == 1:
        return found[0].value
    if not found and frame.open:
        return RelationValue(unknown=frame.open)
    return frame.of_several(name) if found else RelationValue(unknown=f"there is no column {name} to join by")


def _using(side: str, left: RelationValue, right: RelationValue) -> RelationValue:
    """Return the column that USING shows: from the side that has all rows, in a full join a coalesce of both."""
    if side == "RIGHT":
        return right
    return made_by(merged([left, right]), TransformationSubtype.TRANSFORMATION) if side == "FULL" else left


# --- One item ------------------------------------------------------------------------------------------------


def _item(node: exp.Expr, outer: Scope) -> FromFrame:
    if isinstance(node, (exp.Subquery, exp.Paren)) and isinstance(node.this, (exp.Table, exp.Subquery)):
        inner = frame_of(node.this, outer)
        if not node.args.get("alias") and not node.args.get("pivots"):
            return inner
        return _named(node, Relation(tuple(shown.column for shown in inner.shown), open=inner.open), (), outer)
    return _named(node, *_relation(node, outer), outer)


def _relation(node: exp.Expr, outer: Scope) -> tuple[Relation, tuple[Names, ...]]:
    """Return the relation of one item of FROM, and its names if it has no alias."""
    if isinstance(node, exp.Table):
        if isinstance(node.this, exp.Identifier):
            return _table(node, outer)
        return _function(node.this, node, outer), ((folded(node.this.name),),)
    if isinstance(node, exp.Unnest):
        return _unnest(node, outer), (("unnest",),)
    if isinstance(node, exp.Lateral):
        return _lateral(node, outer), ()
    query = node.this if isinstance(node, exp.Subquery) and _is_plain(node) else node
    return outer.reading.evaluate(query, outer), ()


def _is_plain(node: exp.Subquery) -> bool:
    """Return whether a subquery is only brackets, without an order, a limit or common table expressions of its own."""
    return not any(node.args.get(part) for part in ("with_", "order", "limit", "offset"))


def _named(node: exp.Expr, relation: Relation, names: tuple[Names, ...], outer: Scope) -> FromFrame:
    """Return the item, pivoted and named as the query says; its row dependencies are added to `outer`."""
    names, relation = _aliased(node, names, relation)
    called = names[0][-1] if names else "a subquery"
    relation = relation.as_table(called)
    for pivot in node.args.get("pivots") or []:
        relation = pivoted(relation, pivot, outer)
        names, relation = _aliased(pivot, names, relation)
    outer.rows.add(relation.rows)
    return FromFrame.of(FromItem(names, replace(relation, rows=RelationValue())))


def _aliased(node: exp.Expr, names: tuple[Names, ...], relation: Relation) -> tuple[tuple[Names, ...], Relation]:
    alias = node.args.get("alias")
    if alias is None:
        return names, relation
    if alias.this is not None:
        names = ((folded(alias.name),),)
    return names, relation.renamed(part.name for part in alias.args.get("columns") or [])


def _table(node: exp.Table, outer: Scope) -> tuple[Relation, tuple[Names, ...]]:
    parts = tuple(part.name for part in node.parts)
    if len(parts) == 1:
        relation = outer.cte(folded(parts[0]))
        if relation is not None:
            return relation, ((folded(parts[0]),),)
    table = outer.reading.tables.find(parts)
    outer.reading.read.add(table.dataset)
    said = tuple(folded(part) for part in parts)
    full = tuple(folded(part) for part in schema_and_name(table))
    ways = dict.fromkeys([said[-1:], said[-2:], said, full, ("memory", *full)])
    return table.relation(), tuple(ways)


# --- Functions that make rows ----------------------------------------------------------------------------------


def _function(function: exp.Expr, node: exp.Table, outer: Scope) -> Relation:
    """Return the relation of `range` or `generate_series`; the columns of other table functions are unknown."""
    if isinstance(function, exp.GenerateSeries):
        name = "range" if function.args.get("is_end_exclusive") else "generate_series"
        value = merged(value_of(part, outer) for part in function.iter_expressions())
        rows = decides(function.iter_expressions(), TransformationSubtype.JOIN, outer)
        columns = [RelationColumn(name, made_by(value, TransformationSubtype.TRANSFORMATION))]
        return Relation((*columns, *_ordinality(node.args.get("ordinality"))), rows)
    name = function.name if isinstance(function, exp.Anonymous) else function.sql_name().lower()  # type: ignore[attr-defined]
    return Relation((), open=f"what the table function {name} gives is not known")


def _unnest(node: exp.Unnest, outer: Scope) -> Relation:
    """Return the elements of lists; the lists decide how many rows exist."""
    rows = decides(node.expressions, TransformationSubtype.JOIN, outer)
    columns = [
        RelationColumn("unnest", made_by(value_of(part, outer), TransformationSubtype.TRANSFORMATION))
        for part in node.expressions
    ]
    return Relation((*columns, *_ordinality(node.args.get("offset"))), rows)


def _ordinality(given: object) -> Iterable[RelationColumn]:
    """Return the row number column if the query has WITH ORDINALITY."""
    if isinstance(given, exp.Expr):
        return [RelationColumn(given.name, RelationValue())]
    return [RelationColumn("ordinality", RelationValue())] if given else []


def _lateral(node: exp.Lateral, outer: Scope) -> Relation:
    inner = node.this
    if isinstance(inner, exp.Subquery):
        return outer.reading.evaluate(inner, outer)
    return Relation((), open=f"what {inner.sql('duckdb')} gives is not known")
