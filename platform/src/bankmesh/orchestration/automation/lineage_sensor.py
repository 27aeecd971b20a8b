"""The lineage sensor: it ends the attempts of runs that died, and forwards the events in the outbox.

It also reports restored versions to Dagster and announces withdrawals, if their command was killed before it could.

It launches nothing and never fails. A backend that is slow or down delays the tick and no run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.alerts.withdrawal_announcements import announce_withdrawals
from bankmesh.lineage.openlineage.event_forwarder import forward
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.lineage.openlineage.event_spool import drain_spool, spool_folder
from bankmesh.orchestration.history.dead_attempts import reconcile
from bankmesh.orchestration.history.logged_versions import report_restored
from bankmesh.orchestration.runner.in_process_runs import end_dead_runs
from bankmesh.settings import current_settings, follower_seconds, lineage_database

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.products.domain_package import Domain
    from bankmesh.settings import Settings

_SECONDS = 20.0


def lineage_sensor(domain: Domain, near: Path) -> dg.SensorDefinition:
    """Return the sensor `<domain>_lineage`, one for each domain; the first to run forwards the events of all.

    Args:
        domain: the domain, with the contracts of products that dead runs may have published.
        near: folder from which the workspace is searched if the environment does not name it.
    """

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            settings = current_settings(near)
            said = [_follow(context.instance, domain, settings.home), *_announce(settings, domain)]
            return dg.SkipReason("; ".join(said))
        except Exception as error:  # noqa: BLE001 - a sensor that fails would stop; the next tick reads the same
            # The class alone: the text of a database error quotes what was written.
            reason = f"tick failed: {type(error).__name__}; nothing is lost, the next tick reads the same"
            context.log.error(reason)  # noqa: TRY400 - see above
            return dg.SkipReason(reason)

    return dg.SensorDefinition(
        name=f"{domain.name}_lineage",
        evaluation_fn=evaluate,
        minimum_interval_seconds=follower_seconds(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Forwards OpenLineage events to the receiver of OPENLINEAGE_URL or openlineage.yml, and emits the end "
            "of runs whose process died before it could."
        ),
    )


def _announce(settings: Settings, domain: Domain) -> list[str]:
    report = announce_withdrawals(settings, domain.contracts)
    return [*(f"announced to {notice.owner}: {notice.title}" for notice in report.notices), *report.failures]


def _follow(instance: dg.DagsterInstance, domain: Domain, home: Path) -> str:
    end_dead_runs(instance)
    restored = report_restored(instance, home, domain.contracts)
    with EventOutbox(lineage_database(home)) as outbox:
        taken = drain_spool(spool_folder(home), outbox)
        ended = reconcile(outbox, instance, home, domain.name, domain.contracts)
        sent = forward(outbox, _SECONDS)
    parts = [f"reported: {', '.join(restored)}"] if restored else []
    parts += [f"{taken} events taken in"] if taken else []
    parts += [f"ended: {', '.join(ended)}"] if ended else []
    return "; ".join([*parts, str(sent)])
