"""OpenLineage run events: pure functions from facts to JSON, which the outbox stores as it will be sent.

The event that ends an attempt is its START event plus what became known since. So the run itself, or the process that
finds the run dead, needs only the START event and emits the same ending.

Source: OpenLineage specification 2-0-2 with the facets of `openlineage-python`.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from bankmesh.lineage.openlineage import event_facets
from bankmesh.lineage.openlineage.openlineage_names import producer, run_id
from bankmesh.settings import lineage_namespace

if TYPE_CHECKING:
    from datetime import datetime

    from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd, InputFacts, JobFacts, OutputFacts, RunFacts

Event = dict[str, Any]

START, COMPLETE, FAIL, ABORT = "START", "COMPLETE", "FAIL", "ABORT"
ENDINGS = (COMPLETE, FAIL, ABORT)
_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"


def start_event(run: RunFacts, job: JobFacts, inputs: list[InputFacts], output: OutputFacts, at: datetime) -> Event:
    """Return the START event of an attempt: its inputs with their versions, and the output that it will make."""
    return {
        "eventType": START,
        "eventTime": at.isoformat(),
        "producer": producer(),
        "schemaURL": _SCHEMA,
        "run": {
            "runId": run_id(run.dagster_run, run.step, run.attempt, run.asset),
            "facets": event_facets.of_run(run, lineage_namespace()),
        },
        "job": {"namespace": lineage_namespace(), "name": job.name, "facets": event_facets.of_job(job)},
        "inputs": [
            {
                "namespace": item.name.namespace,
                "name": item.name.name,
                "facets": event_facets.of_input(item),
                "inputFacets": event_facets.statistics_of_input(item),
            }
            for item in inputs
        ],
        "outputs": [
            {
                "namespace": output.name.namespace,
                "name": output.name.name,
                "facets": event_facets.of_output(output),
                "outputFacets": {},
            }
        ],
    }


def ending_event(start: Event, kind: str, ending: AttemptEnd, at: datetime) -> Event:
    """Return the event that ends the attempt of `start`; `kind` is COMPLETE, FAIL or ABORT."""
    event = copy.deepcopy(start)
    event |= {"eventType": kind, "eventTime": at.isoformat()}
    if ending.error is not None:
        event["run"]["facets"] |= event_facets.of_error(ending.error)
    if ending.code is not None:
        event["job"]["facets"] |= event_facets.of_code(ending.code)
    for item in event["inputs"]:
        if found := ending.read.get(event_facets.ref_of(item)):
            item["facets"] |= event_facets.of_version(found[0])
            item["inputFacets"] |= event_facets.input_statistics(found[1], found[2])
    output = event["outputs"][0]
    output["facets"] |= event_facets.of_ending(ending, inputs_by_ref(start))
    if kind == COMPLETE:
        output["outputFacets"] |= event_facets.statistics_of_output(ending)
    return event


def inputs_by_ref(event: Event) -> dict[str, tuple[str, str]]:
    """Return the OpenLineage namespace and name of each input, keyed by the name that lineage uses for it."""
    return {event_facets.ref_of(item): (item["namespace"], item["name"]) for item in event["inputs"]}
