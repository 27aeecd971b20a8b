"""Rows of one expired run in the event log's index: which of them are superseded, and their deletion.

The tables are Dagster's own, on SQLite and PostgreSQL alike. A row stays while it is the newest of its kind: the newest
materialisation, observation and failure of an asset and partition, the newest evaluation of a check, a plan that
nothing has followed. The last entry of all stays, because SQLite uses its number again once it is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from dagster import DagsterEventType
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionRecordStatus,
)
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_EVENTS = SqlEventLogStorageTable
_CHECKS = AssetCheckExecutionsTable
_PLANNED = AssetCheckExecutionRecordStatus.PLANNED.value
_EVALUATED = sorted(status.value for status in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES)
_AT_ONCE = 500


def list_run_ids(connection: Connection) -> frozenset[str]:
    """Return the runs that have rows in the index; events without a run have the empty id."""
    found = {run_id for column in (_EVENTS.c.run_id, _CHECKS.c.run_id) for run_id in _distinct(connection, column)}
    return frozenset(run_id or "" for run_id in found)


def list_last_runs(connection: Connection) -> frozenset[str]:
    """Return the last run of each asset, whether it has materialised the asset or not."""
    return frozenset(run_id for run_id in _distinct(connection, AssetKeyTable.c.last_run_id) if run_id)


def list_unread_runs(connection: Connection, position: int) -> frozenset[str]:
    """Return the runs with entries from a position on."""
    return frozenset(connection.scalars(sa.select(_EVENTS.c.run_id).where(_EVENTS.c.id >= position).distinct()))


def list_runs_with_needless_plans(connection: Connection) -> frozenset[str]:
    """Return runs that may have plans of partitions that a check does not have, see `delete_needless_plans`."""
    planned = (_CHECKS.c.execution_status == _PLANNED, _CHECKS.c.partition.is_not(None))
    return frozenset(connection.scalars(sa.select(_CHECKS.c.run_id).where(*planned).distinct()))


def first_event_since(connection: Connection, run_id: str, moment: datetime) -> int | None:
    """Return the number of a run's first event at a moment (naive, UTC) or later; None if there is none."""
    query = sa.select(sa.func.min(_EVENTS.c.id)).where(_EVENTS.c.run_id == run_id, _EVENTS.c.timestamp >= moment)
    found: int | None = connection.scalar(query)
    return found


def delete_events_before(connection: Connection, moment: datetime) -> int:
    """Delete from the file of one run the events before a moment (naive, UTC); the last one stays."""
    last = sa.select(sa.func.max(_EVENTS.c.id)).scalar_subquery()
    query = sa.delete(_EVENTS).where(_EVENTS.c.timestamp < moment, _EVENTS.c.id < last)
    return connection.execute(query).rowcount


def has_rows(connection: Connection, run_id: str) -> bool:
    """Return whether the index holds any row of a run."""
    for table in (_EVENTS, _CHECKS):
        if connection.execute(sa.select(table.c.id).where(table.c.run_id == run_id).limit(1)).first() is not None:
            return True
    return False


def delete_superseded(connection: Connection, run_id: str, below: int | None = None) -> int:
    """Delete the superseded rows of a run; return how many.

    Of events without a run, only those with a number below `below`.
    """
    checks = _delete(connection, _CHECKS, _superseded_checks(connection, run_id, below))
    return checks + _delete_events(connection, _superseded_events(connection, run_id, below))


def delete_replaced(connection: Connection, numbers: Sequence[int], below: int | None) -> dict[str, list[str]]:
    """Delete materialisations by number, only those below `below`; return the assets of what was deleted, by run."""
    found = connection.execute(
        sa.select(_EVENTS.c.id, _EVENTS.c.run_id, _EVENTS.c.asset_key).where(
            _EVENTS.c.id.in_([number for number in numbers if below is None or number < below]),
            _EVENTS.c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
            _EVENTS.c.id < sa.select(sa.func.max(_EVENTS.c.id)).scalar_subquery(),
        )
    ).all()
    _delete_events(connection, [row.id for row in found])
    assets: dict[str, list[str]] = {}
    for row in found:
        assets.setdefault(row.run_id, []).append(row.asset_key)
    return assets


def delete_replaced_of_run(connection: Connection, assets: Sequence[str], mark: str) -> None:
    """Delete from the file of one run all materialisations outside of steps with the entry, but each asset's last.

    The entry is one of their metadata, named `mark`.
    """
    outside = (
        _EVENTS.c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
        _EVENTS.c.step_key.is_(None),
        _EVENTS.c.asset_key.in_(assets),
        _EVENTS.c.event.contains(f'"{mark}"'),
    )
    last = sa.select(sa.func.max(_EVENTS.c.id)).where(*outside).group_by(_EVENTS.c.asset_key)
    connection.execute(sa.delete(_EVENTS).where(*outside, _EVENTS.c.id.not_in(last)))


