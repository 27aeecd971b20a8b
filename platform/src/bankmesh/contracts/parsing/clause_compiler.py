"""Compiles a contract's promises about data to `Clause`s, which the gate evaluates.

Names are stable, unique in a contract and valid names of Dagster checks:

| name | from |
| --- | --- |
| `schema` | columns and types |
| `classification` | the classes of all columns, and those of the inputs |
| `lossless_casts` | columns and types: what a build delivers survives the cast to them |
| `<column>__finite` | a double without custom property `allowNaN` |
| `<column>__required` | `required: true`, or being part of the primary key |
| `primary_key_unique` | the columns with `primaryKey: true`, together |
| `<column>__unique` | `unique: true` |
| `<column>__length`, `__pattern`, `__range`, `__multiple_of`, `__items`, `__unique_items` | `logicalTypeOptions` |
| `<column>__references_<product>` | `relationships` |
| `volume` | every contract; `volume` in `customProperties` |
| `profile` | `profile` in `customProperties` of the contract or a column |
| `<id>`, else `<name>`, else `<column>__<metric>`, `<metric>` | `quality` |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.column_options import (
    casts_clause,
    classification_clause,
    column_clauses,
    key_clauses,
    schema_clause,
)
from bankmesh.contracts.parsing.quality_rules import quality_clause
from bankmesh.contracts.parsing.relationships import reference_clause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.contracts.model import Clause, Column
    from bankmesh.contracts.parsing.section_cursor import Section


def compile_clauses(
    table: Section,
    columns: tuple[tuple[Column, Section], ...],
    domain: str,
    name: str,
    compared: Sequence[tuple[Clause, Section]],
) -> tuple[Clause, ...]:
    """Return all clauses of the one schema object: schema and key, then column by column, the table, and `compared`.

    `compared` are the clauses that compare a version with the one before.

    Faults: `duplicate-check-name` and those of the modules that compile options, quality rules and relationships.
    """
    found: list[Clause] = []
    places: dict[str, int] = {}
    for clause, section in [*_all(table, columns, domain, name), *compared]:
        if clause.name in places:
            message = (
                f"two clauses are called {clause.name}, this one and that of line {places[clause.name]}; "
                "give the rule an id of its own"
            )
            section.fault(None, "duplicate-check-name", message)
        else:
            places[clause.name] = clause.place.line
            found.append(clause)
    return tuple(found)


def _all(
    table: Section, columns: tuple[tuple[Column, Section], ...], domain: str, name: str
) -> Iterator[tuple[Clause, Section]]:
    """Yield every clause with the section that its faults belong to."""
    by_name = {column.name: column for column, _ in columns}
    yield schema_clause(table), table
    yield casts_clause(table), table
    yield classification_clause(table), table
    for clause in key_clauses(columns, table):
        yield clause, table
    for column, section in columns:
        for clause in column_clauses(column, section, columns):
            yield clause, section
        yield from _written(section, column, by_name, domain, name)
    if len(columns) == len(list(table.sections("properties"))):  # else a rule may name a skipped column
        yield from _written(table, None, by_name, domain, name)


def _written(
    section: Section, column: Column | None, by_name: dict[str, Column], domain: str, name: str
) -> Iterator[tuple[Clause, Section]]:
    """Yield the clauses of the relationships and quality rules of a table or column."""
    for part in section.sections("relationships"):
        clause = reference_clause(part, column, by_name, domain, name)
        if clause is not None:
            yield clause, part
    for part in section.sections("quality"):
        clause = quality_clause(part, column, by_name)
        if clause is not None:
            yield clause, part
