"""Common table expressions, plain and recursive."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.sql.name_scopes import Scope
from bankmesh.lineage.sql.relation_values import Relation, folded
from bankmesh.lineage.sql.set_operations import combined

if TYPE_CHECKING:
    from collections.abc import Callable


def with_ctes(node: exp.Expr, scope: Scope) -> Scope:
    """Return the scope with a query's own common table expressions; each can read those before it."""
    with_ = node.args.get("with_")
    if with_ is None:
        return scope
    for expression in with_.expressions:
        name = folded(expression.alias)
        recursive = bool(with_.args.get("recursive")) and _reads(expression.this, name)
        make = _recursive if recursive else _plain
        scope = Scope(scope.reading, scope, ctes={name: make(expression, scope)})
    return scope


def _plain(expression: exp.Expr, scope: Scope) -> Callable[[], Relation]:
    return cache(lambda: _renamed(expression, scope.reading.evaluate(expression.this, scope)))


def _renamed(expression: exp.Expr, relation: Relation) -> Relation:
    alias = expression.args["alias"]
    return relation.renamed(part.name for part in alias.args.get("columns") or []).as_table(alias.name)


def _reads(node: exp.Expr, name: str) -> bool:
    return any(folded(table.name) == name and not table.db for table in node.find_all(exp.Table))


def _recursive(expression: exp.Expr, scope: Scope) -> Callable[[], Relation]:
    """Return a recursive query's relation, iterated until no new dependency is found."""

    def make() -> Relation:
        body, name = expression.this, expression.alias
        if not isinstance(body, exp.SetOperation):
            return Relation((), open=f"the recursive common table expression {name} is not a union")
        around = with_ctes(body, scope)
        relation = _looped(_renamed(expression, scope.reading.evaluate(body.left, around)), name)
        while True:
            last = relation
            seen = Scope(scope.reading, around, ctes={folded(name): _given(last)})
            again = combined(body, last, scope.reading.evaluate(body.right, seen))
            relation = _looped(again.renamed(column.name for column in last.columns), name)
            if relation == last:
                return relation

    return cache(make)


def _given(relation: Relation) -> Callable[[], Relation]:
    return lambda: relation


def _looped(relation: Relation, name: str) -> Relation:
    columns = (replace(c, value=replace(c.value, looped=name), named=True) for c in relation.columns)
    return Relation(tuple(columns), relation.rows, relation.open)
