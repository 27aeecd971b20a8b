"""Described tables, and their lookup by every name that a query may use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.lineage.model import ColumnRef, Dependency, TransformationSubtype
from bankmesh.lineage.sql.errors import TableNotDescribed
from bankmesh.lineage.sql.relation_values import Relation, RelationColumn, RelationValue, folded

if TYPE_CHECKING:
    from collections.abc import Mapping

# DuckDB's default schema, and the catalog of a database in memory.
_SCHEMA, _CATALOG = "main", "memory"
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


@dataclass(frozen=True)
class Table:
    """A described table.

    Attributes:
        dataset: its name in lineage.
        parts: its name in DuckDB, in parts.
        columns: DuckDB's types by column, empty if a type is not known.
        open: why it may have further columns, None if it has none.
        view: whether an earlier query makes it.
    """

    dataset: str
    parts: tuple[str, ...]
    columns: Mapping[str, str]
    open: str | None = None
    view: bool = False

    def relation(self) -> Relation:
        """Return the table as a relation in which every column depends on itself."""
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
    """Return the parts of a possibly quoted name: `"memory"."retail"."party"` has memory, retail and party."""
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
        """Add one more table; if a name occurs twice, the first table keeps it."""
        self._listed[table.dataset] = table
        for parts in _ways(tuple(folded(part) for part in table.parts)):
            self._by_name.setdefault(parts, table)

    def find(self, parts: tuple[str, ...]) -> Table:
        """Return the table of that name, with or without schema and catalog. Raises TableNotDescribed."""
        for way in _ways(tuple(folded(part) for part in parts)):
            if way in self._by_name:
                return self._by_name[way]
        raise TableNotDescribed(".".join(parts), self._listed)

    def listed(self) -> list[Table]:
        """Return all tables."""
        return list(self._listed.values())


def _ways(parts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return a name and its shorter forms: without the catalog, and without the schema if it is the default."""
    ways = [parts]
    if len(parts) == len(("catalog", "schema", "table")):
        ways.append(parts[1:])
    if len(ways[-1]) == len(("schema", "table")) and ways[-1][0] in {_SCHEMA, _CATALOG}:
        ways.append(ways[-1][1:])
    return ways


def schema_and_name(table: Table) -> tuple[str, str]:
    """Return the schema and name under which DuckDB must create the table; the catalog is always the one in memory."""
    *before, name = table.parts
    return (before[-1] if before else _SCHEMA), name
