"""Aggregates of the event log and of recorded reads, and their addition to the index.

Reading everything at once or in small steps gives the same sums, so a rebuild has the same result as many refreshes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.lineage.lineage_graph import ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.engine import Connection

    from bankmesh.catalog.check_history import CheckEvents, Evaluation, FreshnessChange
    from bankmesh.catalog.index.index_rows import Row
    from bankmesh.catalog.recorded_reads import RecordedRead

OUTCOMES = ("passed", "warned", "failed", "errored")
_AT_ONCE = 500


@dataclass
class EventTotals:
    """Aggregated event log: outcomes by port and day, the newest evaluation of each check, and those not passed."""

    days: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    newest: dict[tuple[str, str], Evaluation] = field(default_factory=dict)
    breaks: list[Evaluation] = field(default_factory=list)
    changes: list[FreshnessChange] = field(default_factory=list)
    entries: int = 0

    def take(self, batch: CheckEvents) -> None:
        """Add a batch, which must be later than all batches before."""
        for found in batch.evaluations:
            day = datetime.fromtimestamp(found.at, UTC).date().isoformat()
            self.days.setdefault((found.port, day), Counter())[found.outcome] += 1
            self.newest[found.port, found.check] = found
            if found.outcome != OUTCOMES[0]:
                self.breaks.append(found)
        self.changes += batch.changes
        self.entries += len(batch.evaluations) + len(batch.changes)


def put_events(connection: Connection, totals: EventTotals) -> None:
    """Add the aggregated events to the index."""
    if totals.days:
        _put_days(connection, totals.days)
    if totals.newest:
        _put_newest(connection, totals.newest)
    _insert(connection, tables.check_breaks, [_evaluation_row(found) for found in totals.breaks])
    _insert(
        connection,
        tables.freshness_changes,
        [{"entry": c.entry, "port": c.port, "at": c.at, "state": c.state} for c in totals.changes],
    )


def _put_days(connection: Connection, days: dict[tuple[str, str], Counter[str]]) -> None:
    table = tables.check_days
    ports, first = {port for port, _ in days}, min(day for _, day in days)
    rows = []
    for row in _of_ports(connection, table, ports, table.c.day >= first):
        added = days.get((row.port, row.day))
        if added:
            days[row.port, row.day] = added + Counter({name: getattr(row, name) for name in OUTCOMES})
    for (port, day), counts in days.items():
        rows.append({"port": port, "day": day, **{name: counts[name] for name in OUTCOMES}})
    _replace(connection, table, ("port", "day"), rows)


def _put_newest(connection: Connection, newest: dict[tuple[str, str], Evaluation]) -> None:
    rows = [_evaluation_row(found) for found in newest.values()]
    _replace(connection, tables.check_states, ("port", "check_name"), rows)


def _evaluation_row(found: Evaluation) -> Row:
    return {
        "entry": found.entry,
        "port": found.port,
        "check_name": found.check,
        "at": found.at,
        "outcome": found.outcome,
        "failing_rows": found.failing_rows,
        "rows_seen": found.rows,
        "run_id": found.run_id,
    }


@dataclass
class ReadTotals:
    """Recorded reads, aggregated by port, consumer and column; `*` counts all reads."""

    counts: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    reads: int = 0

    def take(self, uses: Iterable[RecordedRead]) -> None:
        """Add reads."""
        for use in uses:
            self.reads += 1
            for column in (ROWS, *dict.fromkeys(use.columns or ())):
                whole = int(column == ROWS and use.columns is None)
                read = {
                    "reads": 1,
                    "whole": whole,
                    "first_at": use.at,
                    "last_at": use.at,
                    "newest_version": use.version,
                }
                key = (use.port, use.consumer, column)
                known = self.counts.get(key)
                self.counts[key] = _together(known, read) if known else read


def put_reads(connection: Connection, reads: ReadTotals) -> None:
    """Add reads to the index."""
    if not reads.counts:
        return
    counts = dict(reads.counts)
    for row in _of_ports(connection, tables.uses, {port for port, _, _ in counts}):
        key = (row.port, row.consumer, row.column_name)
        if key in counts:
            counts[key] = _together(row._asdict(), counts[key])
    rows = [{"port": p, "consumer": c, "column_name": column, **count} for (p, c, column), count in counts.items()]
    _replace(connection, tables.uses, ("port", "consumer", "column_name"), rows)


def _together(one: Row, other: Row) -> Row:
    return {
        "reads": one["reads"] + other["reads"],
        "whole": one["whole"] + other["whole"],
        "first_at": min(one["first_at"], other["first_at"]),
        "last_at": max(one["last_at"], other["last_at"]),
        "newest_version": max(one["newest_version"], other["newest_version"]),
    }


def _of_ports(
    connection: Connection, table: sa.Table, ports: Collection[str], *also: sa.ColumnElement[bool]
) -> list[sa.Row[tuple[object, ...]]]:
    found: list[sa.Row[tuple[object, ...]]] = []
    ordered = sorted(ports)
    for start in range(0, len(ordered), _AT_ONCE):
        these = ordered[start : start + _AT_ONCE]
        found += connection.execute(sa.select(table).where(table.c.port.in_(these), *also)).all()
    return found


def _replace(connection: Connection, table: sa.Table, key: tuple[str, ...], rows: list[Row]) -> None:
    """Replace the rows with the same keys."""
    that = sa.and_(*(table.c[name] == sa.bindparam(f"old_{name}") for name in key))
    connection.execute(sa.delete(table).where(that), [{f"old_{name}": row[name] for name in key} for row in rows])
    _insert(connection, table, rows)


def _insert(connection: Connection, table: sa.Table, rows: list[Row]) -> None:
    if rows:
        connection.execute(table.insert(), rows)
