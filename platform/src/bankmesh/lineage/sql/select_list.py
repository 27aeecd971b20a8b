"""The columns of a SELECT list: plain expressions, and items that represent several columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.name_scopes import StarExpansion
from bankmesh.lineage.sql.relation_values import RelationColumn, folded, made_by
from bankmesh.lineage.sql.sql_expressions import dotted, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.lineage.sql.name_scopes import Scope, StarColumn

_MATCHES = (exp.Like, exp.ILike, exp.SimilarTo, exp.Glob, exp.RegexpLike)


@dataclass(frozen=True)
class SelectedColumns:
    """The columns of one item of a SELECT list; `open` says why there may be more."""

    columns: tuple[RelationColumn, ...]
    open: str | None = None


def selected(node: exp.Expr, scope: Scope) -> SelectedColumns:
    """Return the columns that one item of a SELECT list gives."""
    alias, inner = (node.alias, node.this) if isinstance(node, exp.Alias) else ("", node)
    if _star_in(inner) is not None:
        found = picked_columns(inner, scope)
        return SelectedColumns(found.columns, found.open)
    if isinstance(inner, exp.Explode):
        fields = _unnested_struct(inner, scope)
        if fields is not None:
            return SelectedColumns(fields)
    star = _columns_in(inner)
    if star is None or star.args.get("unpack"):
        return SelectedColumns((_one(node, inner, alias, scope),))
    found = picked_columns(star, scope)
    columns = (
        RelationColumn(
            _given(alias, column.name, found.pattern), value_of(inner, scope, (column,)), named="\\" not in alias
        )
        for column in found.columns
    )
    return SelectedColumns(tuple(columns), found.open)


def _one(node: exp.Expr, inner: exp.Expr, alias: str, scope: Scope) -> RelationColumn:
    value = value_of(inner, scope)
    plain = inner.unnest()
    column = _named_column(plain, scope)
    if column is not None:
        return RelationColumn(alias or column.name, value, column.type)
    if alias:
        return RelationColumn(alias, value)
    names = dotted(plain)
    if names is not None:
        return RelationColumn(names[-1], value)
    return RelationColumn(unnamed(node), value, named=False)


def _named_column(node: exp.Expr, scope: Scope) -> RelationColumn | None:
    """Return the column that an expression is, whose name and type the result has; None if it is not a column."""
    if isinstance(node, exp.Column):
        found = scope.column(tuple(part.name for part in node.parts))
        return found.column if found is not None else None
    if isinstance(node, exp.PositionalColumn) and scope.frame.open is None:
        place = int(node.this.name)
        return scope.frame.shown[place - 1].column if place <= len(scope.frame.shown) else None
    return None


def unnamed(node: exp.Expr) -> str:
    """Return an approximation of DuckDB's name for an unnamed expression; DuckDB's own name takes precedence."""
    if isinstance(node, exp.Count) and (node.this is None or isinstance(node.this, exp.Star)):
        return "count_star()"
    return node.sql("duckdb", normalize_functions="lower")


# --- Items for several columns ---------------------------------------------------------------------------------


def picked_columns(node: exp.Expr, scope: Scope) -> StarExpansion:
    """Return the columns of `*`, `t.*`, `* like 'a%'` or `columns(...)`, in their order."""
    if isinstance(node, exp.Columns):
        return _of_columns(node, scope)
    if isinstance(node, _MATCHES):
        return _matching(node, scope)
    star = node if isinstance(node, exp.Star) else node.this
    found = _without_changes(node, scope)
    return replace(found, columns=tuple(_changed(found.columns, star, scope)))


def _of_columns(node: exp.Columns, scope: Scope) -> StarExpansion:
    inner = node.this
    if isinstance(inner, exp.Lambda):
        return _by_condition(_everything(scope), inner.this, inner.expressions[0].name, scope)
    if isinstance(inner, exp.Literal):
        condition = exp.func("regexp_matches", exp.to_identifier("name"), inner.copy())
        return replace(_by_condition(_everything(scope), condition, "name", scope), pattern=inner.name)
    if isinstance(inner, exp.Array):
        wanted = {folded(item.name) for item in inner.expressions}
        picked = (column for column in _everything(scope).columns if folded(column.name) in wanted)
        return StarExpansion(tuple(picked), scope.frame.open)
    if _star_in(inner) is not None:
        return picked_columns(inner, scope)
    return StarExpansion((), f"which columns {unnamed(node)} picks is not known")


def _matching(node: exp.Expr, scope: Scope) -> StarExpansion:
    """Return the columns of `* like 'a%'` and similar conditions."""
    condition = node.copy()
    condition.set("this", exp.to_identifier("name"))
    return _by_condition(picked_columns(node.this, scope), condition, "name", scope)


def _by_condition(among: StarExpansion, condition: exp.Expr, variable: str, scope: Scope) -> StarExpansion:
    names = [column.name for column in among.columns]
    text = condition.sql("duckdb")
    picked = scope.reading.engine.picked(names, text, variable)
    if not picked:
        return StarExpansion((), f"which columns {text} picks is not known")
    return StarExpansion(tuple(column for column in among.columns if column.name in picked), among.open)


def _everything(scope: Scope) -> StarExpansion:
    return StarExpansion(tuple(shown.column for shown in scope.frame.shown), scope.frame.open)


def _without_changes(node: exp.Expr, scope: Scope) -> StarExpansion:
    """Return the columns of a star, without those that EXCLUDE names."""
    if isinstance(node, exp.Star):
        kept = tuple(shown.column for shown in _kept(scope.frame.shown, node))
        return StarExpansion(kept, scope.frame.open)
    owner = tuple(folded(part.name) for part in node.parts[:-1])  # type: ignore[attr-defined]
    items = scope.frame.called(owner)
    if items:
        relation = items[0].relation
        excluded = {folded(part.name) for part in node.this.args.get("except_") or []}
        return StarExpansion(tuple(c for c in relation.columns if folded(c.name) not in excluded), relation.open)
    return _fields(scope, owner)


def _kept(shown: Iterable[StarColumn], star: exp.Star) -> Iterator[StarColumn]:
    excluded = [
        (folded(part.name), folded(part.table) if isinstance(part, exp.Column) else "")
        for part in star.args.get("except_") or []
    ]
    for one in shown:
        owners = {"", *(names[-1] for names in one.owner)}
        if not any(folded(one.column.name) == name and owner in owners for name, owner in excluded):
            yield one


def _changed(columns: Iterable[RelationColumn], star: exp.Star, scope: Scope) -> Iterator[RelationColumn]:
    """Apply REPLACE and RENAME; of several columns of one name, REPLACE leaves one."""
    replaced = {folded(part.alias): part.this for part in star.args.get("replace") or []}
    renamed = {folded(part.this.name): part.alias for part in star.args.get("rename") or []}
    given: set[str] = set()
    for column in columns:
        name = folded(column.name)
        if name in replaced:
            if name not in given:
                yield RelationColumn(column.name, value_of(replaced[name], scope))
            given.add(name)
        else:
            yield replace(column, name=renamed.get(name, column.name))


# --- Structs: the type, if known, defines the fields -----------------------------------------------------------


def _fields(scope: Scope, names: tuple[str, ...]) -> StarExpansion:
    """Return the columns of `s.*` for a struct s."""
    found = scope.column(names)
    if found is None:
        return StarExpansion((), f"there is no table {'.'.join(names)} where its columns are selected")
    fields = struct_fields(found.column.type) if found.column and found.how is TransformationSubtype.IDENTITY else None
    if fields is None:
        return StarExpansion((), f"the fields of {'.'.join(names)} are not known")
    value = made_by(found.value, TransformationSubtype.TRANSFORMATION)
    return StarExpansion(tuple(RelationColumn(name, value, kind) for name, kind in fields))


def _unnested_struct(node: exp.Expr, scope: Scope) -> tuple[RelationColumn, ...] | None:
    """Return a column per field for `unnest(s)` of a struct, None for a list, which is an ordinary expression."""
    kind = None
    if isinstance(node.this, exp.Column) and not isinstance(node.this.this, exp.Star):
        found = scope.column(tuple(part.name for part in node.this.parts))
        kind = found.column.type if found and found.column else None
    fields = struct_fields(kind)
    if kind is None or node.expressions:
        scope.reading.doubts.append(f"what {unnamed(node)} gives depends on a type that is not known")
    if fields is None:
        return None
    value = value_of(node.this, scope)
    return tuple(
        RelationColumn(name, made_by(value, TransformationSubtype.TRANSFORMATION), kind) for name, kind in fields
    )


def struct_fields(kind: str | None) -> list[tuple[str, str]] | None:
    """Return names and types of a struct's fields, None if the type is not a struct."""
    if kind is None or not kind.upper().startswith("STRUCT") or kind.endswith("]"):
        return None
    built = exp.DataType.build(kind, dialect="duckdb")
    return [(part.name, part.args["kind"].sql("duckdb")) for part in built.expressions]


# --- Finding stars -------------------------------------------------------------------------------------------


def _star_in(node: exp.Expr) -> exp.Expr | None:
    """Return the star that an item of a SELECT list is, or that it filters by name; None if there is none."""
    if isinstance(node, _MATCHES):
        return _star_in(node.this) if node.this is not None else None
    if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
        return node
    return None


def _columns_in(node: exp.Expr) -> exp.Expr | None:
    """Return the `columns(...)` within an expression, None if there is none."""
    walk = node.walk(prune=lambda part: isinstance(part, exp.Query))
    return next((part for part in walk if isinstance(part, exp.Columns)), None)


def _given(alias: str, name: str, pattern: str | None) -> str:
    r"""Return the name of one of several columns: its own, the alias, or the alias with `\1` replaced by the match."""
    if not alias:
        return name
    groups = re.search(pattern, name) if pattern and "\\" in alias else None
    return groups.expand(alias.replace("\\0", "\\g<0>")) if groups else alias
