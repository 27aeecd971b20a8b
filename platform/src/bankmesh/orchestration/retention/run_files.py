"""Files of each run beside the index: its own SQLite file, and captured standard output and error."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME

from bankmesh.orchestration.held_storage import HeldEventLogStorage

if TYPE_CHECKING:
    import dagster as dg

_SUFFIXES = (".db", ".db-wal", ".db-shm")


def list_file_ids(instance: dg.DagsterInstance) -> frozenset[str]:
    """Return the runs that have a file of their own, or a part of one that a killed deletion left."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return frozenset()
    folder = Path(storage.path_for_shard(INDEX_SHARD_NAME)).parent
    found = {path.name.removesuffix(suffix) for suffix in _SUFFIXES for path in folder.glob(f"*{suffix}")}
    return frozenset(found - {INDEX_SHARD_NAME, ""})


def remove_run_files(instance: dg.DagsterInstance, run_id: str) -> int:
    """Remove a run's file and its captured output; return the bytes removed. Missing files are ignored.

    A process that has the file open keeps what it has read, and notices the removal before its next read.
    """
    return _remove_shard(instance, run_id) + _remove_output(instance, run_id)


def _remove_shard(instance: dg.DagsterInstance, run_id: str) -> int:
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return 0
    if isinstance(storage, HeldEventLogStorage):
        storage.close_run(run_id)
    path, freed = Path(storage.path_for_shard(run_id)), 0
    # The file first: SQLite discards a write-ahead log that it finds beside a new, empty file.
    for suffix in _SUFFIXES:
        part = path.with_name(f"{run_id}{suffix}")
        try:
            freed += part.stat().st_size
            part.unlink()
        except FileNotFoundError:
            continue
    return freed


def _remove_output(instance: dg.DagsterInstance, run_id: str) -> int:
    freed = 0
    # Another process may be removing the same files.
    with suppress(FileNotFoundError):
        for path in (Path(instance.storage_directory()) / run_id).rglob("*"):
            freed += path.stat().st_size if path.is_file() else 0
    with suppress(FileNotFoundError):
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return freed
