"""What Marquez makes of events, by events made by hand: what docs/how-to/send-lineage-to-marquez.md says of it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from urllib.error import HTTPError

import pytest
import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    error_message_run,
    parent_run,
    schema_dataset,
    source_code_location_job,
    symlinks_dataset,
)
from openlineage.client.transport.http import HttpConfig, HttpTransport

pytestmark = pytest.mark.marquez


@pytest.fixture
def hand(marquez):
    return Hand(marquez.address)


class Hand:
    """Sends events one by one, in a namespace that no other test has."""

    def __init__(self, address):
        self.client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=address, retry={"total": 0})))
        self.namespace = f"hand-{uuid.uuid4().hex[:8]}"

    def tell(self, *kinds, job="job", inputs=(), outputs=(), run_facets=None, job_facets=None):
        """The same run in the states named, one after another; returns its id."""
        run = str(uuid.uuid4())
        for kind in kinds:
            event = RunEvent(
                eventType=RunState(kind),
                eventTime=datetime.now(UTC).isoformat(),
                run=Run(run, run_facets or {}),
                job=Job(self.namespace, job, job_facets or {}),
                inputs=list(inputs),
                outputs=list(outputs),
                producer="urn:bankmesh:test",
            )
            self.client.emit(event)
        return run

    def read(self, name, *columns, **facets):
        return InputDataset(self.namespace, name, facets=described(columns) | facets)

    def made(self, name, columns, lineage, rows=(), **facets):
        fields = {
            column: column_lineage_dataset.Fields([self.source(*source) for source in sources])
            for column, sources in lineage.items()
        }
        dataset = [self.source(*source) for source in rows]
        known = column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields, dataset=dataset)
        return OutputDataset(self.namespace, name, facets=described(columns) | {"columnLineage": known} | facets)

    def source(self, dataset, column, kind="DIRECT", subtype="IDENTITY"):
        how = column_lineage_dataset.Transformation(type=kind, subtype=subtype)
        return column_lineage_dataset.InputField(self.namespace, dataset, column, transformations=[how])


def described(columns):
    if not columns:
        return {}
    fields = [schema_dataset.SchemaDatasetFacetFields(name=column, type="string") for column in columns]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        (["START"], "RUNNING"),
        (["START", "COMPLETE"], "COMPLETED"),
        (["START", "FAIL"], "FAILED"),
        (["START", "ABORT"], "ABORTED"),
    ],
    ids=["started", "completed", "failed", "aborted"],
)
def test_states_of_a_run(marquez, hand, kinds, state):
    error = error_message_run.ErrorMessageRunFacet(message="the gate refused it", programmingLanguage="PYTHON")
    run = hand.tell(*kinds, run_facets={"errorMessage": error})
    found = marquez.get("jobs", "runs", run)
    assert found["state"] == state
    assert found["facets"]["errorMessage"]["message"] == "the gate refused it"


def test_an_event_that_is_sent_twice_changes_nothing(marquez, hand):
    made = hand.made("out", ["x"], {"x": [("in", "a")]})
    run = hand.tell("START", "COMPLETE", "COMPLETE", inputs=[hand.read("in", "a")], outputs=[made])
    assert [found["id"] for found in marquez.runs(hand.namespace, "job")] == [run]
    versions = marquez.get("namespaces", hand.namespace, "datasets", "out", "versions")["versions"]
    assert len(versions) == 1
    assert marquez.column_upstream(hand.namespace, "out", "x") == {(hand.namespace, "in", "a")}


def test_columns_are_linked_but_not_how(marquez, hand):
    lineage = {"x": [("in", "a")], "y": [("in", "b", "INDIRECT", "CONDITIONAL")]}
    made = hand.made("out", ["x", "y"], lineage, rows=[("in", "k", "INDIRECT", "FILTER")])
    hand.tell("START", "COMPLETE", inputs=[hand.read("in", "a", "b", "k")], outputs=[made])
    assert marquez.column_upstream(hand.namespace, "out", "x") == {(hand.namespace, "in", "a")}
    # An indirect dependency looks like any other, and what holds for all rows is not linked; the facet keeps both.
    assert marquez.column_upstream(hand.namespace, "out", "y") == {(hand.namespace, "in", "b")}
    found = marquez.dataset(hand.namespace, "out")
    assert [column["transformationType"] for column in found["columnLineage"]] == [None, None]
    kept = found["facets"]["columnLineage"]
    assert kept["fields"]["y"]["inputFields"][0]["transformations"][0]["subtype"] == "CONDITIONAL"
    assert kept["dataset"][0]["field"] == "k"


def test_an_input_needs_a_schema_unless_marquez_has_it_from_whoever_made_it(marquez, hand):
    hand.tell(
        "COMPLETE", job="one", inputs=[hand.read("unseen")], outputs=[hand.made("out", ["x"], {"x": [("unseen", "a")]})]
    )
    assert marquez.column_upstream(hand.namespace, "out", "x") == set()
    hand.tell(
        "COMPLETE", job="two", inputs=[hand.read("out")], outputs=[hand.made("next", ["x"], {"x": [("out", "x")]})]
    )
    assert marquez.column_upstream(hand.namespace, "next", "x") == {(hand.namespace, "out", "x")}


def test_the_name_of_a_job_begins_with_its_parent_whose_run_nobody_ends(marquez, hand):
    parent = str(uuid.uuid4())
    facet = parent_run.ParentRunFacet(run=parent_run.Run(parent), job=parent_run.Job(hand.namespace, "retail.all"))
    hand.tell("START", "COMPLETE", job="retail.party", run_facets={"parent": facet})
    assert set(marquez.jobs(hand.namespace)) == {"retail.all", "retail.all.retail.party"}
    with pytest.raises(HTTPError, match="404"):
        marquez.get("namespaces", hand.namespace, "jobs", "retail.party")
    assert marquez.get("jobs", "runs", parent)["state"] == "RUNNING"


def test_a_symlink_finds_the_dataset_but_not_its_facets(marquez, hand):
    people = f"{hand.namespace}-people"
    known_as = symlinks_dataset.Identifier(namespace=people, name="retail.party", type="TABLE")
    symlinks = symlinks_dataset.SymlinksDatasetFacet(identifiers=[known_as])
    made = hand.made("/ports/party", ["x"], {"x": [("in", "a")]}, symlinks=symlinks)
    hand.tell("COMPLETE", inputs=[hand.read("in", "a")], outputs=[made])
    found = marquez.dataset(people, "retail.party")
    assert (found["physicalName"], found["facets"], found["columnLineage"]) == ("/ports/party", {}, None)
    assert marquez.column_upstream(people, "retail.party", "x") == {(hand.namespace, "in", "a")}


@pytest.mark.parametrize("character", ["%", " ", "é", "*", "?", "&", "#"])
def test_characters_that_no_namespace_may_have(hand, character):
    named = InputDataset(f"s3://a{character}b", "t", facets=described(["a"]))
    with pytest.raises(requests.HTTPError, match="400"):
        hand.tell("COMPLETE", inputs=[named])


def test_names_of_datasets_and_jobs_are_free_and_long(marquez, hand):
    name = "a b*/k=1/é" + "x" * 1000
    hand.tell("COMPLETE", job=name, inputs=[hand.read(name, "a")])
    assert marquez.jobs(hand.namespace)[name]["inputs"] == [{"namespace": hand.namespace, "name": name}]


def test_what_is_longer_than_255_characters_is_a_fault_of_the_server(hand):
    # 500, which a sender takes for a fault that passes: the event is tried again and again.
    with pytest.raises(requests.HTTPError, match="500"):
        hand.tell("COMPLETE", inputs=[hand.read("in", "c" * 256)])
    url = "https://code.example/" + "u" * 240
    location = source_code_location_job.SourceCodeLocationJobFacet(type="git", url=url)
    with pytest.raises(requests.HTTPError, match="500"):
        hand.tell("COMPLETE", job_facets={"sourceCodeLocation": location})
