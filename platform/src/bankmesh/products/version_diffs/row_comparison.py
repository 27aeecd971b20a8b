"""Compares the rows of two sides with DuckDB, within a limit of memory: counts, partitions, examples.

Rows in files that both sides have are equal and are not read, but for their key columns: a key that other files have
too is repeated. The result is the same as if all files were read. If rows are filtered or values masked for the reader,
the rows as the reader gets them are copied into temporary tables first, and all of them are compared.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.access.metadata_decisions import why_no_pair
from bankmesh.ports import connect
from bankmesh.products.governed_tables import create_governed_table, governed_types, recorded_computation
from bankmesh.products.version_diffs import diff_queries
from bankmesh.products.version_diffs.compared_columns import ComparedColumns, plan_columns, shown_columns
from bankmesh.products.version_diffs.diff_queries import AFTER, BEFORE, SHARED, RowLayout
from bankmesh.products.version_diffs.spill_folders import spill_folder
from bankmesh.products.version_diffs.version_diff import (
    ChangedRow,
    ChangedValue,
    PartitionCounts,
    RepeatedKeys,
    RowCounts,
    VersionDiff,
)
from bankmesh.sql_text import sql_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from bankmesh.access.relations.governed_relation import GovernedRelation
    from bankmesh.contracts.model import Contract
    from bankmesh.products.version_diffs.row_sources import RowSource

_WAY = "diff"
"""How rows are read, for the audit log."""
MEMORY_LIMIT = "1GB"
_MOST_THREADS = 4
"""Each thread of DuckDB needs some memory of its own, so more of them would not keep within the limit."""


@dataclass
class _RowTally:
    """Counts of rows of one partition, or of all."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0

    def counts(self, *, has_key: bool) -> RowCounts:
        both = self.changed + self.unchanged
        changed = self.changed if has_key else None
        return RowCounts(self.removed + both, self.added + both, self.added, self.removed, changed, self.unchanged)


@dataclass
class _DiffTallies:
    """Counts of all rows, by column and by partition."""

    total: _RowTally = field(default_factory=_RowTally)
    columns: Counter[int] = field(default_factory=Counter)
    partitions: dict[Any, _RowTally] = field(default_factory=dict)

    def of(self, partition: object) -> _RowTally:
        return self.partitions.setdefault(partition, _RowTally())

    def add(self, partition: object, added: int, removed: int, unchanged: int) -> None:
        for tally in (self.total, self.of(partition)):
            tally.added += int(added)
            tally.removed += int(removed)
            tally.unchanged += int(unchanged)

    def add_pairs(self, before: object, after: object, counts: tuple[int, int, int, int]) -> None:
        """Add rows paired by key; one that moved is changed in total, and removed and added in its partitions."""
        added, removed, changed, unchanged = counts
        self.total.changed += changed
        for tally in (self.total, self.of(after)):
            tally.added += added
        for tally in (self.total, self.of(before)):
            tally.removed += removed
        self.total.unchanged += unchanged
        if before == after:
            self.of(after).changed += changed
            self.of(after).unchanged += unchanged
        elif changed:
            self.of(before).removed += changed
            self.of(after).added += changed


