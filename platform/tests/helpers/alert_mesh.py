"""Small assets, checks and jobs of a domain `shop`, run for real, and looks at what they leave in the event log."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, PARENT_RUN_ID_TAG, RETRY_NUMBER_TAG, ROOT_RUN_ID_TAG

from bankmesh.alerts.alert_tick import TickReport, run_tick
from bankmesh.alerts.delivery.route_delivery import DeliveryPolicy
from bankmesh.orchestration.assets.event_metadata import EVALUATED
from bankmesh.orchestration.history import domain_events

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.settings import AlertSettings

KEY = dg.AssetKey(["shop", "sale"])
FAILING_VALUE = "Mrs Secret lives here"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Broken(Exception):
    """What a transform raises; its text quotes a value."""


@dataclass(frozen=True)
class Shop:
    """Just a name and contracts, which is what alerts ask of a domain."""

    name: str = "shop"
    contracts: tuple[Contract, ...] = ()


@dataclass
class Plan:
    """How the next run goes."""

    outcome: str = "passed"
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    raises: bool = False
    refuses: bool = False
    retries: bool = False
    evaluated: tuple[tuple[str, str], ...] = ()


def _shift(plan: Plan, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """An asset with partitions, and a check that says of which of them it is."""
    key = dg.AssetKey(["shop", "shift"])

    @dg.multi_asset(
        specs=[dg.AssetSpec(key)],
        check_specs=[dg.AssetCheckSpec("staffed", asset=key)],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        name="shop__shift",
    )
    def shift():
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="staffed",
            passed=plan.outcome == "passed",
            severity=plan.severity,
            metadata={"outcome": plan.outcome} | ({EVALUATED: list(plan.evaluated)} if plan.evaluated else {}),
        )
        yield dg.MaterializeResult(asset_key=key)

    return shift


@dataclass
class ShopMesh:
    """Runs in this process on a real instance, and looks at them."""

    instance: dg.DagsterInstance
    places: AlertSettings
    plan: Plan = field(default_factory=Plan)
    domain: Shop = field(default_factory=Shop)

    def __post_init__(self) -> None:
        plan = self.plan
        days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-06")

        @dg.multi_asset(
            specs=[dg.AssetSpec(KEY, skippable=True)],
            check_specs=[dg.AssetCheckSpec("small", asset=KEY)],
            name="shop__sale",
        )
        def sale(context):
            if plan.retries and context.retry_number == 0:
                raise dg.RetryRequested(max_retries=1)
            if plan.raises:
                raise Broken(FAILING_VALUE)
            yield dg.AssetCheckResult(
                asset_key=KEY,
                check_name="small",
                passed=plan.outcome == "passed",
                severity=plan.severity,
                description=f"found {FAILING_VALUE}",
                metadata={
                    "outcome": plan.outcome,
                    "observed": FAILING_VALUE,
                    "failing rows": 3,
                    "rows looked at": 40,
                },
            )
            if plan.refuses:
                raise dg.Failure(FAILING_VALUE, allow_retries=False)
            yield dg.MaterializeResult(asset_key=KEY)

        @dg.asset(key=["shop", "day"], partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
        def day() -> None:
            if plan.raises:
                raise Broken(FAILING_VALUE)

        @dg.op
        def sweep() -> None:
            if plan.raises:
                raise Broken(FAILING_VALUE)

        @dg.job
        def nightly() -> None:
            sweep()

        self.definitions = dg.Definitions(
            assets=[sale, day, _shift(plan, days)], jobs=[nightly], executor=dg.in_process_executor
        )

    def run(self, name: str = "sale", tags: dict[str, str] | None = None, **plan) -> dg.ExecuteInProcessResult:
        """Materialise an asset as planned."""
        for attribute, value in (vars(Plan()) | plan).items():
            setattr(self.plan, attribute, value)
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(["shop", name])],
            run_id=str(uuid.uuid4()),
            tags=tags or {},
            raise_on_error=False,
            run_config=_QUIET,
        )

    def retry(self, first: dg.ExecuteInProcessResult, **plan) -> None:
        """Run it again as Dagster's daemon does, knowing which run it retries."""
        for attribute, value in (vars(Plan()) | plan).items():
            setattr(self.plan, attribute, value)
        failed = self.instance.get_run_by_id(first.run_id)
        job = self.definitions.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection=failed.asset_selection
        )
        retried = self.instance.create_run_for_job(
            job,
            run_config=_QUIET,
            tags={
                **RETRIED,
                RETRY_NUMBER_TAG: "1",
                ROOT_RUN_ID_TAG: failed.run_id,
                PARENT_RUN_ID_TAG: failed.run_id,
            },
            root_run_id=failed.run_id,
            parent_run_id=failed.run_id,
            asset_selection=failed.asset_selection,
        )
        self.instance.add_run_tags(failed.run_id, {AUTO_RETRY_RUN_ID_TAG: retried.run_id})
        list(execute_run_iterator(InMemoryJob(job), retried, self.instance))

    def change_freshness(self, state: FreshnessState, key: dg.AssetKey = KEY) -> None:
        """What Dagster's freshness daemon reports."""
        self.instance._report_runless_asset_event(
            FreshnessStateChange(
                key=key, new_state=state, previous_state=FreshnessState.UNKNOWN, state_change_timestamp=time.time()
            )
        )

    @property
    def history(self) -> domain_events.LoggedDomain:
        return domain_events.LoggedDomain(self.instance, self.domain.name, self.domain.name)

    def run_tick(self) -> TickReport:
        """One tick; entries count as settled at once."""
        report = run_tick(self.history, self.domain, self.places, pace=SOON)
        assert report.faults == []
        return report

    def told(self) -> list[str]:
        """The titles of what one tick told."""
        return self.run_tick().summaries


SOON = DeliveryPolicy()
RETRIES = "run_retries: {enabled: true, max_retries: 1, retry_on_asset_or_op_failure: false}\n"
RETRIED = {"dagster/retry_on_asset_or_op_failure": "true"}
"""Tags of a run that is retried whatever it fails of."""


def instance_in(folder: Path, more: str = "") -> dg.DagsterInstance:
    """A real instance with its own storage."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{more}")
    return dg.DagsterInstance.from_config(str(folder))


def settle_at_once(monkeypatch) -> None:
    """Tests write one entry after the other, so none is still to come before another."""
    monkeypatch.setattr(domain_events, "SETTLED_AFTER", -1.0)
