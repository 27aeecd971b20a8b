"""Tables by the names that a query may call them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.lineage.model import ColumnRef, Dependency, TransformationSubtype
from bankmesh.lineage.sql.errors import TableNotDescribed
from bankmesh.lineage.sql.relation_values import Relation, RelationColumn, RelationValue, folded

if TYPE_CHECKING:
    from collections.abc import Mapping

# DuckDB's own: the schema of what names none, and the catalog of a database in memory.
_SCHEMA, _CATALOG = "main", "memory"
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


@dataclass(frozen=True)
class Table:
    """A described table.

    Attributes:
        dataset: how lineage names it.
        parts: how DuckDB names it.
        columns: DuckDB's types by column, empty where a type is not known.
        open: why it may have further columns, None if it has none.
        view: whether an earlier query makes it.
    """

    dataset: str
    parts: tuple[str, ...]
    columns: Mapping[str, str]
    open: str | None = None
    view: bool = False

    def relation(self) -> Relation:
        """The table as something to select from: every column depends on itself."""
        columns = (
            RelationColumn(
                name,
                RelationValue(frozenset({Dependency(ColumnRef(self.dataset, name), TransformationSubtype.IDENTITY)})),
                kind or None,
            )
            for name, kind in self.columns.items()
        )
        return Relation(tuple(columns), open=self.open)


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a possibly quoted name: `"memory"."retail"."party"` is memory, retail and party."""
    return tuple(
        quoted.replace('""', '"') if quoted or not plain else plain for quoted, plain in _PART.findall(name.strip())
    )


class Tables:
    """The described tables of a query, by name."""

    def __init__(self, schemas: Mapping[str, Mapping[str, str]]) -> None:
        self._by_name: dict[tuple[str, ...], Table] = {}
        self._listed: dict[str, Table] = {}
        for name, columns in schemas.items():
            self.add(Table(name, name_parts(name), columns))

    def add(self, table: Table) -> None:
        """Describe one more table; the first of a name stays."""
        self._listed[table.dataset] = table
        for parts in _ways(tuple(folded(part) for part in table.parts)):
            self._by_name.setdefault(parts, table)

    def find(self, parts: tuple[str, ...]) -> Table:
        """The table that a query calls so, with or without schema and catalog. Raises TableNotDescribed."""
        for way in _ways(tuple(folded(part) for part in parts)):
            if way in self._by_name:
                return self._by_name[way]
        raise TableNotDescribed(".".join(parts), self._listed)

    def listed(self) -> list[Table]:
        """All tables."""
        return list(self._listed.values())


def _ways(parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A name and its shorter forms: without the catalog, and without the schema if it is the one that goes unsaid."""
    ways = [parts]
    if len(parts) == len(("catalog", "schema", "table")):
        ways.append(parts[1:])
    if len(ways[-1]) == len(("schema", "table")) and ways[-1][0] in {_SCHEMA, _CATALOG}:
        ways.append(ways[-1][1:])
    return ways


def schema_and_name(table: Table) -> tuple[str, str]:
    """Where DuckDB has to make the table; what names a catalog is made in the one that is in memory."""
    *before, name = table.parts
    return (before[-1] if before else _SCHEMA), name
