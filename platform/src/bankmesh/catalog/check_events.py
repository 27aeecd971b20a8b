"""Reader of Dagster's event log for quality and freshness of products, the same on SQLite and PostgreSQL.

It uses `get_logs_for_all_runs_by_log_id`, one event type at a time, because the cursors of other methods do not work on
SQLite. It copies no value of the data: of a check only the outcome and the numbers of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.event_log import counted, in_order
from bankmesh.names import port_of_asset

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    import dagster as dg

BATCH = 2_000
SETTLED_AFTER = 3.0
"""Seconds. PostgreSQL may show an entry after one with a higher id, but not once that one is so old."""

_FRESHNESS = {"PASS": "fresh", "WARN": "warning", "FAIL": "late", "NOT_APPLICABLE": "none"}
# Metadata names of the gate: the number of rows that break a clause, and of all rows that it evaluated.
_FAILING, _ROWS = "failing rows", "rows looked at"


@dataclass(frozen=True)
class Evaluation:
    """An evaluation of a port's check: `outcome` is passed, warned, failed or errored; `at` is seconds since 1970."""

    entry: int
    at: float
    run_id: str
    port: str
    check: str
    outcome: str
    failing_rows: int | None
    rows: int | None


@dataclass(frozen=True)
class FreshnessChange:
    """A change of a port's freshness state: fresh, warning, late, or none (no longer promised)."""

    entry: int
    at: float
    port: str
    state: str


@dataclass(frozen=True)
class CheckEvents:
    """The result of one read: all entries up to `cursor`; `more` says whether there are later ones.

    `mark` identifies the last entry, so that another entry with its number, in another log, is detected.
    """

    evaluations: tuple[Evaluation, ...]
    changes: tuple[FreshnessChange, ...]
    cursor: int
    mark: str
    more: bool


def read_events(instance: dg.DagsterInstance, after: int, now: datetime) -> CheckEvents:
    """Read the entries after `after` that concern products, up to the last one that has settled (SETTLED_AFTER)."""
    from dagster import DagsterEventType as Kind

    storage = instance.event_log_storage
    kinds = (Kind.ASSET_CHECK_EVALUATION, Kind.FRESHNESS_STATE_CHANGE)
    found = [storage.get_logs_for_all_runs_by_log_id(after, kind, BATCH) for kind in kinds]
    entries, more = in_order(found, BATCH)
    wait = 0.0 if _ordered(instance) else SETTLED_AFTER
    evaluations: list[Evaluation] = []
    changes: list[FreshnessChange] = []
    cursor, mark = after, ""
    for number, entry in entries:
        if now.timestamp() - entry.timestamp < wait:
            return CheckEvents(tuple(evaluations), tuple(changes), cursor, mark, more=True)
        event = entry.dagster_event
        data: Any = event.event_specific_data if event else None
        if event is not None and event.event_type is Kind.ASSET_CHECK_EVALUATION:
            port = port_of(data.asset_key.path)
            if port is not None:
                evaluations.append(_evaluation(number, entry, port, data))
        elif data is not None:
            port, state = port_of(data.key.path), _FRESHNESS.get(data.new_state.name)
            if port is not None and state is not None:
                changes.append(FreshnessChange(number, entry.timestamp, port, state))
        cursor, mark = number, _mark(entry)
    return CheckEvents(tuple(evaluations), tuple(changes), cursor, mark, more)


def has_news(instance: dg.DagsterInstance, cursor: int, mark: str) -> bool:
    """Return whether there are entries after `cursor`, or the log must be read again from the start."""
    from dagster import DagsterEventType as Kind

    storage = instance.event_log_storage
    kinds = (Kind.ASSET_CHECK_EVALUATION, Kind.FRESHNESS_STATE_CHANGE)
    return not still_there(instance, cursor, mark) or any(
        storage.get_logs_for_all_runs_by_log_id(cursor, kind, 1) for kind in kinds
    )


def still_there(instance: dg.DagsterInstance, cursor: int, mark: str) -> bool:
    """Return whether the log still has the entry `cursor` with this mark: it is the same log, and not truncated."""
    if cursor < 0:
        return True
    found = instance.event_log_storage.get_logs_for_all_runs_by_log_id(cursor - 1, limit=1)
    return cursor in found and _mark(found[cursor]) == mark


def port_of(path: Collection[str]) -> str | None:
    """Return the port of an asset key; None for an asset that is not a product: a landing, a legacy object."""
    found = port_of_asset(list(path))
    return str(found) if found else None


def _ordered(instance: dg.DagsterInstance) -> bool:
    """Return whether entries become visible in the order of their numbers, as on SQLite with its single writer."""
    from dagster._core.storage.event_log import (
        ConsolidatedSqliteEventLogStorage,
        InMemoryEventLogStorage,
        SqliteEventLogStorage,
    )

    ordered = (SqliteEventLogStorage, ConsolidatedSqliteEventLogStorage, InMemoryEventLogStorage)
    return isinstance(instance.event_log_storage, ordered)


def _mark(entry: dg.EventLogEntry) -> str:
    return f"{entry.timestamp!r} {entry.run_id}"


def _evaluation(number: int, entry: dg.EventLogEntry, port: str, data: dg.AssetCheckEvaluation) -> Evaluation:
    return Evaluation(
        number,
        entry.timestamp,
        entry.run_id,
        port,
        data.check_name,
        _outcome(data),
        counted(data, _FAILING),
        counted(data, _ROWS),
    )


def _outcome(data: dg.AssetCheckEvaluation) -> str:
    """Return the outcome of an evaluation: the gate's metadata, or Dagster's result for checks of other code."""
    said = data.metadata.get("outcome")
    if said is not None and said.value == "not evaluated":
        return "errored"  # the result is not known
    if said is not None and said.value in {"passed", "warned", "failed", "errored"}:
        return str(said.value)
    if data.passed:
        return "passed"
    return "warned" if data.severity.name == "WARN" else "failed"
