"""Expiry of Dagster's events: what superseded runs have left in the index, their files and their output.

For each run, in this order: superseded rows, in one transaction; files; the run itself, unless a row of it stays. A
kill at any instant leaves a consistent log, and the next call goes on: a run is known until its files are gone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.tags import BACKFILL_ID_TAG

from bankmesh.fault_points import reached
from bankmesh.orchestration.assets.event_metadata import CONFIRMED
from bankmesh.orchestration.held_storage import HeldEventLogStorage
from bankmesh.orchestration.retention import event_rows, run_files
from bankmesh.orchestration.retention.run_selection import NeededRuns, RunState, Selection, select_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.orchestration.retention.reader_positions import ReaderPosition

_PAGE = 500


@dataclass
class ExpiredEvents:
    """What was removed.

    Attributes:
        runs: number of runs whose log was removed.
        rows: events and check results in the index.
        bytes: size of the files that were removed.
        held_by: readers that keep runs older than the retention, because they have not read them.
    """

    runs: int = 0
    rows: int = 0
    bytes: int = 0
    held_by: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Return as `mesh expire --json` prints it."""
        return {"runs": self.runs, "rows": self.rows, "bytes": self.bytes, "held_by": self.held_by}


def expire_events(
    instance: dg.DagsterInstance,
    before: datetime,
    readers: Sequence[ReaderPosition],
    unfinished: frozenset[str] = frozenset(),
) -> ExpiredEvents:
    """Expire the events of runs that ended before a moment (with time zone) and are superseded.

    Args:
        instance: the Dagster instance.
        before: runs that ended later stay whole.
        readers: entries from the first one that a reader needs on stay.
        unfinished: runs whose attempts lineage has not ended yet.
    """
    done = ExpiredEvents()
    _expire_automation(instance, before)
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return done
    position = min((reader.first_needed for reader in readers), default=None)
    selected = _select(instance, storage, before, position, unfinished)
    done.held_by = _list_holders(storage, readers, selected)
    with storage.index_connection() as connection:
        overplanned = event_rows.list_runs_with_needless_plans(connection)
    for run_id in overplanned.intersection(selected.kept):
        with storage.index_connection() as connection:
            done.rows += event_rows.delete_needless_plans(connection, run_id)
    for run_id in (*selected.expired, *selected.orphans):
        _expire_run(instance, storage, run_id, done)
    done.rows += _expire_events_without_run(storage, before, position)
    if isinstance(storage, HeldEventLogStorage):
        storage.compact_index()
    return done


def _expire_automation(instance: dg.DagsterInstance, before: datetime) -> None:
    """Delete evaluations of automation conditions, which Dagster does only for other automation sensors than ours.

    Only their page in the UI reads them: a sensor continues from its own state.
    """
    schedules = instance.schedule_storage
    if schedules is not None and schedules.supports_auto_materialize_asset_evaluations:
        schedules.purge_asset_evaluations(before.timestamp())


def expire_replaced(instance: dg.DagsterInstance, numbers: Sequence[int], readers: Sequence[ReaderPosition]) -> int:
    """Delete events of confirmations that a later one has replaced, if every reader has read them; return how many.

    Each is redundant: the next one repeats all that the page of its asset shows.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    position = min((reader.first_needed for reader in readers), default=None)
    with storage.index_connection() as connection:
        deleted = event_rows.delete_replaced(connection, numbers, position)
    for run_id, assets in deleted.items():
        if isinstance(storage, SqliteEventLogStorage) and Path(storage.path_for_shard(run_id)).exists():
            with storage.run_connection(run_id) as connection:
                event_rows.delete_replaced_of_run(connection, assets, CONFIRMED)
    return sum(map(len, deleted.values()))


def _expire_run(instance: dg.DagsterInstance, storage: SqlEventLogStorage, run_id: str, done: ExpiredEvents) -> None:
    with storage.index_connection() as connection:
        rows = event_rows.delete_needless_plans(connection, run_id)
        rows += event_rows.delete_superseded(connection, run_id)
        is_referred_to = event_rows.has_rows(connection, run_id)
    reached("run-rows-expired")
    size = run_files.remove_run_files(instance, run_id)
    reached("run-files-expired")
    if not is_referred_to:
        instance.run_storage.delete_run(run_id)
    reached("run-expired")
    done.runs += bool(rows or size)  # A run that is referred to is found again each time.
    done.rows += rows
    done.bytes += size


def _select(
    instance: dg.DagsterInstance,
    storage: SqlEventLogStorage,
    before: datetime,
    position: int | None,
    unfinished: frozenset[str],
) -> Selection:
    traces = run_files.list_file_ids(instance)
    with storage.index_connection() as connection:
        traces |= event_rows.list_run_ids(connection)
        last = event_rows.list_last_runs(connection)
        unread = frozenset() if position is None else event_rows.list_unread_runs(connection, position)
    needed = NeededRuns(last, unread, unfinished | _list_runs_of_backfills(instance))
    return select_runs(_list_runs(instance), traces, needed, before.timestamp())


def _list_runs_of_backfills(instance: dg.DagsterInstance) -> frozenset[str]:
    """Return the runs of backfills that go on: the daemon counts failures by them."""
    going_on = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
    backfills = instance.get_backfills(filters=BulkActionsFilter(statuses=going_on))
    tags = [{BACKFILL_ID_TAG: backfill.backfill_id} for backfill in backfills]
    return frozenset(run_id for each in tags for run_id in instance.get_run_ids(dg.RunsFilter(tags=each)))


def _list_runs(instance: dg.DagsterInstance) -> Iterator[RunState]:
    cursor: str | None = None
    while page := instance.get_run_records(limit=_PAGE, cursor=cursor):
        for record in page:
            has_ended = record.dagster_run.status in FINISHED_STATUSES
            ended_at = record.end_time or record.update_timestamp.replace(tzinfo=UTC).timestamp()
            yield RunState(record.dagster_run.run_id, ended_at if has_ended else None)
        cursor = page[-1].dagster_run.run_id


def _list_holders(storage: SqlEventLogStorage, readers: Sequence[ReaderPosition], selected: Selection) -> list[str]:
    if not selected.held:
        return []
    with storage.index_connection() as connection:
        unread = {r.reader: event_rows.list_unread_runs(connection, r.first_needed) for r in readers}
    return sorted(reader for reader, runs in unread.items() if runs.intersection(selected.held))


def _expire_events_without_run(storage: SqlEventLogStorage, before: datetime, position: int | None) -> int:
    moment = before.astimezone(UTC).replace(tzinfo=None)
    with storage.index_connection() as connection:
        # By number: the event of a restored version has the time of its first publication.
        since = event_rows.first_event_since(connection, RUNLESS_RUN_ID, moment)
        limits = [number for number in (since, position) if number is not None]
        below = min(limits, default=sys.maxsize)
        deleted = event_rows.delete_superseded(connection, RUNLESS_RUN_ID, below)
    reached("events-without-run-expired")
    if isinstance(storage, SqliteEventLogStorage) and Path(storage.path_for_shard(RUNLESS_RUN_ID)).exists():
        with storage.run_connection(RUNLESS_RUN_ID) as connection:
            event_rows.delete_events_before(connection, moment)
    return deleted
