"""The end of a run for one domain: what it did not materialise, and whether Dagster will run it again.

Dagster records that a failed run will be retried (`dagster/will_retry`) shortly after it has logged the failure; the
end of a run is not evaluated until the run's own record has its final status.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagster import AssetCheckSeverity, DagsterEventType, DagsterRunStatus
from dagster._core.events import RunFailureReason
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_START_TAG,
    AUTO_RETRY_RUN_ID_TAG,
    PARTITION_NAME_TAG,
    RUN_FAILURE_REASON_TAG,
    WILL_RETRY_TAG,
)

from bankmesh.alerts.event_facts import (
    NOT_EVALUATED,
    PROCESS,
    Cause,
    Fact,
    Failure,
    RetryAbandoned,
    RunEnded,
    RunFailed,
    unit,
)
from bankmesh.orchestration.history.failure_causes import failure_of, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dagster as dg

LAUNCH_WITHIN = timedelta(minutes=15)
"""A retry that was announced and is not there after this time will not come."""

_UNSETTLED_AT_MOST = 60.0
_PARTITION_TAGS = {PARTITION_NAME_TAG, ASSET_PARTITION_RANGE_START_TAG}
_IN_RUN = {
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION,
}


class RunLookup:
    """Runs in the view of one domain; each is fetched once."""

    def __init__(self, instance: dg.DagsterInstance, domain: str, location: str) -> None:
        self._instance, self._domain, self._location = instance, domain, location
        self._known: dict[str, dg.DagsterRun | None] = {}
        self._planned: dict[str, set[tuple[str, str | None]]] = {}

    def settled(self, entry: dg.EventLogEntry, now: datetime) -> bool:
        """Return whether the run's record has caught up with its log, or never will."""
        event = entry.dagster_event
        if event is None or event.event_type is not DagsterEventType.RUN_FAILURE:
            return True
        run = self._run(entry.run_id)
        if run is None or now.timestamp() - entry.timestamp > _UNSETTLED_AT_MOST:
            return True
        if run.status not in FINISHED_STATUSES:
            return False
        return not self._instance.run_retries_enabled or WILL_RETRY_TAG in run.tags

    def retried(self, run_id: str) -> bool:
        """Return whether the run has failed and Dagster will run it again."""
        run = self._run(run_id) if run_id else None
        if run is None or run.status is not DagsterRunStatus.FAILURE or not self._instance.run_retries_enabled:
            return False
        noted = run.tags.get(WILL_RETRY_TAG)
        if noted is not None:
            return noted.lower() == "true"
        reason = run.tags.get(RUN_FAILURE_REASON_TAG)
        return bool(
            auto_reexecution_should_retry_run(self._instance, run, RunFailureReason(reason) if reason else None)
        )

    def partitions(self, run_id: str, asset: str) -> frozenset[str]:
        """Return the partitions of an asset that a run was to materialise, as units; none if it has no partitions."""
        run = self._run(run_id) if run_id else None
        if run is None or not _PARTITION_TAGS & run.tags.keys():
            return frozenset()
        if run_id not in self._planned:
            entries = self._instance.all_logs(run_id, DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
            events = [entry.dagster_event for entry in entries if entry.dagster_event]
            self._planned[run_id] = {made for event in events for made in _planned(event.event_specific_data)}
        return frozenset(unit(*made) for made in self._planned[run_id] if made[0] == asset and made[1] is not None)

    def ended(self, number: int, at: datetime, entry: dg.EventLogEntry) -> Iterator[Fact]:
        """Yield the facts of the end of a run; none if the run has been deleted since."""
        run = self._run(entry.run_id)
        if run is None:
            return
        job = _job_unit(run) if self._ours(run) else None
        parent = run.parent_run_id
        if entry.dagster_event is None or entry.dagster_event.event_type is not DagsterEventType.RUN_FAILURE:
            succeeded = run.status is DagsterRunStatus.SUCCESS
            yield RunEnded(number, at, run.run_id, parent, made=frozenset({job}) if job and succeeded else frozenset())
            return
        will_retry = self.retried(run.run_id)
        log = _RunLog(self._instance, run.run_id)
        refused = frozenset(unit(*made) for made in log.left if made[0] in log.refused)
        left = frozenset(unit(*made) for made in log.left if made[0] not in log.refused and self._owns(made[0]))
        failures = log.failures
        if not log.planned and job:
            left, failures = frozenset({job}), {job: Failure(log.errors)}
        if left:
            yield RunFailed(number, at, run.run_id, left, failures, will_retry)
        yield RunEnded(number, at, run.run_id, parent, will_retry, refused=refused)

    def abandoned(self, awaited: Iterable[str], now: datetime, newest: int) -> Iterator[RetryAbandoned]:
        """Yield runs whose retry was announced and will not come."""
        for run_id in sorted(set(awaited)):
            record = self._instance.get_run_record_by_id(run_id)
            ended = record.end_time if record is not None and record.end_time else 0.0
            late = now - datetime.fromtimestamp(ended, UTC) > LAUNCH_WITHIN
            if record is None or not self.retried(run_id) or (late and not self._launched(record.dagster_run)):
                yield RetryAbandoned(newest, now, run_id)

    def _run(self, run_id: str) -> dg.DagsterRun | None:
        run = self._known.get(run_id)
        # A run that is under way is fetched again: it may have ended since.
        if run is None or run.status not in FINISHED_STATUSES:
            run = self._known[run_id] = self._instance.get_run_by_id(run_id)
        return run

    def _ours(self, run: dg.DagsterRun) -> bool:
        origin = run.remote_job_origin
        return origin is not None and origin.location_name == self._location

    def _owns(self, asset: str) -> bool:
        return asset.partition("/")[0] == self._domain

    def _launched(self, run: dg.DagsterRun) -> bool:
        retry = run.tags.get(AUTO_RETRY_RUN_ID_TAG)
        return retry is not None and self._instance.get_run_by_id(retry) is not None


class _RunLog:
    """The log of one failed run: what it was to materialise, what it did not, and why."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str) -> None:
        events = [e.dagster_event for e in instance.all_logs(run_id, _IN_RUN) if e.dagster_event]
        failed = {e.step_key: e for e in events if e.event_type is DagsterEventType.STEP_FAILURE}
        self.planned = [
            (e.step_key, (asset, partition))
            for e in events
            if e.event_type is DagsterEventType.ASSET_MATERIALIZATION_PLANNED
            for asset, partition in _planned(e.event_specific_data)
        ]
        made = {
            (m.asset_key.to_user_string(), m.partition)
            for e in events
            if e.event_type is DagsterEventType.ASSET_MATERIALIZATION
            for m in [e.step_materialization_data.materialization]
        }
        # Without a failed step, the process itself ended: everything that it had not materialised by then is left.
        self.left = {item for step, item in self.planned if (step in failed if failed else item not in made)}
        self.refused = {_refused_asset(e) for e in events if e.event_type is DagsterEventType.ASSET_CHECK_EVALUATION}
        self.errors = tuple(sorted({error for e in failed.values() for error in failure_of(e, "").errors}))
        ended = Failure(cause=Cause(PROCESS, run_id, "a run ended without reporting a result"))
        self.failures = {
            asset: failure_of(failed[step], asset) if step in failed else ended
            for step, (asset, _) in self.planned
            if step in failed or not failed
        }


def _job_unit(run: dg.DagsterRun) -> str:
    """Return the unit of a run that plans no asset; observations share one job, so what they observe is named too."""
    observed = sorted(key.to_user_string() for key in run.asset_selection or ())
    return f"job:{run.job_name}" if not observed else f"job:{run.job_name} of {', '.join(observed)}"


def _planned(data: Any) -> Iterator[tuple[str, str | None]]:  # noqa: ANN401 - Dagster's event data is not exported
    asset = data.asset_key.to_user_string()
    if data.partitions_subset is not None:
        for partition in data.partitions_subset.get_partition_keys():
            yield asset, partition
    else:
        yield asset, data.partition


def _refused_asset(event: dg.DagsterEvent) -> str | None:
    """Return the asset whose check keeps it from being published, if this is such a check."""
    data: Any = event.event_specific_data
    refuses = not data.passed and data.severity is AssetCheckSeverity.ERROR and outcome_of(data) != NOT_EVALUATED
    return data.asset_key.to_user_string() if refuses else None
