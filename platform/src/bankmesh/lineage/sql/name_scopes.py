"""Name resolution at one place of a query: relations in FROM, aliases of the SELECT list, and outer scopes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.relation_values import (
    CollectedDependencies,
    Relation,
    RelationColumn,
    RelationValue,
    RepeatedName,
    folded,
    made_by,
    merged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlglot import exp

    from bankmesh.lineage.sql.duckdb_binder import Engine
    from bankmesh.lineage.sql.tables import Tables

Names = tuple[str, ...]


class EvaluateQuery(Protocol):
    """Evaluator of a query inside another one."""

    def __call__(self, node: exp.Expr, scope: Scope, *, outermost: bool = False) -> Relation:
        """Return the result of a query in `scope`; ORDER BY counts in the outermost query only."""


@dataclass(frozen=True)
class StarExpansion:
    """The columns of a star; `open` says why there may be more, `pattern` is the pattern that picked them by name."""

    columns: tuple[RelationColumn, ...]
    open: str | None = None
    pattern: str | None = None


class ExpandStar(Protocol):
    """Reads `*`, `t.*`, `* like 'a%'` or `columns(...)`."""

    def __call__(self, node: exp.Expr, scope: Scope) -> StarExpansion:
        """Return the columns that it picks, in their order."""


@dataclass
class QueryContext:
    """State shared while one query is read.

    `read` collects the tables that the query reads. `doubts` collects the reasons why DuckDB must determine the columns
    of the result.
    """

    tables: Tables
    evaluate: EvaluateQuery
    expand_star: ExpandStar
    engine: Engine
    read: set[str] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FromItem:
    """A relation in FROM, and the names by which the query may refer to it (folded, most of them with one part)."""

    names: tuple[Names, ...]
    relation: Relation

    @cached_property
    def by_name(self) -> dict[str, RelationColumn]:
        """Its columns by folded name."""
        return {folded(column.name): column for column in self.relation.columns}


@dataclass(frozen=True)
class StarColumn:
    """A column that `*` gives and that may be named without its table; `owner` has the names of its relation."""

    owner: tuple[Names, ...]
    column: RelationColumn


@dataclass(frozen=True)
class FromFrame:
    """The result of FROM: items by name, and their columns in the order of `*`."""

    items: tuple[FromItem, ...] = ()
    shown: tuple[StarColumn, ...] = ()

    @classmethod
    def of(cls, item: FromItem) -> FromFrame:
        """Return a frame of one relation."""
        return cls((item,), tuple(StarColumn(item.names, column) for column in item.relation.columns))

    @property
    def open(self) -> str | None:
        """Why there may be further columns, None if there are none."""
        return next((item.relation.open for item in self.items if item.relation.open), None)

    def unqualified(self, name: str) -> list[RelationColumn]:
        """Return the columns that a name without a table may refer to."""
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[RelationColumn]]:
        found: dict[str, list[RelationColumn]] = {}
        for shown in self.shown:
            found.setdefault(folded(shown.column.name), []).append(shown.column)
        return found

    def of_several(self, name: str) -> RelationValue:
        """Return the value of a name that several tables have: DuckDB rejects it, or takes that of an earlier USING."""
        found = self.unqualified(name)
        unknown = f"more than one table has {name}"
        if self.open:
            return replace(merged(column.value for column in found), unknown=unknown)
        places = [at for at, shown in enumerate(self.shown, start=1) if folded(shown.column.name) == name]
        lines = [column.line for column in found]
        repeated = RepeatedName(name, "FROM", tuple(zip(places, lines, strict=True)))
        return replace(merged(column.among(repeated).value for column in found), unknown=unknown)

    def called(self, names: Names) -> list[FromItem]:
        """Return the relations of that name."""
        return [item for item in self.items if names in item.names]

    def joined(self, other: FromFrame) -> FromFrame:
        """Return a frame with the items of both."""
        return FromFrame(self.items + other.items, self.shown + other.shown)

    def joined_using(self, other: FromFrame, values: Mapping[str, RelationValue]) -> FromFrame:
        """Return a frame with the items of both; the columns in `values` are shown once, with these values."""
        left = tuple(
            replace(shown, column=replace(shown.column, value=values[name])) if name in values else shown
            for shown in self.shown
            for name in [folded(shown.column.name)]
        )
        right = tuple(shown for shown in other.shown if folded(shown.column.name) not in values)
        return FromFrame(self.items + other.items, left + right)


@dataclass(frozen=True)
class ResolvedName:
    """What a name refers to: a value, or a part of one if `how` is TRANSFORMATION; `column` if it is a column."""

    value: RelationValue
    how: TransformationSubtype = TransformationSubtype.IDENTITY
    column: RelationColumn | None = None


@dataclass
class Scope:
    """One level of a query. Names that it does not resolve are resolved on `parent`.

    Attributes:
        aliases: what the SELECT list has named so far, by folded name; columns of FROM take precedence.
        ctes: common table expressions that this level defines, by folded name; evaluated on first use.
        windows: windows that the query names, by folded name.
        rows: collects what decides which rows the query gives.
    """

    reading: QueryContext
    parent: Scope | None = None
    frame: FromFrame = field(default_factory=FromFrame)
    aliases: dict[str, RelationColumn] = field(default_factory=dict)
    ctes: dict[str, Callable[[], Relation]] = field(default_factory=dict)
    windows: dict[str, exp.Window] = field(default_factory=dict)
    rows: CollectedDependencies = field(default_factory=CollectedDependencies)

    def _chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def cte(self, name: str) -> Relation | None:
        """Return the common table expression of that name, None if no enclosing level defines it."""
        for scope in self._chain():
            if name in scope.ctes:
                return scope.ctes[name]()
        return None

    def column(self, parts: tuple[str, ...]) -> ResolvedName | None:
        """Return what a name of one or more parts refers to here, None if it is not known."""
        names = tuple(folded(part) for part in parts)
        for scope in self._chain():
            found = scope._own_column(names)  # noqa: SLF001 - another level of the same query
            if found is not None:
                return found
        return None

    def _own_column(self, names: Names) -> ResolvedName | None:
        return (
            self._of_table(names) or self._without_table(names) or self._whole_row(names) or self._in_open_table(names)
        )

    def _of_table(self, names: Names) -> ResolvedName | None:
        for length in range(len(names) - 1, 0, -1):
            for item in self.frame.called(names[:length]):
                if names[length] in item.by_name:
                    return _part(item.by_name[names[length]], names[length + 1 :])
        return None

    def _without_table(self, names: Names) -> ResolvedName | None:
        found = self.frame.unqualified(names[0])
        if len(found) > 1:
            return ResolvedName(self.frame.of_several(names[0]))
        if found:
            return _part(found[0], names[1:])
        if names[0] in self.aliases:
            return _part(self.aliases[names[0]], names[1:])
        return None

    def _whole_row(self, names: Names) -> ResolvedName | None:
        """Return a struct of all columns of a table, as in `select t from t`."""
        for item in self.frame.called(names):
            value = made_by(merged(c.value for c in item.relation.columns), TransformationSubtype.TRANSFORMATION)
            return ResolvedName(replace(value, unknown=value.unknown or item.relation.open))
        return None

    def _in_open_table(self, names: Names) -> ResolvedName | None:
        items = self.frame.called(names[:-1]) if len(names) > 1 else []
        for item in items or self.frame.items:
            if item.relation.open:
                return ResolvedName(RelationValue(unknown=item.relation.open))
        return None


def _part(column: RelationColumn, fields: Names) -> ResolvedName:
    if fields:
        return ResolvedName(column.value, TransformationSubtype.TRANSFORMATION)
    return ResolvedName(column.value, TransformationSubtype.IDENTITY, column)
