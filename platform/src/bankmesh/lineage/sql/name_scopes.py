"""What names mean at one place of a query: the relations in FROM, aliases of the SELECT list, and what lies outside."""

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
    """Reads a query that stands inside another one."""

    def __call__(self, node: exp.Expr, scope: Scope, *, outermost: bool = False) -> Relation:
        """`scope` is what the query can see around it; ORDER BY counts in the outermost query alone."""


@dataclass(frozen=True)
class StarExpansion:
    """Columns that stand for a star; `open` says why there may be more, `pattern` what picked them by name."""

    columns: tuple[RelationColumn, ...]
    open: str | None = None
    pattern: str | None = None


class ExpandStar(Protocol):
    """Reads `*`, `t.*`, `* like 'a%'` or `columns(...)`."""

    def __call__(self, node: exp.Expr, scope: Scope) -> StarExpansion:
        """Return the columns that it picks, in their order."""


@dataclass
class QueryContext:
    """What is shared while one query is read.

    `read` fills with the tables met. `doubts` fills with the reasons for which DuckDB has to be asked what the columns
    of the result are.
    """

    tables: Tables
    evaluate: EvaluateQuery
    expand_star: ExpandStar
    engine: Engine
    read: set[str] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FromItem:
    """A relation in FROM, and how the query may call it (folded names, most of them with one part)."""

    names: tuple[Names, ...]
    relation: Relation

    @cached_property
    def by_name(self) -> dict[str, RelationColumn]:
        """Its columns by folded name."""
        return {folded(column.name): column for column in self.relation.columns}


@dataclass(frozen=True)
class StarColumn:
    """A column that `*` gives and that goes without a table's name; `owner` has the names of its relation."""

    owner: tuple[Names, ...]
    column: RelationColumn


@dataclass(frozen=True)
class FromFrame:
    """What FROM gives: items by name, and their columns in the order of `*`."""

    items: tuple[FromItem, ...] = ()
    shown: tuple[StarColumn, ...] = ()

    @classmethod
    def of(cls, item: FromItem) -> FromFrame:
        """One relation."""
        return cls((item,), tuple(StarColumn(item.names, column) for column in item.relation.columns))

    @property
    def open(self) -> str | None:
        """Why there may be further columns."""
        return next((item.relation.open for item in self.items if item.relation.open), None)

    def unqualified(self, name: str) -> list[RelationColumn]:
        """The columns that a name without a table's may mean."""
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[RelationColumn]]:
        found: dict[str, list[RelationColumn]] = {}
        for shown in self.shown:
            found.setdefault(folded(shown.column.name), []).append(shown.column)
        return found

    def of_several(self, name: str) -> RelationValue:
        """The value of a name that several tables have: DuckDB refuses it, or takes what an earlier USING shows."""
        found = self.unqualified(name)
        unknown = f"more than one table has {name}"
        if self.open:
            return replace(merged(column.value for column in found), unknown=unknown)
        places = [at for at, shown in enumerate(self.shown, start=1) if folded(shown.column.name) == name]
        lines = [column.line for column in found]
        repeated = RepeatedName(name, "FROM", tuple(zip(places, lines, strict=True)))
        return replace(merged(column.among(repeated).value for column in found), unknown=unknown)

    def called(self, names: Names) -> list[FromItem]:
        """The relations of that name."""
        return [item for item in self.items if names in item.names]

    def joined(self, other: FromFrame) -> FromFrame:
        """Both, side by side."""
        return FromFrame(self.items + other.items, self.shown + other.shown)

    def joined_using(self, other: FromFrame, values: Mapping[str, RelationValue]) -> FromFrame:
        """Both, side by side; the named columns are shown once, with these values."""
        left = tuple(
            replace(shown, column=replace(shown.column, value=values[name])) if name in values else shown
            for shown in self.shown
            for name in [folded(shown.column.name)]
        )
        right = tuple(shown for shown in other.shown if folded(shown.column.name) not in values)
        return FromFrame(self.items + other.items, left + right)


@dataclass(frozen=True)
class ResolvedName:
    """What a name means: a value, or a part of one (`how` is TRANSFORMATION then); `column` where it is one."""

    value: RelationValue
    how: TransformationSubtype = TransformationSubtype.IDENTITY
    column: RelationColumn | None = None


@dataclass
class Scope:
    """One level of a query. Names that are not found on it are looked for on `parent`.

    Attributes:
        aliases: what the SELECT list has named so far, by folded name; columns of FROM come first.
        ctes: common table expressions that this level defines, by folded name; read when first used.
        windows: windows that the query names, by folded name.
        rows: gathers what decides which rows the query gives.
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
        """The common table expression of that name, if one can be seen from here."""
        for scope in self._chain():
            if name in scope.ctes:
                return scope.ctes[name]()
        return None

    def column(self, parts: tuple[str, ...]) -> ResolvedName | None:
        """What a name of one or more parts means here, None if nothing."""
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
        """`select t from t` gives a struct of all columns."""
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
