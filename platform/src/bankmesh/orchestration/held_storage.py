"""Dagster's SQLite storage for one machine, with connections that stay open.

Files, tables and queries are Dagster's own: each storage opens the files that the other has written. `dagster.yaml`
names `MeshInstance`, which makes this storage the default of the folder that holds the file. No path is written
there, so a folder that is moved takes its history with it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import sqlalchemy as sa
import yaml
from dagster._core.events import EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.instance.ref import InstanceRef
from dagster._core.instance.runs.run_domain import RunDomain
from dagster._core.storage.dagster_run import FINISHED_STATUSES, DagsterRun
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import NullPool
from watchdog.observers import Observer

from bankmesh.storage.sqlite_connections import HeldConnections, open_engine, sync_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagster import DagsterEventType
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
    from dagster._core.definitions.partitions.subset import PartitionsSubset
    from dagster._core.event_api import EventHandlerFn, EventRecordsResult, RunStatusChangeRecordsFilter
    from dagster._core.events.log import EventLogEntry
    from dagster._core.snap import ExecutionPlanSnapshot
    from sqlalchemy.engine import Connection, Engine
    from watchdog.events import FileSystemEvent

OPEN_FILES = 32
"""Event log files that a process keeps open, with three handles each: the runs on one page of the UI, and some more."""


_WORTH_COMPACTING, _COMPACTED_AT_MOST = 4 << 20, 256 << 20
"""The free bytes from which an index is compacted, and the used bytes up to which that takes a second or two."""


class HeldEventLogStorage(SqliteEventLogStorage):
    """Dagster's event log, one file for each run and one index of all, without a new engine for each event."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections = HeldConnections(OPEN_FILES, self._make_tables)
        self._known_tables: set[str] = set()
        self._known_asset_columns: set[str] = set()
        self._storing = threading.local()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> HeldEventLogStorage:
        """Called by Dagster with the settings of `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table; a table that was found once is not queried again."""
        if table_name not in self._known_tables:
            with self.index_connection() as connection:
                if connection.dialect.has_table(connection, table_name):
                    self._known_tables.add(table_name)
        return table_name in self._known_tables

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event; when its run has ended, close the run's file, which checkpoints its write-ahead log."""
        self._storing.run_id = event.run_id
        try:
            super().store_event(event)
        finally:
            self._storing.run_id = None
        kind = event.dagster_event.event_type if event.dagster_event else None
        if kind is not None and EVENT_TYPE_TO_PIPELINE_RUN_STATUS.get(kind) in FINISHED_STATUSES:
            self._connections.release(self._path(event.run_id))

    def get_logs_for_all_runs_by_log_id(
        self,
        after_cursor: int = -1,
        dagster_event_type: DagsterEventType | set[DagsterEventType] | None = None,
        limit: int | None = None,
    ) -> Mapping[int, EventLogEntry]:
        """Return the events after a cursor, once they are synced to disk."""
        found = super().get_logs_for_all_runs_by_log_id(after_cursor, dagster_event_type, limit)
        if found:
            self._sync_index()
        return found

    def get_maximum_record_id(self) -> int | None:
        """Return the newest record id, once it is synced to disk."""
        found = super().get_maximum_record_id()
        self._sync_index()
        return found

    def fetch_run_status_changes(
        self,
        records_filter: DagsterEventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,  # noqa: FBT001, FBT002 - Dagster's own signature
    ) -> EventRecordsResult:
        """Return the run status changes after a cursor, once they are synced to disk."""
        found = super().fetch_run_status_changes(records_filter, limit, cursor, ascending)
        if found.records:
            self._sync_index()
        return found

    def close_run(self, run_id: str) -> None:
        """Close a run's file if this process has it open."""
        self._connections.release(self._path(run_id))

    def compact_index(self) -> None:
        """Return the index's free pages to the file system, if there are enough of them.

        Writers wait meanwhile, so a large index keeps its free pages and reuses them.
        """
        with self.index_connection() as connection:
            pages, free, size = (
                connection.exec_driver_sql(f"pragma {name}").scalar() or 0
                for name in ("page_count", "freelist_count", "page_size")
            )
            used = (pages - free) * size
            if free * size < _WORTH_COMPACTING or free < pages // 2 or used > _COMPACTED_AT_MOST:
                return
            connection.exec_driver_sql("vacuum")
        with self.index_connection() as connection:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)").fetchall()

    def wipe(self) -> None:
        """Remove every run's file and all rows of the index; processes that have them open detect it."""
        self._connections.close()
        super().wipe()

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back for each new event of a run, even while its file is open and only its write-ahead log grows."""
        observer: Any = self._obs or Observer()
        if self._obs is None:
            observer.start()
            self._obs = observer
        handler = _Watchdog(self, run_id, callback, cursor)
        self._watchers[run_id][callback] = (handler, observer.schedule(handler, self._base_dir, recursive=True))

    def dispose(self) -> None:
        """Stop watching and close all files."""
        super().dispose()
        self._connections.close()

    def _sync_index(self) -> None:
        """Sync the index log: readers store record ids, and the ids of lost events would be assigned again."""
        sync_log(self._path(INDEX_SHARD_NAME))

    def _path(self, shard: str) -> Path:
        return Path(self.path_for_shard(shard))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        is_stored = shard in {INDEX_SHARD_NAME, getattr(self._storing, "run_id", None)}
        if is_stored or self._path(shard).exists():
            with self._connections.transaction(self._path(shard)) as connection:
                yield connection
        else:
            # A run that has expired, or has not begun: reading it must not create a file.
            with self._no_events.begin() as connection:
                yield connection

    @cached_property
    def _no_events(self) -> Engine:
        engine = sa.create_engine("sqlite://", poolclass=NullPool)
        sa.event.listen(engine, "begin", SqlEventLogStorageMetadata.create_all)
        return engine

    def _make_tables(self, path: Path, engine: Engine) -> None:
        if path == self._path(INDEX_SHARD_NAME):
            self._known_tables, self._known_asset_columns = set(), set()
        if not _has_revision(path, engine):
            self._initdb(open_engine(path, make_wal=True))

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._known_asset_columns and super()._has_asset_key_col_on_connection(conn, column_name):
            self._known_asset_columns.add(column_name)
        return column_name in self._known_asset_columns


class _Watchdog(SqliteEventLogStorageWatchdog):
    """Watches a run's file and its write-ahead log, where events are until the log is written back."""

    def __init__(self, storage: HeldEventLogStorage, run_id: str, callback: EventHandlerFn, cursor: str | None) -> None:
        super().__init__(storage, run_id, callback, cursor)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: FileSystemEvent) -> None:
        del event  # The kind of change does not matter.
        self._process_log()


