"""Refreshes of products whose inputs have published: one automation sensor for each domain.

Products carry the conditions (`orchestration.assets.automation_condition`). The sensor evaluates them in the code
server, if the switch is on, and makes one run of what Dagster would start as one run for each partition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster_shared.record import copy

from bankmesh.orchestration.assets.automation_condition import code_versions
from bankmesh.orchestration.assets.run_tags import RANGE_END, RANGE_START, STARTED_BY, confirm_tags
from bankmesh.orchestration.automation.automation_switch import read_switch
from bankmesh.orchestration.runner.in_process_runs import end_dead_runs
from bankmesh.products.versions.held_products import describe_holds, find_held
from bankmesh.settings import SENSOR_SECONDS, current_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


class AutomationSensor(dg.AutomationConditionSensorDefinition):
    """Dagster's automation sensor for the products of a domain, which the switch of the mesh can turn off."""

    def __init__(self, domain: str, near: Path, metadata: Mapping[str, Any] | None = None) -> None:
        """`near` is a folder from which the workspace is searched if the environment does not name it."""
        self.domain, self.near = domain, near
        super().__init__(
            name=f"{domain}_refresh",
            target=dg.AssetSelection.all(include_sources=False),
            description="Refreshes a product when an input has published, once for each wave of changes.",
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=SENSOR_SECONDS.read(),
            run_tags={STARTED_BY: "automation", **confirm_tags()},
            # A backfill takes the backfill daemon half a minute to start; `single_runs` does what it would do.
            emit_backfills=False,
            use_user_code_server=True,
            metadata=metadata,
        )

    def evaluate_tick(self, context: dg.SensorEvaluationContext) -> SensorExecutionData:
        """Evaluate, or skip the tick if automation is off.

        The cursor does not move while automation is off, so what was published meanwhile is seen afterwards.
        """
        home = current_settings(self.near).home
        switch = read_switch(home)
        if not switch.on:
            return SensorExecutionData(skip_message=f"{switch}.", cursor=context.cursor)
        end_dead_runs(context.instance)
        result = super().evaluate_tick(context)
        requests = single_runs(result.run_requests or ())
        return copy(
            result, run_requests=requests, skip_message=result.skip_message if requests else _held(context, home)
        )

    def with_attributes(
        self,
        *,
        jobs: Sequence[Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> AutomationSensor:
        """Return a copy that is a sensor of this class, because Dagster copies sensors when it resolves definitions."""
        del jobs  # An automation sensor has none.
        return AutomationSensor(self.domain, self.near, self.metadata if metadata is None else metadata)


def _held(context: dg.SensorEvaluationContext, home: Path) -> str | None:
    """Return the tick's message about held products, for a tick that requests nothing."""
    versions = code_versions(context.repository_def.asset_graph) if context.repository_def else {}
    return "; ".join(describe_holds(find_held(home, versions)).values()) or None


def single_runs(requests: Iterable[dg.RunRequest]) -> list[dg.RunRequest]:
    """Return the requests, with one run over a range in place of one run for each partition of the same assets.

    Automation requests all partitions or none, so the partitions of a group are one range.
    """
    groups: dict[Any, list[dg.RunRequest]] = {}
    for request in requests:
        assets = tuple(sorted(request.asset_selection or ()))
        groups.setdefault(assets if request.partition_key else object(), []).append(request)
    return [group[0] if not group[0].partition_key else _over_range(group) for group in groups.values()]


def _over_range(group: list[dg.RunRequest]) -> dg.RunRequest:
    keys = sorted(request.partition_key for request in group if request.partition_key)
    tags = {name: text for name, text in group[0].tags.items() if name != "dagster/partition"}
    return dg.RunRequest(
        asset_selection=group[0].asset_selection, tags={**tags, RANGE_START: keys[0], RANGE_END: keys[-1]}
    )
