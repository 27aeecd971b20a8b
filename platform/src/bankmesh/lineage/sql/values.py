"""What is known of a column or a relation while a query is read; every dependency is on a column of a table.

A query is read from the inside out: a common table expression or a subquery is a `Relation` whose columns already
depend on columns of tables, so an expression over it only has to be chained on. Nothing is resolved twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.lineage.composing import chain
from bankmesh.lineage.model import Dependency, How, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class Value:
    """What a column depends on.

    Attributes:
        found: dependencies on columns of tables.
        unknown: why `found` is not all of it.
        looped: the recursive expression that the value came out of; `found` is all of it, yet how often it went
            round cannot be told from the query.
    """

    found: frozenset[Dependency] = frozenset()
    unknown: str | None = None
    looped: str | None = None

    @property
    def underivable(self) -> str | None:
        """Why a column of this value is underivable, None if it is not."""
        if self.unknown is None and self.looped is not None:
            return f"it comes out of the recursive common table expression {self.looped}"
        return self.unknown


NOTHING = Value()


def merged(values: Iterable[Value]) -> Value:
    """All that any of the values depends on."""
    listed = list(values)
    if len(listed) == 1:
        return listed[0]
    return Value(
        found=frozenset().union(*(value.found for value in listed)),
        unknown=next((value.unknown for value in listed if value.unknown), None),
        looped=next((value.looped for value in listed if value.looped), None),
    )


def through(found: Iterable[Dependency], how: How, *, masking: bool = False) -> Iterator[Dependency]:
    """The dependencies of what is made from a value in this way."""
    if how is How.IDENTITY and not masking:
        yield from found
        return
    for dependency in found:
        chained = chain(how, dependency.how)
        direct = chained.kind is Kind.DIRECT
        yield Dependency(dependency.source, chained, (masking or dependency.masking) and direct)


def made_by(value: Value, how: How, *, masking: bool = False) -> Value:
    """The value of what is made from one value in this way."""
    return replace(value, found=frozenset(through(value.found, how, masking=masking)))


@dataclass(frozen=True)
class Column:
    """A column of a relation; `type` is DuckDB's text where it is known.

    `named` is False where the query gives the column no name and ours may differ from DuckDB's.
    """

    name: str
    value: Value
    type: str | None = None
    named: bool = True


@dataclass(frozen=True)
class Relation:
    """What a query or a table gives: its columns, and what decides which rows there are.

    `open` says why there may be further columns that are not listed, None if there are none.
    """

    columns: tuple[Column, ...]
    rows: Value = NOTHING
    open: str | None = None

    def renamed(self, names: Iterable[str]) -> Relation:
        """The relation with its first columns called otherwise, as in `from t as x(a, b)`."""
        given = list(names)
        columns = [replace(c, name=name, named=True) for c, name in zip(self.columns, given, strict=False)]
        return replace(self, columns=(*columns, *self.columns[len(given) :]))

    def as_table(self) -> Relation:
        """The relation as it stands in FROM: DuckDB numbers names that occur more than once (`a`, `a_1`)."""
        names = distinct_names([column.name for column in self.columns])
        columns = zip(self.columns, names, strict=True)
        return replace(self, columns=tuple(replace(c, name=name) if c.name != name else c for c, name in columns))


def folded(name: str) -> str:
    """A name as it is compared: DuckDB knows no upper and lower case in names, quoted or not."""
    return name.lower()


def distinct_names(names: Iterable[str]) -> list[str]:
    """Names that occur more than once get a number, counted as DuckDB does it."""
    seen: dict[str, int] = {}
    given = []
    for original in names:
        name = original
        while folded(name) in seen:
            seen[folded(name)] += 1
            name = f"{name}_{seen[folded(name)]}"
        seen[folded(name)] = 0
        given.append(name)
    return given


@dataclass
class Gathered:
    """Dependencies that come in while something is read."""

    found: set[Dependency] = field(default_factory=set)
    unknown: str | None = None
    looped: str | None = None

    def add(self, value: Value, how: How = How.IDENTITY, *, masking: bool = False) -> None:
        """Take in what is made from a value in this way."""
        self.found.update(through(value.found, how, masking=masking))
        self.unknown = self.unknown or value.unknown
        self.looped = self.looped or value.looped

    def value(self) -> Value:
        """All that came in."""
        return Value(frozenset(self.found), self.unknown, self.looped)
