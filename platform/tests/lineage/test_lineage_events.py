"""Events are what the specification says, and say what happened."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lineage_samples import DAGSTER_RUN, ENDING, HOURS, NOON, SALE, completed, job, output, run, started
from openlineage_judge import each_facet, faults, known_faults, needs_specification

from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd
from bankmesh.lineage.openlineage.openlineage_names import DatasetName, dataset_name, run_id
from bankmesh.lineage.openlineage.run_events import ABORT, FAIL, ending_event, start_event

LATER = NOON + timedelta(seconds=9)


def all_kinds() -> list[dict]:
    failed = ending_event(
        started(), FAIL, AttemptEnd(error="2 of 9 clauses stand against it", lineage=ENDING.lineage), LATER
    )
    aborted = ending_event(started(), ABORT, AttemptEnd(error="stopped"), LATER)
    month = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    return [started(), completed(), failed, aborted, completed(1, nominal=month, root=("a1b2c3d4", "backfill"))]


@needs_specification
@pytest.mark.realdata
def test_every_kind_of_event_is_valid_by_the_published_schemas() -> None:
    for event in all_kinds():
        assert faults(event) == []


@needs_specification
@pytest.mark.realdata
def test_the_judge_finds_what_is_wrong() -> None:
    event = completed()
    event["run"]["runId"] = "run-7"
    event["outputs"][0]["facets"]["schema"]["fields"] = "none"
    del event["job"]["facets"]["jobType"]["integration"]
    found = "\n".join(faults(event))
    assert "run-7" in found
    assert "schema" in found
    assert "integration" in found


def test_no_event_has_a_fault_that_emitters_are_known_for() -> None:
    events = [*all_kinds(), *(started(number) for number in range(5))]
    assert known_faults(events) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda e: e.update(inputs=[]), "0 inputs"),
        (lambda e: e["inputs"][0].update(namespace="s3://bucket", name="s3://bucket/key"), "stands again"),
        (lambda e: e["inputs"][0].update(namespace="s3://bucket", name="/key"), "begins with a slash"),
        (lambda e: e["run"].update(runId=started(2)["run"]["runId"]), "stands for"),
    ],
)
def test_the_judge_of_known_faults_finds_them(change, found) -> None:
    event = completed(1)
    change(event)
    assert any(found in fault for fault in known_faults([event, started(2)]))


def test_a_warning_that_fails_is_no_error_and_a_pass_is_no_failure() -> None:
    found = {a["name"]: a for a in completed()["outputs"][0]["facets"]["dataQualityAssertions"]["assertions"]}
    assert found["amount__required"]["success"] is True
    assert found["amount_small"] | {"description": ""} == {
        "assertion": "range",
        "success": False,
        "column": "amount",
        "severity": "warn",
        "name": "amount_small",
        "description": "",
        "actual": "2 failing rows",
        "params": {"outcome": "warned"},
    }
    assert (found["broken"]["success"], found["broken"]["severity"]) == (False, "error")


def test_inputs_say_the_version_that_was_read_and_outputs_the_one_that_was_published() -> None:
    event = completed()
    read = {item["name"]: item["facets"]["version"]["datasetVersion"] for item in event["inputs"]}
    assert read == {"/srv/mesh/ports/shop/sale/v1": "4", "till/hours.csv": "f00d"}
    assert event["outputs"][0]["facets"]["version"]["datasetVersion"] == "7"
    assert event["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 10
    assert event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 3


def test_an_attempt_that_fails_names_its_output_and_no_version() -> None:
    event = ending_event(started(), FAIL, AttemptEnd(error="no"), LATER)
    assert event["outputs"][0]["name"] == output().name.name
    assert "version" not in event["outputs"][0]["facets"]
    assert event["outputs"][0]["outputFacets"] == {}
    assert event["run"]["facets"]["errorMessage"]["message"] == "no"


def test_column_lineage_says_how_and_marks_what_is_opaque_and_what_is_underivable() -> None:
    facet = completed()["outputs"][0]["facets"]["columnLineage"]
    sale, hour = SALE.name, HOURS.name
    assert facet["fields"]["customers"]["inputFields"] == [
        {
            "namespace": sale.namespace,
            "name": sale.name,
            "field": "customer",
            "transformations": [{"type": "DIRECT", "subtype": "AGGREGATION", "masking": True}],
        },
        {
            "namespace": hour.namespace,
            "name": hour.name,
            "field": "day",
            "transformations": [
                {
                    "type": "INDIRECT",
                    "subtype": "OPAQUE",
                    "masking": False,
                    "description": "made by a step that is not a query: every column of it depends on every column that "
                    "the step read",
                }
            ],
        },
    ]
    assert facet["fields"]["guessed"]["transformationType"] == "UNDERIVABLE"
    assert "recursive" in facet["fields"]["guessed"]["transformationDescription"]
    assert [(d["field"], d["transformations"][0]["subtype"]) for d in facet["dataset"]] == [("day", "GROUP_BY")]


def test_columns_carry_their_classification() -> None:
    tags = completed()["outputs"][0]["facets"]["tags"]["tags"]
    assert {t["field"]: t["value"] for t in tags if t["key"] == "classification" and "field" in t} == {
        "amount": "confidential",
        "customers": "internal",
        "guessed": "internal",
    }


def test_a_run_knows_its_parent_and_the_root_of_both() -> None:
    parent = started(root=("a1b2c3d4", "backfill"))["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == DAGSTER_RUN
    assert parent["root"]["job"]["name"] == "backfill"
    uuid.UUID(parent["root"]["run"]["runId"])


def test_every_facet_says_who_made_it() -> None:
    for event in all_kinds():
        assert {facet["_producer"] for _, _, facet in each_facet(event)} == {event["producer"]}
        assert event["producer"].startswith("urn:bankmesh:")


def test_an_ending_leaves_its_start_as_it_is() -> None:
    start = started()
    before = start_event(run(), job(), [SALE, HOURS], output(), NOON)
    ending_event(start, FAIL, AttemptEnd(error="no"), LATER)
    assert start == before


names = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=20)


@given(st.tuples(names, names, st.integers(0, 9), names), st.tuples(names, names, st.integers(0, 9), names))
def test_run_ids_are_uuids_and_differ_where_run_step_attempt_or_asset_do(one, other) -> None:
    assert str(uuid.UUID(run_id(*one))) == run_id(*one) == run_id(*one)
    assert (run_id(*one) == run_id(*other)) == (one == other)


@pytest.mark.parametrize(
    ("place", "namespace", "name"),
    [
        ("/srv/mesh/ports/retail/party/v1", "file", "/srv/mesh/ports/retail/party/v1"),
        ("/srv//mesh/ports/", "file", "/srv/mesh/ports"),
        ("file:///srv/mesh", "file", "/srv/mesh"),
        ("s3://bank/ports/party", "s3://bank", "ports/party"),
        ("s3a://bank/ports/party/", "s3://bank", "ports/party"),
        ("gs://bank/ports/party", "gs://bank", "ports/party"),
        ("abfss://box@store.dfs.core.windows.net/ports/party", "abfss://box@store.dfs.core.windows.net", "ports/party"),
        ("hdfs://node:8020/ports/party", "hdfs://node:8020", "ports/party"),
    ],
)
def test_datasets_are_named_as_the_naming_page_says(place, namespace, name) -> None:
    assert dataset_name(place) == DatasetName(namespace, name)


def test_a_relative_path_names_no_dataset() -> None:
    with pytest.raises(ValueError, match="not an absolute path"):
        dataset_name("ports/party")
