"""Outcomes of checks from the SQLite index of Dagster's event log, read without Dagster, whose import takes a second.

Only what is stored exactly as expected is read here. Another storage, another schema and events in another form are
left to Dagster.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.orchestration.assets.event_metadata import OUTCOME
from bankmesh.orchestration.instance import existing_checks, is_readable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.settings import Settings

_BUSY_SECONDS = 30  # as long as the event log waits for another process
_STORAGES = ("storage", "event_log_storage")
_INSTANCES = (None, {"module": "bankmesh.sqlite_storage", "class": "MeshInstance"})
_EVALUATED = ("SUCCEEDED", "FAILED")
# An index of the table answers the inner query; only the newest row of each check is read.
_NEWEST = """\
select check_name, execution_status, evaluation_event from asset_check_executions
where id in (select max(id) from asset_check_executions where asset_key = ? group by check_name)"""
_EARLIER = """\
select evaluation_event from asset_check_executions
where asset_key = ? and check_name = ? and execution_status in (?, ?) order by id desc limit 1"""


class _Unexpected(Exception):
    """The log is not in the form that this module reads."""


def existing_outcomes(settings: Settings) -> StoredOutcomes | None:
    """Return the outcomes of checks; None if there is no instance yet, or if its SQLite files are read-only."""
    return StoredOutcomes(settings) if is_readable(settings) else None


@dataclass(frozen=True)
class StoredOutcomes:
    """The newest outcomes of checks in a mesh home; see `CheckOutcomes`."""

    settings: Settings

    def latest_outcomes(self, contracts: Iterable[Contract]) -> dict[str, list[str]]:
        """Return outcomes of the newest evaluation of each clause, by port; clauses never evaluated are left out."""
        chosen = list(contracts)
        try:
            return _read_outcomes(_index_file(self.settings.dagster_home), chosen)
        except _Unexpected:
            with existing_checks(self.settings) as checks:
                return checks.latest_outcomes(chosen) if checks else {}


def _index_file(folder: Path) -> Path:
    """Return the index of the event log. Raises _Unexpected unless the home's storage is Dagster's default."""
    try:
        config = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _Unexpected from error
    if not isinstance(config, dict) or config.get("instance_class") not in _INSTANCES or set(_STORAGES) & set(config):
        raise _Unexpected
    return folder / "history" / "runs" / "index.db"


def _read_outcomes(index: Path, contracts: Iterable[Contract]) -> dict[str, list[str]]:
    """Raises _Unexpected."""
    try:
        # Readers of a write-ahead log open it for writing. The file itself is neither created nor changed.
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=rw", _BUSY_SECONDS, uri=True)) as connection:
            connection.execute("pragma query_only = on")
            found = {contract.port: _outcomes_of(contract, connection) for contract in contracts}
    except sqlite3.Error as error:
        raise _Unexpected from error
    return {port: outcomes for port, outcomes in found.items() if outcomes}


def _outcomes_of(contract: Contract, connection: sqlite3.Connection) -> list[str]:
    asset = json.dumps(contract.port_name.asset_path)
    events = {
        check: event if status in _EVALUATED else _earlier_event(asset, check, connection)
        for check, status, event in connection.execute(_NEWEST, (asset,))
    }
    chosen = (events.get(clause.name) for clause in contract.clauses)
    return [_outcome(event) for event in chosen if event is not None]


def _earlier_event(asset: str, check: str, connection: sqlite3.Connection) -> str | None:
    """Return the last evaluation of a check that a run has planned but not evaluated; None if there is none."""
    row = connection.execute(_EARLIER, (asset, check, *_EVALUATED)).fetchone()
    return row[0] if row else None


def _outcome(event: str) -> str:
    """Return the outcome that the platform wrote, or whether a check of other code passed."""
    try:
        evaluation: Any = json.loads(event)["dagster_event"]["event_specific_data"]
        written = evaluation["metadata"].get(OUTCOME)
        found = ("passed" if evaluation["success"] else "failed") if written is None else written["text"]
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise _Unexpected from error
    if not isinstance(found, str):
        raise _Unexpected
    return found
