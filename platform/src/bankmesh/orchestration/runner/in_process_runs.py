"""Runs that execute in a process of the platform, which Dagster does not monitor: `mesh run`.

Such a run has the process's id as a tag. If the process is killed, Dagster does not notice: the run would count as
under way for ever, hold a place in the queue, and block the runs behind it.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from collections.abc import Mapping

PROCESS_TAG = "bankmesh/process"
"""The host and the id of the process that executes the run."""

STARTED_TAG = "bankmesh/process_started"
"""When that process started, so that another one of the same id is not taken for it; missing where it is not known."""

_UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def process_tags() -> dict[str, str]:
    """Return the tags of a run that this process executes itself; the daemon must not start it again."""
    started = _start_of(os.getpid())
    return {
        PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}",
        "dagster/max_retries": "0",
        **({STARTED_TAG: started} if started else {}),
    }


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Report as failed every run whose process on this machine is gone; returns their ids."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
    dead = [record.dagster_run for record in records if _is_gone(record.dagster_run.tags)]
    for run in dead:
        instance.report_run_failed(run, "The process that executed this run exited without reporting a result.")
    return [run.run_id for run in dead]


def cancel_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Record a request to stop the run; Dagster then ends an interrupted run as canceled."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status in _UNDER_WAY:
        instance.report_run_canceling(run, "Stopped by the person or process that started it.")


def cancel_runs_of_this_process(instance: dg.DagsterInstance) -> None:
    """Record the runs that this process leaves under way as canceled, because it ends before its work has."""
    tags = {PROCESS_TAG: process_tags()[PROCESS_TAG]}
    for run in instance.get_runs(dg.RunsFilter(statuses=[*_UNDER_WAY, dg.DagsterRunStatus.CANCELING], tags=tags)):
        instance.report_run_canceled(run, "Stopped; its process ended before the step did.")


def _is_gone(tags: Mapping[str, str]) -> bool:
    """Return whether the process of a run is gone; False for a process of another host, or where that is not known."""
    host, _, number = tags.get(PROCESS_TAG, "").rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # the process exists and belongs to another user
        return False
    before, now = tags.get(STARTED_TAG), _start_of(int(number))
    return before is not None and now is not None and before != now


def _start_of(process: int) -> str | None:
    """Return the boot of the machine and the ticks since then at which a process started; None where Linux is not."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return f"{boot}:{fields[19]}"
