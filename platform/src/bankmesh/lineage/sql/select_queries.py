"""Lineage of queries: SELECT, set operations, VALUES."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.common_table_expressions import with_ctes
from bankmesh.lineage.sql.duckdb_functions import has_aggregate
from bankmesh.lineage.sql.from_clause import frame_of, joined
from bankmesh.lineage.sql.name_scopes import Scope
from bankmesh.lineage.sql.pivots import pivoted
from bankmesh.lineage.sql.relation_values import (
    Relation,
    RelationColumn,
    RelationValue,
    RepeatedName,
    folded,
    made_by,
    merged,
)
from bankmesh.lineage.sql.select_list import selected
from bankmesh.lineage.sql.set_operations import combined
from bankmesh.lineage.sql.sql_expressions import decides, line_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def evaluate(node: exp.Expr, scope: Scope, *, outermost: bool = False) -> Relation:
    """Return the result of a query. `scope` is the scope around it."""
    inner = with_ctes(node, scope)
    if isinstance(node, exp.Select):
        return _select(node, Scope(inner.reading, inner), outermost=outermost)
    if isinstance(node, (exp.SetOperation, exp.Subquery)):
        return _ordered(node, _unordered(node, inner, outermost=outermost), inner, outermost=outermost)
    if isinstance(node, exp.Values):
        return _values(node, inner)
    if isinstance(node, (exp.Pivot, exp.Table)):
        return _of_source(node, inner)
    return Relation((), open=f"what {type(node).__name__.upper()} gives is not known")


def _unordered(node: exp.Expr, scope: Scope, *, outermost: bool) -> Relation:
    if isinstance(node, exp.SetOperation):
        return combined(node, evaluate(node.left, scope), evaluate(node.right, scope))
    return evaluate(node.this, scope, outermost=outermost)


def _of_source(node: exp.Expr, scope: Scope) -> Relation:
    """Return the result of `pivot t on ...`, or of a table in brackets in place of a query."""
    own = Scope(scope.reading, scope)
    own.frame = frame_of(node.this if isinstance(node, exp.Pivot) else node, own)
    relation = Relation(tuple(shown.column for shown in own.frame.shown), own.rows.value(), own.frame.open)
    return pivoted(relation, node, scope) if isinstance(node, exp.Pivot) else relation


# --- SELECT --------------------------------------------------------------------------------------------------


def _select(node: exp.Select, scope: Scope, *, outermost: bool) -> Relation:
    for window in node.args.get("windows") or []:
        scope.windows[folded(window.name)] = window
    _from(node, scope)
    columns: list[tuple[exp.Expr, RelationColumn]] = []
    by_name: dict[str, list[tuple[int, RelationColumn]]] = {}
    more = None
    for item in node.expressions:
        found = selected(item, scope)
        more = more or found.open
        line = _line_of(item)
        for column in found.columns:
            columns.append((item, replace(column, value=column.value.read_on(line), line=line)))
            known = by_name.setdefault(folded(column.name), [])
            known.append((len(columns), columns[-1][1]))
            # Later items may refer to it.
            scope.aliases[folded(column.name)] = _one_of(known)
    for part in ("where", "qualify"):
        if condition := node.args.get(part):
            scope.rows.add(decides([condition.this], TransformationSubtype.FILTER, scope))
    if condition := node.args.get("having"):
        grouped = _grouped_names(node)
        preferred = {name: column.value for name, column in scope.aliases.items() if name not in grouped}
        scope.rows.add(decides([condition.this], TransformationSubtype.FILTER, scope, preferred))
    scope.rows.add(_grouped(node, columns, scope))
    outputs = [column for _, column in columns]
    scope.rows.add(_distinct(node, outputs, scope))
    scope.rows.add(_sorted(node, outputs, scope, outermost=outermost or _picks_one(node)))
    if more and _compares_all(node):
        scope.rows.add(RelationValue(unknown=more))
    return Relation(tuple(outputs), scope.rows.value(), more)


def _line_of(item: exp.Expr) -> int:
    """Return the line on which an item of a SELECT list has its name, 0 if the parser recorded none."""
    return line_of(item.args["alias"] if isinstance(item, exp.Alias) else item)


def _aliases(columns: Sequence[RelationColumn]) -> dict[str, RelationColumn]:
    """Return the columns of a result by name. If several have one name, DuckDB chooses one of them."""
    by_name: dict[str, list[tuple[int, RelationColumn]]] = {}
    for at, column in enumerate(columns, start=1):
        by_name.setdefault(folded(column.name), []).append((at, column))
    return {name: _one_of(found) for name, found in by_name.items()}


def _one_of(found: Sequence[tuple[int, RelationColumn]]) -> RelationColumn:
    """Return the column for a name that all of these columns have, each with its position."""
    first = found[0][1]
    if len(found) == 1:
        return first
    repeated = RepeatedName(first.name, "the SELECT list", tuple((at, column.line) for at, column in found))
    return replace(first, value=merged(column.among(repeated).value for _, column in found), type=None)


def _from(node: exp.Select, scope: Scope) -> None:
    if source := node.args.get("from_"):
        scope.frame = frame_of(source.this, _around(scope))
    for join in [*(node.args.get("laterals") or []), *(node.args.get("joins") or [])]:
        clause = join if isinstance(join, exp.Join) else exp.Join(this=join)
        scope.frame = joined(scope.frame, clause, _around(scope))


def _around(scope: Scope) -> Scope:
    """Return the scope of an item of FROM: the one outside the query, with the row dependencies of the query."""
    return Scope(scope.reading, scope.parent, rows=scope.rows)


def _compares_all(node: exp.Select) -> bool:
    """Return whether every column of the result decides which rows exist."""
    group = node.args.get("group")
    return node.args.get("distinct") is not None or bool(group is not None and group.args.get("all"))


def _picks_one(node: exp.Select) -> bool:
    """Return whether DISTINCT ON makes the order decide which rows remain."""
    distinct = node.args.get("distinct")
    return distinct is not None and distinct.args.get("on") is not None


def _distinct(node: exp.Select, outputs: Sequence[RelationColumn], scope: Scope) -> RelationValue:
    distinct = node.args.get("distinct")
    if distinct is None:
        return RelationValue()
    on = distinct.args.get("on")
    if on is None:
        return made_by(merged(column.value for column in outputs), TransformationSubtype.GROUP_BY)
    keys = on.expressions if isinstance(on, exp.Tuple) else [on]
    return merged(_key(key, outputs, scope, TransformationSubtype.GROUP_BY) for key in keys)


# --- GROUP BY ------------------------------------------------------------------------------------------------


def _grouped(node: exp.Select, columns: Sequence[tuple[exp.Expr, RelationColumn]], scope: Scope) -> RelationValue:
    group = node.args.get("group")
    if group is None:
        return RelationValue()
    if group.args.get("all"):
        return made_by(
            merged(c.value for item, c in columns if not has_aggregate(item)), TransformationSubtype.GROUP_BY
        )
    plain = [column for _, column in columns]
    return merged(
        _position(key, plain, TransformationSubtype.GROUP_BY) or decides([key], TransformationSubtype.GROUP_BY, scope)
        for key in _keys(group)
    )


def _keys(group: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the keys of GROUP BY, including those in grouping sets."""
    for node in group.expressions:
        if isinstance(node, (exp.GroupingSets, exp.Cube, exp.Rollup, exp.Tuple)):
            yield from _keys(node)
        elif isinstance(node, exp.Paren):
            yield from _keys(exp.Tuple(expressions=[node.this.copy()]))
        else:
            yield node