def compare_rows(
    home: Path,
    contract: Contract,
    before: RowSource,
    after: RowSource,
    *,
    examples: int,
    notify: Callable[[str], None],
) -> VersionDiff:
    """Compare two sides. `notify` is called with each step before it begins.

    Raises duckdb.Error if a file cannot be read, or if the rows need more disk space than there is.
    """
    notify("reading the schemas")
    sides = before, after
    with spill_folder(home) as spill, _connect(spill) as connection, ExitStack() as records:
        described = _ordered(_describe(connection, before), contract), _ordered(_describe(connection, after), contract)
        shown = shown_columns(contract, [before.classifications, after.classifications])
        readable = _readable(connection, before, described[0]), _readable(connection, after, described[1])
        plan = plan_columns(contract, *described, shown, readable, _why_no_pair(contract, sides))
        run = _Comparison(connection, plan, examples)
        read = _record_sides(records, sides, plan)
        run.create_views(sides, described)
        notify("counting keys")
        run.flag_keys()
        notify("comparing rows")
        tallies = run.tally()
        notify("choosing examples")
        chosen = run.examples(tallies.total.changed)
        repeated_before, repeated_after = run.repeated()
        rows = tallies.total.counts(has_key=bool(plan.key))
        for record, number in zip(read, (rows.before, rows.after), strict=True):
            record.append(number)
    return VersionDiff(
        port=contract.port,
        before=before.side,
        after=after.side,
        key=plan.key,
        why_no_key=plan.why_no_key,
        rows=rows,
        schema=plan.schema,
        columns={name: tallies.columns[plan.names.index(name)] for name in plan.values} if plan.key else {},
        repeated_before=repeated_before,
        repeated_after=repeated_after,
        partition_column=plan.partition,
        partitions=_partitions(plan, tallies),
        examples=chosen,
        withheld=plan.withheld,
        is_filtered=any(side.governed and not side.governed.decision.row_filter.is_everything for side in sides),
    )


def _partitions(plan: ComparedColumns, tallies: _DiffTallies) -> tuple[PartitionCounts, ...]:
    """Return the partitions that differ; named by numbers if their column is above internal."""
    if plan.partition is None:
        return ()
    found = sorted((str(value), tally.counts(has_key=bool(plan.key))) for value, tally in tallies.partitions.items())
    is_shown = plan.partition in plan.shown
    return tuple(
        PartitionCounts(value if is_shown else str(number), counts)
        for number, (value, counts) in enumerate(found, start=1)
        if counts.differ
    )


def _connect(spill: Path | None) -> duckdb.DuckDBPyConnection:
    connection = connect(threads=min(_MOST_THREADS, os.cpu_count() or 1), memory_limit=MEMORY_LIMIT)
    connection.execute(f"set temp_directory = {sql_literal(str(spill) if spill else '')}")
    connection.execute("set preserve_insertion_order = false")
    return connection


def _describe(connection: duckdb.DuckDBPyConnection, source: RowSource) -> dict[str, str]:
    rows = connection.execute(f"describe select * from {source.shape}").fetchall()
    return {str(name): str(kind) for name, kind, *_ in rows}


