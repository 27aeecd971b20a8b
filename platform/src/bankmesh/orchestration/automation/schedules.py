"""Schedules from contracts: `frequency` with a cron expression lands and publishes by the clock.

One schedule for each domain, cron expression and time zone. Its run lands the legacy objects that the products read
(which observes them) and publishes those products, unpartitioned ones; partitioned ones follow by automation, in a run
of their own over all partitions, because a run plans each of its checks once for each partition of its range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.names import readable_asset
from bankmesh.orchestration.assets.asset_specs import PARTITIONED_TAG, SCHEDULE_TAG
from bankmesh.orchestration.assets.automation_condition import code_versions
from bankmesh.orchestration.assets.run_tags import STARTED_BY, confirm_tags
from bankmesh.orchestration.automation.automation_switch import read_switch
from bankmesh.products.publication_schedule import schedule_of
from bankmesh.products.versions.held_products import describe_holds, find_held
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.domain_package import Domain
    from bankmesh.products.publication_schedule import PublicationSchedule


def group_by_schedule(contracts: Iterable[Contract]) -> dict[PublicationSchedule, list[Contract]]:
    """Return the contracts that have a schedule and are active or deprecated, by their schedule."""
    groups: dict[PublicationSchedule, list[Contract]] = {}
    for contract in contracts:
        timing = schedule_of(contract)
        if timing is not None and contract.status.in_force:
            groups.setdefault(timing, []).append(contract)
    return dict(sorted(groups.items()))


def schedules(domain: Domain, near: Path) -> list[dg.ScheduleDefinition]:
    """Return the schedules of a domain; they run unless somebody stops them."""
    return [
        _schedule(domain, timing, contracts, near) for timing, contracts in group_by_schedule(domain.contracts).items()
    ]


def _schedule(
    domain: Domain, timing: PublicationSchedule, contracts: list[Contract], near: Path
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{domain.name}_at_{timing.slug}",
        cron_schedule=timing.cron,
        execution_timezone=timing.timezone,
        target=scheduled_assets(timing),
        description=f"{timing.in_words}: lands and publishes {', '.join(c.port for c in contracts)}, "
        "as their contracts promise.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        home = current_settings(near).home
        switch = read_switch(home)
        if not switch.on:
            return dg.SkipReason(f"{switch}.")
        tags = {STARTED_BY: "schedule", **confirm_tags()}
        graph = context.repository_def.asset_graph if context.repository_def else None
        held = find_held(home, code_versions(graph)) if graph else {}
        if graph is None or not held:
            return dg.RunRequest(tags=tags)
        chosen = {key.to_user_string(): key for key in scheduled_assets(timing).resolve(graph)}
        holds = describe_holds(held)
        for asset in sorted(chosen.keys() & held.keys()):
            context.log.info(f"Left out: {holds[asset]}")
        rest = [key for asset, key in chosen.items() if asset not in held]
        if not rest:  # A request for no assets would run all of them.
            names = ", ".join(sorted(map(readable_asset, chosen)))
            return dg.SkipReason(f"every product of this schedule is held: {names}")
        return dg.RunRequest(asset_selection=sorted(rest), tags=tags)

    return evaluate


def scheduled_assets(timing: PublicationSchedule) -> dg.AssetSelection:
    """Return what a schedule's run materialises: the landings that the products read, and the unpartitioned products.

    A selection by tags is resolved in the graph at run time, so a contract that has no product yet does no harm.
    """
    products = dg.AssetSelection.tag(SCHEDULE_TAG, timing.slug)
    landings = products.upstream(depth=1) & dg.AssetSelection.tag("stage", "landing")
    by_month, by_day = (dg.AssetSelection.tag(PARTITIONED_TAG, width) for width in ("month", "day"))
    return (products - by_month - by_day) | landings
