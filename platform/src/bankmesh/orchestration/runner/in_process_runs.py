"""Runs that execute in a process of the platform, which Dagster does not monitor: `mesh run`.

Such a run has the process's id as a tag. If the process is killed, Dagster does not notice: the run would count as
under way for ever, hold a place in the queue, and block the runs behind it.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from bankmesh.storage.atomic_files import process_exists

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESS_TAG = "bankmesh/process"
"""The process that executes the run: host, id and, where it is known, a mark of when it started.

Without the mark, another process that has got the same id, after a reboot or in a container, would be taken for it.
"""

_UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def process_tags() -> dict[str, str]:
    """Return the tags of a run that this process executes itself; the daemon must not start it again."""
    parts = [socket.gethostname(), str(os.getpid()), *filter(None, [_start_of(os.getpid())])]
    return {PROCESS_TAG: ":".join(parts), "dagster/max_retries": "0"}


@contextmanager
def with_origin(instance: dg.DagsterInstance, location: str, module: str, job: str) -> Iterator[None]:
    """Give runs that the block creates the origin of a job in a code location, as runs that Dagster launches have.

    Dagster's overview timeline leaves out runs without one, and the lists of a code location do too.
    `execute_in_process` has no argument for it.
    """
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=module)
    place = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=location)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(place, SINGLETON_REPOSITORY_NAME), job)
    name = "create_run_for_job"
    setattr(instance, name, partial(getattr(instance, name), remote_job_origin=origin))
    try:
        yield
    finally:
        delattr(instance, name)


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Report as failed every run whose process on this machine is gone; returns their ids."""
    dead = find_dead_runs(instance)
    for run in dead:
        instance.report_run_failed(run, "The process that executed this run exited without reporting a result.")
    return [run.run_id for run in dead]


def find_dead_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Return the runs under way whose process on this machine is gone."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))
    return [record.dagster_run for record in records if _is_gone(record.dagster_run.tags.get(PROCESS_TAG))]


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


def _is_gone(tag: str | None) -> bool:
    """Return whether the process of a run is gone; False for a process of another host, or where that is not known."""
    host, number, started = [*(tag or "").split(":"), "", "", ""][:3]
    if host != socket.gethostname() or not number.isdigit():
        return False
    if not process_exists(int(number)):
        return True
    now = _start_of(int(number))
    return bool(started) and now is not None and started != now


def _start_of(process: int) -> str | None:
    """Return a mark of the boot and the tick at which a process started; None on other systems than Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return hashlib.sha256(f"{boot}{fields[19]}".encode()).hexdigest()[:8]