def _delete_events(connection: Connection, events: list[int]) -> int:
    _delete_where_in(connection, AssetEventTagsTable, AssetEventTagsTable.c.event_id, events)
    return _delete(connection, _EVENTS, events)


def delete_needless_plans(connection: Connection, run_id: str) -> int:
    """Delete plans of partitions that a check does not have: one evaluation of the run covers all of them.

    Earlier releases planned each check once for each partition of a run.
    """
    answer = _CHECKS.alias()
    answered = sa.exists().where(
        answer.c.asset_key == _CHECKS.c.asset_key,
        answer.c.check_name == _CHECKS.c.check_name,
        answer.c.run_id == run_id,
        answer.c.partition.is_(None),
        answer.c.execution_status.in_(_EVALUATED),
    )
    query = sa.delete(_CHECKS).where(
        _CHECKS.c.run_id == run_id,
        _CHECKS.c.execution_status == _PLANNED,
        _CHECKS.c.partition.is_not(None),
        answered,
    )
    return connection.execute(query).rowcount


def _superseded_checks(connection: Connection, run_id: str, below: int | None) -> list[int]:
    newer = _CHECKS.alias()
    same_check = (
        newer.c.asset_key == _CHECKS.c.asset_key,
        newer.c.check_name == _CHECKS.c.check_name,
        newer.c.id > _CHECKS.c.id,
    )
    same_partition = newer.c.partition.is_not_distinct_from(_CHECKS.c.partition)
    evaluated = newer.c.execution_status.in_(_EVALUATED)
    query = sa.select(_CHECKS.c.id).where(
        _CHECKS.c.run_id == run_id,
        _CHECKS.c.id < sa.select(sa.func.max(_CHECKS.c.id)).scalar_subquery(),
        sa.case(
            (_CHECKS.c.execution_status == _PLANNED, sa.exists().where(*same_check, sa.or_(same_partition, evaluated))),
            else_=sa.exists().where(*same_check, same_partition, evaluated),
        ),
    )
    if below is not None:
        query = query.where(_CHECKS.c.evaluation_event_storage_id < below)
    return list(connection.scalars(query))


def _superseded_events(connection: Connection, run_id: str, below: int | None) -> list[int]:
    newer, made = _EVENTS.alias(), _EVENTS.alias()
    same_asset = (
        newer.c.asset_key == _EVENTS.c.asset_key,
        newer.c.dagster_event_type == _EVENTS.c.dagster_event_type,
        newer.c.partition.is_not_distinct_from(_EVENTS.c.partition),
        newer.c.id > _EVENTS.c.id,
    )
    made_since = sa.and_(
        _EVENTS.c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
        sa.exists().where(
            made.c.asset_key == _EVENTS.c.asset_key,
            made.c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
            made.c.partition.is_not_distinct_from(_EVENTS.c.partition),
            made.c.id > _EVENTS.c.id,
        ),
    )
    of_check = sa.select(_CHECKS.c.evaluation_event_storage_id).where(
        _CHECKS.c.run_id == run_id, _CHECKS.c.evaluation_event_storage_id.is_not(None)
    )
    query = sa.select(_EVENTS.c.id).where(
        _EVENTS.c.run_id == run_id,
        _EVENTS.c.id < sa.select(sa.func.max(_EVENTS.c.id)).scalar_subquery(),
        sa.or_(
            sa.and_(_EVENTS.c.asset_key.is_(None), _EVENTS.c.id.not_in(of_check)),
            sa.exists().where(*same_asset),
            made_since,
        ),
    )
    if below is not None:
        query = query.where(_EVENTS.c.id < below)
    return list(connection.scalars(query))


def _delete(connection: Connection, table: sa.Table, numbers: list[int]) -> int:
    return _delete_where_in(connection, table, table.c.id, numbers)


def _delete_where_in(connection: Connection, table: sa.Table, column: sa.Column[int], numbers: list[int]) -> int:
    deleted = 0
    for start in range(0, len(numbers), _AT_ONCE):
        query = sa.delete(table).where(column.in_(numbers[start : start + _AT_ONCE]))
        deleted += connection.execute(query).rowcount
    return deleted


def _distinct(connection: Connection, column: sa.Column[str]) -> Iterable[str | None]:
    return connection.scalars(sa.select(column).distinct()).all()
