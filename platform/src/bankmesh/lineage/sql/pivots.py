"""PIVOT and UNPIVOT, in DuckDB's own form and in the standard's."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.name_scopes import FromFrame, FromItem, Scope
from bankmesh.lineage.sql.relation_values import Relation, RelationColumn, RelationValue, folded, made_by, merged
from bankmesh.lineage.sql.select_list import picked_columns, unnamed
from bankmesh.lineage.sql.sql_expressions import decides, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def pivoted(relation: Relation, node: exp.Expr, outer: Scope) -> Relation:
    """Return the result of PIVOT or UNPIVOT on a relation; in DuckDB its columns are named without a table."""
    unpivot = node.args.get("unpivot") or isinstance(node.args.get("into"), exp.UnpivotColumns)
    kind = "UNPIVOT" if unpivot else "PIVOT"
    scope = Scope(outer.reading, outer, FromFrame.of(FromItem((), relation.as_table(f"what {kind} reads"))))
    made = _unpivoted(node, scope) if unpivot else _pivoted(node, scope)
    return made.as_table(f"what {kind} gives")


# --- PIVOT ---------------------------------------------------------------------------------------------------


def _pivoted(node: exp.Expr, scope: Scope) -> Relation:
    """Return a column per value: it depends on its aggregate, and conditionally on what is pivoted on."""
    fields = node.args.get("fields") or node.expressions
    aggregates: Sequence[exp.Expr] = (node.args.get("using") or []) if "using" in node.args else []
    if node.args.get("fields"):
        aggregates = node.expressions
    keys = [field.this if isinstance(field, exp.In) else field for field in fields]
    groups = _groups(node, scope, [*keys, *aggregates])
    chosen = decides(keys, TransformationSubtype.CONDITIONAL, scope)
    columns = [] if any(_values(field) is None for field in fields) else _cells(fields, aggregates, chosen, scope)
    unlisted = "which columns PIVOT makes depends on the data, because it does not list the values"
    return Relation(
        columns=(*groups, *columns),
        rows=merged([*_rows(scope), made_by(merged(key.value for key in groups), TransformationSubtype.GROUP_BY)]),
        open=scope.frame.open or (None if columns else unlisted),
    )


def _cells(
    fields: list[exp.Expr], aggregates: Sequence[exp.Expr], chosen: RelationValue, scope: Scope
) -> list[RelationColumn]:
    made: list[tuple[str, RelationValue, bool]] = [
        (
            _suffix(aggregate, len(aggregates)),
            merged([value_of(aggregate, scope), chosen]),
            isinstance(aggregate, exp.Alias) or len(aggregates) == 1,
        )
        for aggregate in aggregates
    ] or [("", chosen, True)]
    listed = [_values(field) or [] for field in fields]
    return [
        RelationColumn("_".join(values) + suffix, value, named=named)
        for values in product(*listed)
        for suffix, value, named in made
    ]


def _suffix(aggregate: exp.Expr, count: int) -> str:
    if isinstance(aggregate, exp.Alias):
        return f"_{aggregate.alias}"
    return f"_{unnamed(aggregate)}" if count > 1 else ""


def _values(field: exp.Expr) -> list[str] | None:
    """Return the column names for one IN list, None if it is not a list of values."""
    if not isinstance(field, exp.In) or not field.expressions:
        return None
    names = []
    for value in field.expressions:
        aliased = value.args.get("alias")
        if aliased is not None:
            names.append(aliased.name)
        elif isinstance(value, (exp.Literal, exp.Boolean, exp.Neg)):
            names.append(value.name if isinstance(value, exp.Literal) else value.sql("duckdb").lower())
        else:
            return None
    return names


def _groups(node: exp.Expr, scope: Scope, used: Sequence[exp.Expr]) -> list[RelationColumn]:
    """Return the columns that PIVOT groups by: those that it names, else all that it does not use."""
    group = node.args.get("group")
    if group is not None:
        return [RelationColumn(key.output_name or unnamed(key), value_of(key, scope)) for key in group.expressions]
    names = {folded(column.name) for expression in used for column in expression.find_all(exp.Column)}
    return [shown.column for shown in scope.frame.shown if folded(shown.column.name) not in names]


# --- UNPIVOT -------------------------------------------------------------------------------------------------


def _unpivoted(node: exp.Expr, scope: Scope) -> Relation:
    """Return a row per column; without INCLUDE NULLS, null values give no row."""
    names, name, values = _unpivot_parts(node)
    sources = [source for listed in names for source in _sources(listed, scope)]
    used = {folded(c.name) for listed in names for c in _columns_of(listed, scope)}
    kept = [shown.column for shown in scope.frame.shown if folded(shown.column.name) not in used]
    made = [
        RelationColumn(value, merged(source[place] for source in sources if place < len(source)))
        for place, value in enumerate(values)
    ]
    nulls = node.args.get("include_nulls")
    dropped = [] if nulls else [made_by(value, TransformationSubtype.FILTER) for source in sources for value in source]
    return Relation(
        columns=(
            *kept,
            RelationColumn(name, RelationValue(repeated=merged(v for s in sources for v in s).repeated)),
            *made,
        ),
        rows=merged([*_rows(scope), *dropped]),
        open=scope.frame.open,
    )


def _unpivot_parts(node: exp.Expr) -> tuple[list[exp.Expr], str, list[str]]:
    """Return the expressions to turn into rows, the name of the name column, and the names of the value columns."""
    if node.args.get("fields"):
        field = node.args["fields"][0]
        first = node.expressions[0]
        values = first.expressions if isinstance(first, exp.Tuple) else node.expressions
        return field.expressions, field.this.name, [value.name for value in values]
    into = node.args.get("into")
    if into is None:
        return node.expressions, "name", ["value"]
    return node.expressions, into.this.name, [value.name for value in into.expressions]


def _sources(node: exp.Expr, scope: Scope) -> list[list[RelationValue]]:
    """Return the values that one item of the list gives, for each row that it makes."""
    if isinstance(node, (exp.Tuple, exp.Paren)):
        parts = node.expressions if isinstance(node, exp.Tuple) else [node.this]
        return [[value_of(part, scope) for part in parts]]
    if isinstance(node, (exp.Columns, exp.Star)):
        return [[column.value] for column in picked_columns(node, scope).columns]
    return [[value_of(node.this if isinstance(node, (exp.Alias, exp.PivotAlias)) else node, scope)]]


def _columns_of(node: exp.Expr, scope: Scope) -> list[RelationColumn]:
    if isinstance(node, (exp.Columns, exp.Star)):
        return list(picked_columns(node, scope).columns)
    names = {folded(column.name) for column in node.find_all(exp.Column)}
    return [shown.column for shown in scope.frame.shown if folded(shown.column.name) in names]


# --- Rows ----------------------------------------------------------------------------------------------------


def _rows(scope: Scope) -> list[RelationValue]:
    return [*(item.relation.rows for item in scope.frame.items), scope.rows.value()]
