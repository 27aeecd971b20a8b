"""The alert sensor: one for each domain, for its assets and the runs of its code location.

It launches nothing and never fails: a fault of a receiver, the outbox or the routing file is shown by the tick and by
`mesh alerts`, and the work is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.alerts.alert_tick import run_tick
from bankmesh.errors import BankmeshError
from bankmesh.orchestration.history.domain_events import LoggedDomain
from bankmesh.settings import SENSOR_SECONDS, alert_settings, current_settings

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.alerts.alert_tick import OwnDomain, TickReport

_LOGGED = 5


def alert_sensors(domain: OwnDomain, near: Path) -> list[dg.SensorDefinition]:
    """Return the sensor `<domain>_alerts`, which runs as soon as the location is loaded with a daemon beside it.

    Args:
        domain: its name and its contracts.
        near: folder from which the workspace is searched if the environment does not name it.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return _evaluate(context, domain, near)

    return [
        dg.SensorDefinition(
            name=f"{domain.name}_alerts",
            evaluation_fn=evaluate,
            minimum_interval_seconds=SENSOR_SECONDS.read(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=(
                "Notifies the owners' support channels of checks that do not hold, runs that failed and promises of "
                "freshness that are broken: one alert for each product or shared cause, and its recovery."
            ),
        )
    ]


def _evaluate(context: dg.SensorEvaluationContext, domain: OwnDomain, near: Path) -> dg.SkipReason:
    try:
        origin = context.code_location_origin
        location = origin.location_name if origin is not None else None
        settings = current_settings(near)
        report = run_tick(
            LoggedDomain(context.instance, domain.name, location or domain.name),
            domain,
            alert_settings(settings),
            home=settings.home,
            parents=_parents(context),
        )
    except BankmeshError as error:
        context.log.error(str(error))  # noqa: TRY400 - written for the user; a stack trace adds nothing
        return dg.SkipReason(f"tick failed: {error}")
    except Exception as error:  # noqa: BLE001 - a sensor that fails would stop alerting; the next tick reads the same
        # The class alone: the text of a database error quotes what was written.
        reason = f"tick failed: {type(error).__name__}; nothing is lost, the next tick reads the same"
        context.log.error(reason)  # noqa: TRY400 - see above
        return dg.SkipReason(reason)
    _log(context, report)
    return dg.SkipReason(str(report))


def _parents(context: dg.SensorEvaluationContext) -> dict[str, frozenset[str]]:
    """Return the location's asset graph: the direct inputs of each of its assets, other domains' assets included."""
    if context.repository_def is None:
        return {}
    graph = context.repository_def.asset_graph
    return {
        key.to_user_string(): frozenset(parent.to_user_string() for parent in graph.get(key).parent_keys)
        for key in graph.materializable_asset_keys
    }


def _log(context: dg.SensorEvaluationContext, report: TickReport) -> None:
    for title in report.nobody[:_LOGGED]:
        context.log.warning(f"{title} - no route leads to its owner; `mesh alerts` shows it")
    if len(report.nobody) > _LOGGED:
        context.log.warning(f"{len(report.nobody) - _LOGGED} more without a route to their owner")
    for fault in report.faults:
        context.log.error(fault)
    for reason in report.sent.failures:
        context.log.warning(f"An alert was not delivered and will be sent again: {reason}")