def _grouped_names(node: exp.Select) -> set[str]:
    """Return the columns of FROM that are unchanged keys: in HAVING these names precede aliases of the same name."""
    items = [(item.alias, item.this) if isinstance(item, exp.Alias) else ("", item) for item in node.expressions]
    by_alias = {folded(alias): item for alias, item in items if alias}
    names = set()
    for key in _keys(node.args.get("group") or exp.Group()):
        if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(items):
            meant: exp.Expr = items[int(key.name) - 1][1]
        else:
            meant = by_alias.get(folded(key.name), key) if isinstance(key, exp.Column) else key
        if isinstance(meant, exp.Column):
            names.add(folded(meant.name))
        if isinstance(key, exp.Column):
            names.add(folded(key.name))
    return names


def _position(key: exp.Expr, outputs: Sequence[RelationColumn], how: TransformationSubtype) -> RelationValue | None:
    """Return the value of a positional key, as in `group by 1` and `order by 1`, else None."""
    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(outputs):
        return made_by(outputs[int(key.name) - 1].value, how)
    return None


# --- ORDER BY and LIMIT ----------------------------------------------------------------------------------------


def _sorted(node: exp.Expr, outputs: Sequence[RelationColumn], scope: Scope, *, outermost: bool) -> RelationValue:
    """Return the dependencies of LIMIT, OFFSET and ORDER BY; an order counts if it is the result's or selects rows."""
    limits = [node.args[part] for part in ("limit", "offset") if node.args.get(part)]
    counted = decides([part.args.get("expression") for part in limits], TransformationSubtype.FILTER, scope)
    order = node.args.get("order")
    if order is None:
        return counted
    keys = [key.this if isinstance(key, exp.Ordered) else key for key in order.expressions]
    if any(isinstance(key, (exp.Var, exp.Column)) and key.name.upper() == "ALL" for key in keys):
        found = made_by(merged(column.value for column in outputs), TransformationSubtype.SORT)
    else:
        found = merged(_key(key, outputs, scope, TransformationSubtype.SORT) for key in keys)
    # `list(x)` around the query may depend on an order that decides no rows.
    return merged([counted, found if outermost or limits else RelationValue(repeated=found.repeated)])


def _key(key: exp.Expr, outputs: Sequence[RelationColumn], scope: Scope, how: TransformationSubtype) -> RelationValue:
    """Return a key of ORDER BY or DISTINCT ON: a position, a column of the result, or an expression over FROM."""
    placed = _position(key, outputs, how)
    if placed is not None:
        return placed
    if isinstance(key, exp.Column) and not key.table:
        named = _aliases(outputs).get(folded(key.name))
        if named is not None:
            return made_by(named.value, how)
    return decides([key], how, scope)


def _ordered(node: exp.Expr, relation: Relation, scope: Scope, *, outermost: bool) -> Relation:
    """Apply the ORDER BY and LIMIT of a set operation or bracketed query, which can only refer to its result."""
    own = Scope(scope.reading, scope, aliases=_aliases(relation.columns))
    order = _sorted(node, relation.columns, own, outermost=outermost)
    return Relation(relation.columns, merged([relation.rows, own.rows.value(), order]), relation.open)


# --- VALUES --------------------------------------------------------------------------------------------------


def _values(node: exp.Values, scope: Scope) -> Relation:
    rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
    own = Scope(scope.reading, scope)
    columns = [
        RelationColumn(f"col{place}", merged(value_of(cell, own) for cell in cells))
        for place, cells in enumerate(zip(*rows, strict=True))
    ]
    return Relation(tuple(columns), own.rows.value())
