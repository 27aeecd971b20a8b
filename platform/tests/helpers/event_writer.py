"""Events for tests of the event log, and a process that stores them: `python event_writer.py KIND FOLDER RUN NAME COUNT`.

It writes the number of each event to its output once it is stored, so that a test knows what must have survived a kill.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
from dagster._core.events import StepMaterializationData
from dagster._core.storage.event_log import SqliteEventLogStorage

from bankmesh.orchestration.held_storage import HeldEventLogStorage

KINDS = {"held": HeldEventLogStorage, "stock": SqliteEventLogStorage}
KEY = dg.AssetKey("sale")


def message(run_id: str, text: str) -> dg.EventLogEntry:
    """A line of a run's log."""
    return dg.EventLogEntry(
        error_info=None, level=logging.INFO, user_message=text, run_id=run_id, timestamp=time.time()
    )


def materialization(run_id: str, text: str) -> dg.EventLogEntry:
    """An event that goes into the run's file and into the index."""
    event = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name="job",
        event_specific_data=StepMaterializationData(dg.AssetMaterialization(KEY)),
    )
    return dg.EventLogEntry(
        error_info=None,
        level=logging.INFO,
        user_message=text,
        run_id=run_id,
        timestamp=time.time(),
        dagster_event=event,
    )


def ended(run_id: str) -> dg.EventLogEntry:
    """The event of a run that succeeded."""
    event = dg.DagsterEvent(event_type_value=dg.DagsterEventType.RUN_SUCCESS.value, job_name="job")
    return dg.EventLogEntry(
        error_info=None, level=logging.INFO, user_message="", run_id=run_id, timestamp=time.time(), dagster_event=event
    )


def texts(storage: SqliteEventLogStorage, run_id: str) -> list[str]:
    """The texts of a run's events, in the order in which they were stored."""
    return [record.event_log_entry.user_message for record in storage.get_records_for_run(run_id).records]


def faults(folder: Path) -> dict[str, str]:
    """What SQLite finds wrong in any file below the folder, by file."""
    found = {}
    for path in folder.glob("**/*.db"):
        with sqlite3.connect(path) as connection:
            ((answer,),) = connection.execute("pragma integrity_check").fetchall()
        connection.close()
        if answer != "ok":
            found[path.name] = answer
    return found


def start_writer(kind, folder, run_id, name, count):
    """A process that stores events of one run."""
    return subprocess.Popen(
        [sys.executable, __file__, kind, folder, run_id, name, str(count)], stdout=subprocess.PIPE, text=True
    )


def open_handles(folder):
    """The files below the folder that this process has open, each as often as it has."""
    found = []
    for handle in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the handle of this very listing
            found.append(str(handle.readlink()))
    return [name for name in found if name.startswith(str(folder))]


if __name__ == "__main__":
    kind, folder, run_id, name, count = sys.argv[1:]
    writer = KINDS[kind](folder)
    for number in range(int(count)):
        writer.store_event(materialization(run_id, f"{name} {number}"))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
