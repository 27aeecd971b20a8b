"""Computes profiles with DuckDB, from a temporary table of the rows to count.

A value or range of five rows in a sample has at least five in the table, so a sample shows no more than all rows would;
its shares have an error of about one percent.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.model import Classification
from bankmesh.products.profiles.disclosure_control import CountedGroup, frequent_values, mask_count, merge_ranges
from bankmesh.products.profiles.profile_model import ProfiledColumn, VersionProfile
from bankmesh.products.profiles.range_edges import range_edges
from bankmesh.products.profiles.row_samples import counted_rows
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from bankmesh.contracts.model import Column, Contract
    from bankmesh.products.profiles.profile_model import ValueGroup
    from bankmesh.products.profiles.row_samples import CountedRows

MOST_VALUES = 10
_FEW_VALUES = 20
"""Numbers and moments with at most so many distinct values are shown value by value."""
_MEASURED = frozenset({"integer", "long", "double", "decimal", "date", "timestamp"})


def profile_relation(contract: Contract, relation: str, connection: duckdb.DuckDBPyConnection) -> VersionProfile:
    """Return the profile of the columns of the contract that the relation has. Raises duckdb.Error."""
    with counted_rows(contract, relation, connection) as rows:
        return profile_rows(contract, rows, connection)


def profile_rows(contract: Contract, rows: CountedRows, connection: duckdb.DuckDBPyConnection) -> VersionProfile:
    """Return the profile of the columns of the contract that were counted. Raises duckdb.Error."""
    columns = [column for column in contract.columns if column.name in rows.nulls]
    subjects = [name for name in subject_columns(contract) if name in rows.nulls]
    with _one_thread(connection):
        distinct = _distinct(rows, columns, connection)
        profiles = [_profile(column, rows, distinct[column.name], subjects, connection) for column in columns]
    return VersionProfile(rows.rows, rows.counted, tuple(profiles))


@contextmanager
def _one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Query with one thread: for so few rows, sharing them out costs as much as counting them."""
    threads = _one(connection, "select current_setting('threads')")[0]
    connection.execute("set threads = 1")
    try:
        yield
    finally:
        connection.execute(f"set threads = {threads}")


def subject_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns above `internal` that name a subject: parts of the key, and references to other products.

    A key of one column is left out, because each of its rows is another subject.
    """
    rules = [clause.rule for clause in contract.clauses]
    referring = {rule.columns[0] for rule in rules if isinstance(rule, MissingReferences) and len(rule.columns) == 1}
    keys = referring.union(contract.primary_key if len(contract.primary_key) > 1 else ())
    return tuple(c.name for c in contract.columns if c.name in keys and c.classification > Classification.INTERNAL)


def _distinct(
    rows: CountedRows, columns: Sequence[Column], connection: duckdb.DuckDBPyConnection
) -> dict[str, tuple[int, int]]:
    """Return by column how many of the counted rows have a value, and how many distinct ones."""
    names = [sql_name(column.name) for column in columns]
    counts = ", ".join(f"count({name}), count(distinct {name})" for name in names)
    found = _one(connection, f"select {counts} from {rows.table}")
    return dict(zip((column.name for column in columns), zip(found[::2], found[1::2], strict=True), strict=True))


def _profile(
    column: Column,
    rows: CountedRows,
    counts: tuple[int, int],
    subjects: Sequence[str],
    connection: duckdb.DuckDBPyConnection,
) -> ProfiledColumn:
    filled, distinct = counts
    kind, why = "none", None
    groups: tuple[ValueGroup, ...] = ()
    if column.classification > Classification.INTERNAL:
        why = f"it is {column.classification.label}, so no values are shown"
    elif column.type.item is not None:
        why = "values of arrays are not counted"
    elif column.type.name in _MEASURED and distinct > _FEW_VALUES:
        edges = range_edges(column, rows.table, connection)
        kind, groups = "ranges", merge_ranges(_count_ranges(column, rows.table, edges, subjects, connection))
    else:
        kind = "values"
        groups = frequent_values(_count_values(column, rows.table, subjects, connection), filled, MOST_VALUES)
    if not groups and why is None:
        kind, why = "none", "no value or range has enough rows and subjects"
    values = rows.rows - rows.nulls[column.name]
    return ProfiledColumn(
        name=column.name,
        type=str(column.type),
        classification=column.classification.label,
        nulls=mask_count(rows.nulls[column.name], rows.rows),
        distinct=distinct if mask_count(values, values) is not None else None,
        kind=kind,
        groups=groups,
        why=why,
    )


def _count_values(
    column: Column, table: str, subjects: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> list[CountedGroup]:
    name = sql_name(column.name)
    query = (
        f"select {name}::varchar, count(*), {_subjects(subjects)} from {table} where {name} is not null"
        f" group by {name} order by 2 desc, 1 limit {10 * MOST_VALUES}"
    )
    return [CountedGroup(value, value, rows, keys) for value, rows, keys in connection.execute(query).fetchall()]


def _count_ranges(
    column: Column, table: str, edges: Sequence[str], subjects: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> list[CountedGroup]:
    name = sql_name(column.name)
    query = (
        f"select {range_number(column, edges)} as number, count(*), {_subjects(subjects)} from {table}"
        f" where {name} is not null group by number order by number"
    )
    found = {number: (rows, keys) for number, rows, keys in connection.execute(query).fetchall()}
    none = (0, 0 if subjects else None)
    ends = [*edges, None]
    return [
        CountedGroup(edges[number - 1] if number else None, end, *found.get(number, none))
        for number, end in enumerate(ends)
    ]


def range_number(column: Column, edges: Sequence[str]) -> str:
    """Return an expression for the number of the range that a value lies in; NaN lies in the last one."""
    name = sql_name(column.name)
    kind = _edge_type(column)
    cases = " ".join(f"when {name} < {sql_literal(edge)}::{kind} then {n}" for n, edge in enumerate(edges))
    return f"case {cases} else {len(edges)} end" if edges else "0"


def _edge_type(column: Column) -> str:
    # An edge may have more digits than a decimal of the column allows.
    return {"date": "date", "timestamp": "timestamptz", "double": "double"}.get(column.type.name, "decimal(38,10)")


def count_groups(
    column: Column, groups: Sequence[ValueGroup], kind: str, table: str, connection: duckdb.DuckDBPyConnection
) -> list[int]:
    """Return the rows of a table in each of the groups of another profile, then those with any other value."""
    name = sql_name(column.name)
    if kind == "ranges":
        edges = [group.end for group in groups if group.end is not None]
        number = range_number(column, edges)
        query = f"select {number}, count(*) from {table} where {name} is not null group by 1"
        found = dict(connection.execute(query).fetchall())
        return [*(found.get(n, 0) for n in range(len(groups))), 0]
    values = [group.start for group in groups if group.start is not None]
    wanted = ", ".join(sql_literal(value) for value in values) or "null"
    query = f"select {name}::varchar, count(*) from {table} where {name}::varchar in ({wanted}) group by 1"
    found = dict(connection.execute(query).fetchall())
    total = _one(connection, f"select count({name}) from {table}")[0]
    listed = [found.get(value, 0) for value in values]
    return [*listed, total - sum(listed)]


def _subjects(names: Sequence[str]) -> str:
    """Return an expression for the fewest distinct keys of any subject; null without one."""
    counts = ", ".join(f"count(distinct {sql_name(name)})" for name in names)
    return f"least({counts})" if names else "null"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    return tuple(map(int, row or ()))
