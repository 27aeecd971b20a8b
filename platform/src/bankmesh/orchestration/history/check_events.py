"""Quality and freshness of products in Dagster's event log, the same on SQLite and PostgreSQL.

It uses `get_logs_for_all_runs_by_log_id`, one event type at a time, because the cursors of other methods do not work on
SQLite. It copies no value of the data: of a check only the outcome and the numbers of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import DagsterEventType as Kind
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)
from dagster._core.storage.event_log import (
    ConsolidatedSqliteEventLogStorage,
    InMemoryEventLogStorage,
    SqliteEventLogStorage,
)

from bankmesh.catalog.check_history import CheckEvents, Evaluation, FreshnessChange, port_of
from bankmesh.orchestration.asset_keys import contract_key
from bankmesh.orchestration.assets.event_metadata import FAILING_ROWS, OUTCOME, ROWS
from bankmesh.orchestration.history.event_log import counted, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bankmesh.contracts.model import Contract

BATCH = 2_000
SETTLED_AFTER = 3.0
"""Seconds. PostgreSQL may show an entry after one with a higher id, but not once that one is so old."""

_FRESHNESS = {"PASS": "fresh", "WARN": "warning", "FAIL": "late", "NOT_APPLICABLE": "none"}


@dataclass(frozen=True)
class LoggedChecks:
    """The history of checks in Dagster's event log; see `CheckHistory`."""

    instance: dg.DagsterInstance

    def read(self, after: int, now: datetime) -> CheckEvents:
        """Read the entries after `after` that concern products, up to the last one that has settled."""
        return read_events(self.instance, after, now)

    def has_news(self, cursor: int, mark: str) -> bool:
        """Return whether there are entries after `cursor`, or the log must be read again from the start."""
        return has_news(self.instance, cursor, mark)

    def has_entry(self, cursor: int, mark: str) -> bool:
        """Return whether the log still has the entry `cursor` with this mark."""
        return has_entry(self.instance, cursor, mark)

    def latest_outcomes(self, contracts: Iterable[Contract]) -> dict[str, list[str]]:
        """Return outcomes of the newest evaluation of each clause, by port; clauses never evaluated are left out."""
        return latest_outcomes(self.instance, contracts)


def read_events(instance: dg.DagsterInstance, after: int, now: datetime) -> CheckEvents:
    """Read the entries after `after` that concern products, up to the last one that has settled (SETTLED_AFTER)."""
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
    storage = instance.event_log_storage
    kinds = (Kind.ASSET_CHECK_EVALUATION, Kind.FRESHNESS_STATE_CHANGE)
    return not has_entry(instance, cursor, mark) or any(
        storage.get_logs_for_all_runs_by_log_id(cursor, kind, 1) for kind in kinds
    )


def has_entry(instance: dg.DagsterInstance, cursor: int, mark: str) -> bool:
    """Return whether the log still has the entry `cursor` with this mark: it is the same log, and not truncated."""
    if cursor < 0:
        return True
    found = instance.event_log_storage.get_logs_for_all_runs_by_log_id(cursor - 1, limit=1)
    return cursor in found and _mark(found[cursor]) == mark


def _ordered(instance: dg.DagsterInstance) -> bool:
    """Return whether entries become visible in the order of their numbers, as on SQLite with its single writer."""
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
        counted(data, FAILING_ROWS),
        counted(data, ROWS),
    )


def _outcome(data: dg.AssetCheckEvaluation) -> str:
    """Return the outcome of an evaluation: the gate's metadata, or Dagster's result for checks of other code."""
    said = data.metadata.get(OUTCOME)
    if said is not None and said.value == "not evaluated":
        return "errored"  # the result is not known
    if said is not None and said.value in {"passed", "warned", "failed", "errored"}:
        return str(said.value)
    if data.passed:
        return "passed"
    return "warned" if data.severity.name == "WARN" else "failed"


def latest_outcomes(instance: dg.DagsterInstance, contracts: Iterable[Contract]) -> dict[str, list[str]]:
    """Return outcomes of the newest evaluation of each clause, by port; clauses never evaluated are left out."""
    ports: dict[dg.AssetCheckKey, str] = {}
    for contract in contracts:
        asset = contract_key(contract)
        ports |= {dg.AssetCheckKey(asset, clause.name): contract.port for clause in contract.clauses}
    storage = instance.event_log_storage
    newest = storage.get_latest_asset_check_execution_by_key(list(ports))
    found: dict[str, list[str]] = {}
    for key in ports.keys() & newest.keys():
        outcome = _last_outcome(newest[key])
        if outcome is None:
            # A run planned the check but did not evaluate it; the last evaluation still counts.
            done = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
            earlier = storage.get_asset_check_execution_history(key, limit=1, status=done)
            outcome = _last_outcome(earlier[0]) if earlier else None
        if outcome:
            found.setdefault(ports[key], []).append(outcome)
    return found


def _last_outcome(record: AssetCheckExecutionRecord) -> str | None:
    evaluation = record.event.asset_check_evaluation if record.event else None
    if evaluation is None:
        return None
    outcome = evaluation.metadata.get(OUTCOME)
    return str(outcome.value) if outcome else ("passed" if evaluation.passed else "failed")
