"""The daily job that expires what may no longer be kept: one for each domain, for its ports and for what all share.

Landings, lineage events and the event log belong to all domains: the first job to run expires them, and the others find
nothing to do. So they expire as long as one code location is up.
"""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from bankmesh.orchestration.assets.run_tags import STARTED_BY
from bankmesh.orchestration.automation.automation_switch import read_switch
from bankmesh.products.domain_package import Domain
from bankmesh.products.publication_schedule import PublicationSchedule
from bankmesh.settings import current_settings

CRON = "17 3 * * *"
"""In UTC: after the end of the day's deliveries, and before the first schedules of most contracts."""


def retention_schedule(domain: Domain, near: Path) -> dg.ScheduleDefinition:
    """Return the schedule `<domain>_retention`, which runs unless somebody stops it, and its job of the same name.

    Args:
        domain: the domain, whose contracts define how long versions are kept.
        near: folder from which the workspace is searched if the environment does not name it.
    """
    name = f"{domain.name}_retention"

    @dg.op(name=f"{domain.name}_expiry", description="Does what `mesh expire` does, and logs what it has removed.")
    def expire(context: dg.OpExecutionContext) -> None:
        from bankmesh.orchestration.retention.mesh_expiry import expire_part, expiry_parts

        parts = expiry_parts(current_settings(near), domain.contracts, context.instance, datetime.now(UTC))
        failures = []
        for part, remove in parts:
            facts, failure = expire_part(remove)
            if failure is None:
                context.log.info(f"{part}: {facts}")
            else:
                failures.append(f"{part}: {failure}")
        if failures:
            raise dg.Failure("Everything else has expired. " + "\n".join(failures), allow_retries=False)

    @dg.job(name=name, description=_DESCRIPTION, executor_def=dg.in_process_executor)
    def retention() -> None:
        expire()

    @dg.schedule(
        name=name,
        cron_schedule=CRON,
        execution_timezone="UTC",
        job=retention,
        description=f"{PublicationSchedule(CRON, 'UTC').in_words}: {_DESCRIPTION[0].lower()}{_DESCRIPTION[1:]}",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def every_day(_context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        switch = read_switch(current_settings(near).home)
        return dg.RunRequest(tags={STARTED_BY: "schedule"}) if switch.on else dg.SkipReason(f"{switch}.")

    return every_day


_DESCRIPTION = "Removes what may no longer be kept: candidates, versions, landings, rejected rows, events and lineage."
