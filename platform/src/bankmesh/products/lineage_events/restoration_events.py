"""The OpenLineage event of a restored version: one COMPLETE, whose input is the table itself at the restored version.

Who decided what and why are tags of the run. The event's run is named after the restoring commit, so it is kept once,
however often it is written.
"""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import TYPE_CHECKING

from bankmesh.lineage.openlineage import event_facets
from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd, InputFacts, JobFacts, RunFacts
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.lineage.openlineage.event_spool import spool_event, spool_folder
from bankmesh.lineage.openlineage.run_events import COMPLETE, ending_event, start_event
from bankmesh.products.lineage_events.product_lineage import product_fields, product_output
from bankmesh.settings import lineage_database

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.openlineage.run_events import Event
    from bankmesh.ports import Decision, Port, Publication

_JOB = "restore"


def restore_event(contract: Contract, port: Port, made: Publication, decision: Decision) -> Event:
    """Return the event of a version that a decision restored."""
    output = product_output(contract, port.path)
    run = RunFacts(
        dagster_run=made.provenance.run_id,
        dagster_job=f"{contract.domain}.{_JOB}",
        step=_JOB,
        attempt=0,
        asset=contract.port_name.asset,
        root=(made.provenance.run_id, f"{contract.domain}.{_JOB}"),
        engine=("Bankmesh", installed("bankmesh")),
    )
    source = InputFacts(
        ref=contract.port,
        logical=contract.port,
        name=output.name,
        version=str(decision.restored),
        fields=product_fields(contract),
        owner=contract.owner,
        description=contract.purpose.strip(),
    )
    job = JobFacts(f"{contract.port}.{_JOB}", contract.owner, f"Restores a version of {contract.port}.", "RESTORE")
    start = start_event(run, job, [source], output, made.published_at)
    ending = AttemptEnd(version=str(made.version), rows=made.rows, bytes=made.bytes)
    event = ending_event(start, COMPLETE, ending, made.published_at)
    event["run"]["facets"] |= event_facets.of_run_tags(
        {
            "decision": decision.kind.value,
            "restored_version": str(decision.restored),
            "withdrawn_versions": ", ".join(map(str, decision.withdrawn)),
            "decided_by": decision.by,
            "reason": decision.reason,
        }
    )
    return event


def keep_restore_event(home: Path, event: Event, made: Publication, asset: str) -> None:
    """Put the event into the outbox, or into the spool while the outbox is out of reach; never fails."""
    run = made.provenance.run_id
    try:
        with EventOutbox(lineage_database(home)) as outbox:
            outbox.keep(event, run, asset)
    except Exception:  # noqa: BLE001 - any error of an unreachable database; the version is restored already
        spool_event(spool_folder(home), event, run, asset)
