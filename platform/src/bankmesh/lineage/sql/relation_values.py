"""Lineage of a column and of a relation while a query is read; every dependency is on a column of a table.

A query is read from the inside out: a common table expression or a subquery is a `Relation` whose columns already
depend on columns of tables, so an expression over it only adds one step. Nothing is resolved twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.lineage.composition import chain
from bankmesh.lineage.model import Dependency, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, order=True)
class RepeatedName:
    """A column name that a relation has more than once; DuckDB chooses the column that a reader gets.

    Attributes:
        name: as the query spells it.
        relation: the name of the relation in the query.
        places: the columns of that name: their positions from 1, and their lines in the query, 0 if not known.
        read: the line of the query that reads one of them, 0 if not known.
    """

    name: str
    relation: str
    places: tuple[tuple[int, int], ...]
    read: int = 0


@dataclass(frozen=True)
class RelationValue:
    """What a column depends on.

    Attributes:
        found: dependencies on columns of tables.
        unknown: why `found` is incomplete.
        looped: the recursive common table expression that the value comes from; `found` is complete, but the query
            does not show how often the value was iterated.
        repeated: the repeated names that it was read through: the value depends on which column DuckDB chooses.
    """

    found: frozenset[Dependency] = frozenset()
    unknown: str | None = None
    looped: str | None = None
    repeated: frozenset[RepeatedName] = frozenset()

    @property
    def underivable(self) -> str | None:
        """Why a column of this value is underivable, None if it is not."""
        if self.unknown is None and self.looped is not None:
            return f"it comes from the recursive common table expression {self.looped}"
        return self.unknown

    def read_on(self, line: int) -> RelationValue:
        """Return the value as that line of the query reads it."""
        if not self.repeated:
            return self
        return replace(self, repeated=frozenset(r if r.read else replace(r, read=line) for r in self.repeated))


NOTHING = RelationValue()


def merged(values: Iterable[RelationValue]) -> RelationValue:
    """Return a value with the dependencies of all values."""
    listed = list(values)
    if len(listed) == 1:
        return listed[0]
    return RelationValue(
        found=frozenset().union(*(value.found for value in listed)),
        unknown=next((value.unknown for value in listed if value.unknown), None),
        looped=next((value.looped for value in listed if value.looped), None),
        repeated=frozenset().union(*(value.repeated for value in listed)),
    )


def through(found: Iterable[Dependency], how: TransformationSubtype, *, masking: bool = False) -> Iterator[Dependency]:
    """Yield the dependencies of a result that is made in the way `how` from a value with the dependencies `found`."""
    if how is TransformationSubtype.IDENTITY and not masking:
        yield from found
        return
    for dependency in found:
        chained = chain(how, dependency.how)
        direct = chained.kind is TransformationType.DIRECT
        yield Dependency(dependency.source, chained, (masking or dependency.masking) and direct)


def made_by(value: RelationValue, how: TransformationSubtype, *, masking: bool = False) -> RelationValue:
    """Return the value of a result that is made from `value` in the way `how`."""
    return replace(value, found=frozenset(through(value.found, how, masking=masking)))


@dataclass(frozen=True)
class RelationColumn:
    """A column of a relation; `type` is DuckDB's text if it is known.

    `named` is False if the query does not name the column, so that this name may differ from DuckDB's. `line` is the
    line of the query that gives the column its name, 0 if it is not known.
    """

    name: str
    value: RelationValue
    type: str | None = None
    named: bool = True
    line: int = field(default=0, compare=False)

    def among(self, repeated: RepeatedName) -> RelationColumn:
        """Return the column with `repeated` added, as one of several of its name."""
        return replace(self, value=replace(self.value, repeated=self.value.repeated | {repeated}))


@dataclass(frozen=True)
class Relation:
    """The result of a query or a table: its columns, and what decides which rows exist.

    `open` says why there may be further columns that are not listed, None if there are none.
    """

    columns: tuple[RelationColumn, ...]
    rows: RelationValue = NOTHING
    open: str | None = None

    def renamed(self, names: Iterable[str]) -> Relation:
        """Return the relation with its first columns renamed, as in `from t as x(a, b)`."""
        given = list(names)
        columns = [replace(c, name=name, named=True) for c, name in zip(self.columns, given, strict=False)]
        return replace(self, columns=(*columns, *self.columns[len(given) :]))

    def as_table(self, called: str) -> Relation:
        """Return the relation as an item of FROM, in which DuckDB numbers repeated names (`a`, `a_1`).

        The first column keeps the name, whichever the query meant, so values of these columns record the repeated name.
        """
        names = distinct_names([column.name for column in self.columns])
        repeated = find_repeated(self.columns, called)
        columns = tuple(
            replace(column.among(repeated[at]) if at in repeated else column, name=name)
            for at, (column, name) in enumerate(zip(self.columns, names, strict=True))
        )
        return replace(self, columns=columns) if repeated else self


def folded(name: str) -> str:
    """Return a name in the form for comparison: DuckDB's names are case-insensitive, quoted or not."""
    return name.lower()


def distinct_names(names: Iterable[str]) -> list[str]:
    """Return the names, with a number added to those that occur again, in DuckDB's way."""
    given: dict[str, str] = {}
    for original in names:
        name, number = original, 0
        while folded(name) in given:
            number += 1
            name = f"{original}_{number}"
        given[folded(name)] = name
    return list(given.values())


def find_repeated(columns: Sequence[RelationColumn], relation: str) -> dict[int, RepeatedName]:
    """Return the columns, by index, whose name another column has too, also if only by DuckDB's numbering."""
    given = distinct_names([column.name for column in columns])
    found: dict[int, RepeatedName] = {}
    if all(column.name == name for column, name in zip(columns, given, strict=True)):
        return found
    by_name: dict[str, list[int]] = {}
    for at, column in enumerate(columns):
        for name in {folded(column.name), folded(given[at])}:
            by_name.setdefault(name, []).append(at)
    for at, column in enumerate(columns):
        group = by_name[folded(column.name)]
        if len(group) > 1:
            places = tuple((other + 1, columns[other].line) for other in group)
            found[at] = RepeatedName(columns[group[0]].name, relation, places)
    return found


@dataclass
class CollectedDependencies:
    """Collector of dependencies while an expression or query is read."""

    found: set[Dependency] = field(default_factory=set)
    unknown: str | None = None
    looped: str | None = None
    repeated: set[RepeatedName] = field(default_factory=set)

    def add(
        self,
        value: RelationValue,
        how: TransformationSubtype = TransformationSubtype.IDENTITY,
        *,
        masking: bool = False,
    ) -> None:
        """Add the dependencies of a result that is made from `value` in the way `how`."""
        self.found.update(through(value.found, how, masking=masking))
        self.unknown = self.unknown or value.unknown
        self.looped = self.looped or value.looped
        self.repeated |= value.repeated

    def value(self) -> RelationValue:
        """Return everything that was added."""
        return RelationValue(frozenset(self.found), self.unknown, self.looped, frozenset(self.repeated))