class _OneFile:
    """Mixin for a storage in a single file, without a new engine for each query; the storage's class comes second."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections = HeldConnections(1)
        self._file = Path(sa.make_url(conn_string).database or "")
        super().__init__(conn_string, inst_data)  # type: ignore[call-arg] # of the storage

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Yield a connection in a transaction."""
        with self._connections.transaction(self._file) as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        super().dispose()  # type: ignore[misc] # of the storage
        self._connections.close()


class HeldRunStorage(_OneFile, SqliteRunStorage):
    """Dagster's run storage, without a new engine for each query."""


class HeldScheduleStorage(_OneFile, SqliteScheduleStorage):
    """Dagster's storage of schedules, sensors and their ticks, without a new engine for each query."""


class HeldSqliteStorage(DagsterSqliteStorage):
    """All three storages of a folder, in the paths of Dagster's own default."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        base = Path(base_dir)
        self._event_log_storage = HeldEventLogStorage(str(base / "history" / "runs"))
        self._run_storage = HeldRunStorage.from_local(str(base / "history"))
        self._schedule_storage = HeldScheduleStorage.from_local(str(base / "schedules"))
        self._inst_data = inst_data
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call] # not its own, which opens storages

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> HeldSqliteStorage:
        """Called by Dagster with the settings of `dagster.yaml`."""
        return cls.from_local(inst_data=inst_data, **config_value)


class _PlannedRun(DagsterRun):
    """A run as its plan is logged: only partitioned assets and checks have its partitions."""

    def get_resolved_partitions_subset_for_events(
        self, partitions_def: dg.PartitionsDefinition[Any] | None
    ) -> PartitionsSubset | None:
        """Return the planned partitions; None for an asset or check without partitions, which is planned once."""
        return None if partitions_def is None else super().get_resolved_partitions_subset_for_events(partitions_def)


class _MeshRunDomain(RunDomain):
    """Plans an unpartitioned check once for each run; Dagster plans it once for each partition of the run."""

    def _log_asset_planned_events(
        self, dagster_run: DagsterRun, execution_plan_snapshot: ExecutionPlanSnapshot, asset_graph: BaseAssetGraph[Any]
    ) -> None:
        planned = _PlannedRun(**dagster_run._asdict())
        super()._log_asset_planned_events(planned, execution_plan_snapshot, asset_graph)


class MeshInstance(dg.DagsterInstance):
    """A Dagster instance that keeps SQLite files open, unless its `dagster.yaml` names a storage."""

    @cached_property
    def run_domain(self) -> RunDomain:
        """The object that creates runs and logs their plans."""
        return _MeshRunDomain(self)

    @classmethod
    def config_schema(cls) -> dict[str, Any]:
        """Return the settings beyond Dagster's own: none."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        """Return the defaults for keys that `dagster.yaml` leaves out; `base_dir` is the folder of that file."""
        config = yaml.safe_dump({"base_dir": base_dir})
        held = ConfigurableClassData(HeldSqliteStorage.__module__, HeldSqliteStorage.__name__, config)
        return {**InstanceRef.config_defaults(base_dir), "storage": held}

    def dispose(self) -> None:
        """Close all files; Dagster's own method skips the schedule storage, which holds no files open there."""
        super().dispose()
        if self.schedule_storage is not None:
            self.schedule_storage.dispose()


def _has_revision(path: Path, engine: Engine) -> bool:
    """Whether the file's tables exist, by Dagster's own criterion: their schema has a revision."""
    if not path.exists():
        return False
    with engine.connect() as connection:
        tables = connection.exec_driver_sql("select 1 from sqlite_master where name = 'alembic_version'").fetchall()
        return bool(tables) and bool(connection.exec_driver_sql("select 1 from alembic_version").fetchall())
