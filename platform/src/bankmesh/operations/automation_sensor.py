"""Refreshes of products whose inputs have published: one automation sensor for each domain.

Products carry the conditions (`products.assets.automation_condition`). The sensor evaluates them in the code server,
if the switch is on, and makes one run of what Dagster would start as one run for each partition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster_shared.record import copy

from bankmesh.operations.automation_switch import read_switch
from bankmesh.products.runner.in_process_runs import end_dead_runs
from bankmesh.products.versions.confirmed_versions import confirm_tags
from bankmesh.products.versions.held_products import held_products
from bankmesh.products.versions.restored_versions import describe_hold
from bankmesh.settings import SENSOR_SECONDS, current_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
STARTED_BY = "bankmesh/started_by"


class AutomationSensor(dg.AutomationConditionSensorDefinition):
    """Dagster's automation sensor, which the switch of the mesh can turn off."""

    near: Path

    def evaluate_tick(self, context: dg.SensorEvaluationContext) -> SensorExecutionData:
        """Evaluate, or skip the tick if automation is off.

        The cursor does not move while automation is off, so what was published meanwhile is seen afterwards.
        """
        switch = read_switch(current_settings(self.near).home)
        if not switch.on:
            return SensorExecutionData(skip_message=f"{switch}.", cursor=context.cursor)
        end_dead_runs(context.instance)
        result = super().evaluate_tick(context)
        requests = single_runs(result.run_requests or ())
        return copy(result, run_requests=requests, skip_message=result.skip_message if requests else self._held())

    def _held(self) -> str | None:
        """Return the tick's message about held products, for a tick that requests nothing."""
        held = held_products(self.near)
        return "; ".join(f"{port} is {describe_hold(port, decision)}" for port, decision in held.items()) or None

    def with_attributes(self, **changes: Any) -> AutomationSensor:  # noqa: ANN401 - Dagster's own keywords
        """Return a copy that is a sensor of this class, because Dagster copies sensors when it resolves definitions."""
        copied = super().with_attributes(**changes)
        return _behind_the_switch(copied, self.near)


def automation_sensor(domain: str, near: Path) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that refreshes the products of a domain; it runs unless somebody stops it."""
    sensor = dg.AutomationConditionSensorDefinition(
        name=f"{domain}_refresh",
        target=dg.AssetSelection.all(include_sources=False),
        description="Refreshes a product when an input has published, once for each wave of changes.",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=SENSOR_SECONDS.read(),
        run_tags={STARTED_BY: "automation", **confirm_tags()},
        # A backfill takes the backfill daemon half a minute to start; `single_runs` does what it would do.
        emit_backfills=False,
        use_user_code_server=True,
    )
    return _behind_the_switch(sensor, near)


def _behind_the_switch(sensor: dg.AutomationConditionSensorDefinition, near: Path) -> AutomationSensor:
    sensor.__class__ = AutomationSensor
    switched = cast("AutomationSensor", sensor)
    switched.near = near
    return switched


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
