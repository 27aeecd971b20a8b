"""The Dagster instance of a mesh home: runs, events and checks, stored in the folder that `MESH_HOME` names."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bankmesh.storage.atomic_files import is_writable, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import dagster as dg

    from bankmesh.catalog.check_history import CheckHistory
    from bankmesh.settings import Settings

    Instance = dg.DagsterInstance
    """Dagster's instance, for annotations of modules that do not import Dagster."""

DAGSTER_YAML = """\
# One machine: SQLite files beside this one, which each process keeps open. Without these lines Dagster's own storage
# goes on with the same files, more slowly; `storage:` names another place.
instance_class:
  module: bankmesh.sqlite_storage
  class: MeshInstance

telemetry:
  enabled: false
# No dialogue on the first visit to the UI.
nux:
  enabled: false

# Runs wait in a queue. Two at a time, and of those one that builds products and one that lands files: a build uses
# every core. A pool is taken by a run from its start, so a run that waits costs no process and no memory.
concurrency:
  runs:
    max_concurrent_runs: 2
  pools:
    granularity: run
    default_limit: 1

# A run whose process never came up, or has gone on for six hours, is ended; its place in the queue is free again.
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 21600
  poll_interval_seconds: 30

# A run whose process died is started again, once. A failed step is not: steps try passing faults again themselves,
# and what a gate has refused it would refuse again.
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false

# Freshness promised by contracts is evaluated by the daemon; a change of state is an event of the asset.
freshness:
  enabled: true

# Ticks of sensors of different domains do not wait for one another. Skipped ticks are forgotten after a day.
sensors:
  use_threads: true
  num_workers: 4
retention:
  sensor:
    purge_after_days:
      skipped: 1
      success: 30
      failure: 30
"""


# SHA-256 of the files that earlier versions of Bankmesh wrote: an unchanged one is replaced by the current text.
_WRITTEN_BEFORE = {
    "7ae9d473fb26acc0ec989352b1904088b5bc44a537e718be250e38afeeba754b",
    "2c07d448b6a07ff91a4620efe3a9d90e391db1ab6a5cad8b696541b08353a217",
}


def prepare_dagster_home(settings: Settings) -> Path:
    """Create the folder for `DAGSTER_HOME`; a `dagster.yaml` that a person has written or changed is kept."""
    folder = settings.dagster_home
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dagster.yaml"
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() in _WRITTEN_BEFORE:
        write_atomically(file, DAGSTER_YAML)
    return folder


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance that `mesh run` and `mesh dev` share."""
    import dagster as dg

    return dg.DagsterInstance.from_config(str(prepare_dagster_home(settings)))


def is_readable(settings: Settings) -> bool:
    """Whether there is an instance whose files can be read: SQLite must write beside those that it reads."""
    folder = settings.dagster_home
    in_sqlite = (folder / "history").is_dir()
    return (folder / "dagster.yaml").exists() and (is_writable(folder) or not in_sqlite)


def existing_instance(settings: Settings) -> dg.DagsterInstance | None:
    """Open the instance; None if there is none yet, or if its SQLite files are read-only. Creates nothing."""
    return open_instance(settings) if is_readable(settings) else None


@contextmanager
def existing_checks(settings: Settings) -> Iterator[CheckHistory | None]:
    """Open the history of checks; None if there is no instance yet, or if its SQLite files are read-only."""
    instance = existing_instance(settings)
    if instance is None:
        yield None
        return
    from bankmesh.orchestration.history.check_events import LoggedChecks

    with instance:
        yield LoggedChecks(instance)
