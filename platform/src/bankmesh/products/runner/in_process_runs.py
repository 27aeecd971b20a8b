"""Runs that live in a process of ours, not in one that Dagster watches: `mesh run`.

Such a run carries the process's number. If the process is killed, nobody else would notice: the run would count as
under way for ever, hold a place in the queue, and keep waiting whatever stands behind it.
"""

from __future__ import annotations

import os
import socket

import dagster as dg

PROCESS_TAG = "bankmesh/process"
_UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def process_tags() -> dict[str, str]:
    """Tags of a run that this process carries out itself; the daemon is not to start it again."""
    return {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}", "dagster/max_retries": "0"}


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Report as failed every run whose process on this machine is gone; returns their ids."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
    dead = [record.dagster_run for record in records if _is_gone(record.dagster_run.tags.get(PROCESS_TAG))]
    for run in dead:
        instance.report_run_failed(run, "The process that carried this run out has ended without a word.")
    return [run.run_id for run in dead]


def cancel_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Record that somebody has asked for the run to stop; Dagster then ends an interrupted run as canceled."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status in _UNDER_WAY:
        instance.report_run_canceling(run, "Stopped by the person or process that started it.")


def cancel_runs_of_this_process(instance: dg.DagsterInstance) -> None:
    """Record as canceled what this process leaves under way, because it ends before its work has."""
    tags = {PROCESS_TAG: process_tags()[PROCESS_TAG]}
    for run in instance.get_runs(dg.RunsFilter(statuses=[*_UNDER_WAY, dg.DagsterRunStatus.CANCELING], tags=tags)):
        instance.report_run_canceled(run, "Stopped; its process ended before the step did.")


def _is_gone(tag: str | None) -> bool:
    host, _, number = (tag or "").rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and is somebody else's
        return False
    return False
