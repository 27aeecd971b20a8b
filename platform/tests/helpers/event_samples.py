"""Runs as Dagster records them, without executing anything, and what Dagster then shows.

`python event_samples.py HOME POINT` expires the events of a home, prints the points that it reaches, and kills itself at
one of them. `python event_samples.py HOME read RUN...` reads until its standard input ends.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import AssetMaterializationPlannedData, StepMaterializationData
from dagster._core.instance import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from bankmesh.fault_points import watch
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.retention.event_expiry import expire_events
from bankmesh.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = dg.DailyPartitionsDefinition("2026-01-01", "2026-01-05")
KEYS = tuple(DAYS.get_partition_keys())
ASSETS = {name: dg.AssetKey(["shop", name]) for name in ("sale", "trade")}
CHECKS = ("counted", "summed")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """A run of one asset: `partitions` of `trade`, none of `sale`; `made` of those are materialised."""

    asset: str
    days_ago: float
    partitions: tuple[str | None, ...] = (None,)
    made: int = 99
    checks: tuple[bool | None, ...] = (True, True)
    ends: str | None = "RUN_SUCCESS"


def record(instance: dg.DagsterInstance, sample: Sample, run_id: str | None = None) -> str:
    """Record a run; its id."""
    run_id = run_id or str(uuid.uuid4())
    at = (NOW - timedelta(days=sample.days_ago)).timestamp()
    key = ASSETS[sample.asset]
    instance.run_storage.add_run(
        dg.DagsterRun(job_name="job", run_id=run_id, status=dg.DagsterRunStatus.STARTED, asset_selection={key})
    )
    _report(instance, run_id, at, "PIPELINE_START", None)
    for partition in sample.partitions:
        planned = AssetMaterializationPlannedData(key, partition=partition, partitions_subset=None)
        _report(instance, run_id, at, "ASSET_MATERIALIZATION_PLANNED", planned)
    for name in CHECKS:
        data = AssetCheckEvaluationPlanned(asset_key=key, check_name=name)
        _report(instance, run_id, at, "ASSET_CHECK_EVALUATION_PLANNED", data)
    for name, passed in zip(CHECKS, sample.checks, strict=True):
        if passed is not None:
            data = dg.AssetCheckEvaluation(asset_key=key, check_name=name, passed=passed, metadata={"run": run_id})
            _report(instance, run_id, at, "ASSET_CHECK_EVALUATION", data)
    for partition in sample.partitions[: sample.made]:
        _report(instance, run_id, at, "ASSET_MATERIALIZATION", _made(key, partition, run_id))
    if sample.ends:
        _report(instance, run_id, at, getattr(dg.DagsterEventType, sample.ends).value, None)
    output = Path(instance.storage_directory()) / run_id / "compute_logs"
    output.mkdir(parents=True)
    (output / "step.err").write_text("what the step said\n")
    return run_id


def report_without_run(instance: dg.DagsterInstance, partition: str | None, days_ago: float) -> None:
    """The event of a restored version, which belongs to no run."""
    at = (NOW - timedelta(days=days_ago)).timestamp()
    made = _made(ASSETS["trade" if partition else "sale"], partition, "none")
    _report(instance, RUNLESS_RUN_ID, at, "ASSET_MATERIALIZATION", made, RUNLESS_JOB_NAME)


def shown(instance: dg.DagsterInstance) -> dict[str, Any]:
    """What Dagster shows of assets, partitions and checks, each with the run behind it."""
    instance.wipe_asset_cached_status(list(ASSETS.values()))
    storage = instance.event_log_storage
    keys = [dg.AssetCheckKey(key, name) for key in ASSETS.values() for name in CHECKS]
    newest = storage.get_latest_asset_check_execution_by_key(keys)
    done = (
        {status for status in type(next(iter(newest.values())).status) if status.value != "PLANNED"} if newest else None
    )
    evaluated = {key: storage.get_asset_check_execution_history(key, limit=1, status=done) for key in keys if done}
    status = get_and_update_asset_status_cache_value(instance, ASSETS["trade"], DAYS)
    return {
        "newest": {key: _event(instance.get_latest_materialization_event(key)) for key in ASSETS.values()},
        "materialised": instance.get_materialized_partitions(ASSETS["trade"]),
        "entries": instance.get_latest_storage_id_by_partition(
            ASSETS["trade"], dg.DagsterEventType.ASSET_MATERIALIZATION
        ),
        "failed": sorted(status.deserialize_failed_partition_subsets(DAYS).get_partition_keys()) if status else [],
        "in progress": sorted(status.deserialize_in_progress_partition_subsets(DAYS).get_partition_keys())
        if status
        else [],
        "checks": {key: (record.run_id, record.status) for key, record in newest.items()},
        "evaluated": {
            key: [(record.run_id, record.status, record.evaluation.metadata["run"].value) for record in records]
            for key, records in evaluated.items()
        },
        "states": {
            key: {kind: subset.size for kind, subset in state.subsets.items()}
            for key, state in storage.get_asset_check_state([(key, None) for key in keys]).items()
        },
        "position": storage.get_maximum_record_id(),
    }


def _made(key: dg.AssetKey, partition: str | None, run_id: str) -> StepMaterializationData:
    return StepMaterializationData(dg.AssetMaterialization(key, partition=partition, metadata={"run": run_id}))


def _report(instance: dg.DagsterInstance, run_id: str, at: float, kind: str, data: Any, job: str = "job") -> None:
    event = dg.DagsterEvent(event_type_value=kind, job_name=job, event_specific_data=data)
    instance.report_dagster_event(event, run_id, timestamp=at)


def _event(entry: dg.EventLogEntry | None) -> tuple[str, str | None] | None:
    return (entry.run_id, entry.asset_materialization.partition) if entry and entry.asset_materialization else None


def expire_until(home: Path, point: str) -> None:
    """Expire, and die at the point that was named."""

    def note(name: str) -> None:
        print(name, flush=True)  # noqa: T201 - the test reads it
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(note)
    with open_instance(Settings(root=home.parent, home=home, exports=home)) as instance:
        expire_events(instance, NOW - timedelta(days=7), ())


def read_until_told(home: Path, runs: Sequence[str]) -> None:
    """Keep the files of runs open, as the UI does, and read them again and again until standard input ends."""
    with open_instance(Settings(root=home.parent, home=home, exports=home)) as instance:
        for run_id in runs:
            instance.all_logs(run_id)
        print("open", flush=True)  # noqa: T201 - the test waits for it
        while not select.select([sys.stdin], [], [], 0.01)[0]:
            for run_id in runs:
                instance.all_logs(run_id)
            shown(instance)


if __name__ == "__main__":
    if sys.argv[2] == "read":
        read_until_told(Path(sys.argv[1]), sys.argv[3:])
    else:
        expire_until(Path(sys.argv[1]), sys.argv[2])
