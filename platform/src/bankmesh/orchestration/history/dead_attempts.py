"""Reconciliation of attempts whose process died before it reported how they ended: a START event without an end.

The Delta log records whether such an attempt published, Dagster's event log how its step ended. Every process that
finds it derives the same event, and the event is kept once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterEventType

from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd
from bankmesh.lineage.openlineage.run_events import ABORT, COMPLETE, FAIL, ending_event
from bankmesh.names import step_of_asset
from bankmesh.ports import port_at, published_by
from bankmesh.products.lineage_events.product_lineage import published

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.openlineage.event_outbox import EventOutbox, OutboxEvent

UNKNOWN_RUN = "Dagster has no record of the run any more"
NO_RESULT = "the process that executed the run exited without reporting a result"


def reconcile(
    outbox: EventOutbox, instance: dg.DagsterInstance, home: Path, domain: str, contracts: Iterable[Contract]
) -> list[str]:
    """Emit the end of every attempt at an asset of the domain whose run is over; returns `asset: KIND` for each."""
    by_asset = {contract.port_name.asset: contract for contract in contracts}
    ended = []
    for start in outbox.unfinished():
        if start.asset.partition("/")[0] != domain:
            continue
        found = _ending(start, instance, home, by_asset)
        if found is None:
            continue
        kind, ending = found
        event = ending_event(start.event, kind, ending, datetime.now(UTC))
        if outbox.keep(event, start.dagster_run, start.asset):
            ended.append(f"{start.asset}: {kind}")
    return ended


def _ending(
    start: OutboxEvent, instance: dg.DagsterInstance, home: Path, contracts: Mapping[str, Contract]
) -> tuple[str, AttemptEnd] | None:
    """Return how the attempt ended; None while its run goes on."""
    run = instance.get_run_by_id(start.dagster_run)
    if run is not None and not run.is_finished:
        return None
    contract = contracts.get(start.asset)
    if contract:
        publication = published_by(port_at(home, contract.product, contract.major), start.dagster_run)
        if publication:
            return COMPLETE, published(publication, contract)
    if run is None:
        return ABORT, AttemptEnd(error=UNKNOWN_RUN)
    step = step_of_asset(start.asset)
    failures = instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE)
    if any(entry.step_key == step for entry in failures):
        return FAIL, AttemptEnd(error="the step failed; its message is in Dagster's event log")
    return ABORT, AttemptEnd(error=NO_RESULT)