def _readable(connection: duckdb.DuckDBPyConnection, side: RowSource, stored: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that the reader may compare, with the types that the reader gets."""
    found = side.readable_of(stored)
    if side.copied is None:
        return found
    return governed_types(side.copied, [name for name in found if name in side.copied.schema], connection)


def _why_no_pair(contract: Contract, sides: tuple[RowSource, RowSource]) -> str | None:
    """Return why the key as the reader gets it pairs no rows; None if it does. Raises AccessDenied."""
    found = (why_no_pair(side.governed.decision, contract.primary_key) for side in sides if side.governed is not None)
    return next(filter(None, found), None)


def _record_sides(
    records: ExitStack, sides: tuple[RowSource, RowSource], plan: ComparedColumns
) -> tuple[list[int], list[int]]:
    """Record the read of each side whose files are queried, until `records` is closed; return lists for their rows.

    A side that is copied is recorded where it is read. Raises AuditUnavailable.
    """
    before, after = (
        [] if side.queried is None else records.enter_context(recorded_computation(side.queried, plan.names, _WAY))
        for side in sides
    )
    return before, after


def _ordered(types: Mapping[str, str], contract: Contract) -> dict[str, str]:
    """Return the columns in the contract's order; a partition column comes last in files."""
    known = [column.name for column in contract.columns if column.name in types]
    return {name: types[name] for name in (*known, *(name for name in types if name not in known))}


class _Comparison:
    """The steps of one comparison, on a connection of its own, in the order of its methods."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, plan: ComparedColumns, examples: int) -> None:
        self._connection, self._plan, self._examples = connection, plan, examples
        self._layout = RowLayout(
            types=tuple(plan.types.values()),
            width=len(plan.key),
            partition=plan.names.index(plan.partition) if plan.partition else None,
            shows_key=plan.shows_key,
        )
        self._has_shared = self._has_flagged = False

    def create_views(
        self, sides: tuple[RowSource, RowSource], described: tuple[Mapping[str, str], Mapping[str, str]]
    ) -> None:
        files = [frozenset() if side.copied else side.files or frozenset() for side in sides]
        shared = files[0] & files[1]
        self._has_shared = bool(shared)
        for view, side, own, types in zip((BEFORE, AFTER), sides, files, described, strict=True):
            relation = self._copy(side.copied, view) if side.copied else side.relation(own - shared, types)
            self._connection.execute(diff_queries.view_of_rows(view, relation, self._plan.types))
        types = described[0] if shared else self._plan.types or described[0]
        relation = diff_queries.files_relation(shared, types, sides[0].partition_column)
        self._connection.execute(diff_queries.view_of_rows(SHARED, relation, self._plan.types))

    def _copy(self, rows: GovernedRelation, view: str) -> str:
        """Copy the rows that the reader may see; without a column to compare, any one, so that rows are counted."""
        table = f"governed_{view}"
        create_governed_table(rows, self._plan.names or list(rows.schema)[:1], table, self._connection, _WAY)
        return table

    def flag_keys(self) -> None:
        if not self._layout.width:
            return
        self._connection.execute(diff_queries.flagged_keys(self._layout, has_shared=self._has_shared))
        self._has_flagged = self._row("select count(*) from flagged")[0] > 0

    def tally(self) -> _DiffTallies:
        found, layout = _DiffTallies(), self._layout
        for place, rows in self._rows(diff_queries.shared_counts(layout)):
            found.add(place, 0, 0, rows)
        if layout.width:
            self._connection.execute(diff_queries.pair_rows(layout, self._examples, has_flagged=self._has_flagged))
            for before, after, added, removed, changed, unchanged, *columns in self._rows(
                diff_queries.pair_counts(layout)
            ):
                found.add_pairs(before, after, (added, removed, changed, unchanged))
                found.columns.update(dict(zip(layout.values, columns, strict=True)))
        if not layout.width or self._has_flagged:
            for place, added, removed, unchanged in self._rows(diff_queries.whole_rows(layout)):
                found.add(place, added, removed, unchanged)
        return found

    def repeated(self) -> tuple[RepeatedKeys, RepeatedKeys]:
        if not self._has_flagged:
            return RepeatedKeys(0, 0), RepeatedKeys(0, 0)
        keys_before, rows_before, keys_after, rows_after = map(int, self._row(diff_queries.repeated_rows(self._layout)))
        return RepeatedKeys(keys_before, rows_before), RepeatedKeys(keys_after, rows_after)

    def examples(self, changed: int) -> tuple[ChangedRow, ...]:
        plan, layout = self._plan, self._layout
        if not changed or not self._examples:
            return ()
        shown = [number for number in layout.values if plan.names[number] in plan.shown]
        rows = self._rows(diff_queries.example_rows(layout, shown, self._examples))
        return tuple(self._example(number, row, shown) for number, row in enumerate(rows, start=1))

    def _example(self, number: int, row: tuple[Any, ...], shown: list[int]) -> ChangedRow:
        names, width = self._plan.names, self._layout.width
        key = dict(zip(self._plan.key, row[:width], strict=True)) if self._plan.shows_key else None
        pairs = {column: row[width + 2 * at : width + 2 * at + 2] for at, column in enumerate(shown)}
        flags = row[width + 2 * len(shown) :]
        values = tuple(
            ChangedValue(names[column], column in pairs, *pairs.get(column, ()))
            for column, is_changed in zip(self._layout.values, flags, strict=True)
            if is_changed
        )
        return ChangedRow(number, key, values)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def _row(self, query: str) -> tuple[Any, ...]:
        return self._rows(query)[0]
