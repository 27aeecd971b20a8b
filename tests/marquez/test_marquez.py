"""A whole mesh told to a real Marquez, read back through Marquez' own API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bankmesh.lineage.openlineage.openlineage_names import dataset_name
from bankmesh.settings import lineage_namespace

pytestmark = pytest.mark.marquez

MESH = Path(sys.executable).with_name("mesh")
ROOT = Path(__file__).parents[2]


def mesh_json(told, *arguments):
    environment = os.environ | told.environment
    run = subprocess.run([MESH, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return run.stdout


def ports(told):
    """The names of all ports: those of the products, with a second major's number behind them."""
    listed = json.loads(mesh_json(told, "products", "--json"))
    return {p["id"] if p["major"] == 1 else f"{p['id']}@{p['major']}" for p in listed}


def events(told):
    return [json.loads(line) for line in mesh_json(told, "lineage", "events").splitlines()]


def job_of(told, name):
    """The one job that ends with the name that we gave it; Marquez puts its parent's before it."""
    (job,) = [job for full, job in told.marquez.jobs(lineage_namespace()).items() if full.endswith(f".{name}")]
    return job


def port(told, domain, name, major=1):
    return dataset_name(str(told.home / "ports" / domain / name / f"v{major}"))


def columns_upstream(told, dataset, column):
    return told.marquez.column_upstream(dataset.namespace, dataset.name, column)


def test_nothing_is_left_to_send_and_nothing_was_refused(told):
    status = json.loads(mesh_json(told, "lineage", "status", "--json"))
    assert (status["pending"], status["refused"]) == (0, 0)
    assert status["sent"] == len(events(told)) > 0


def test_every_product_is_a_job_whose_run_completed(told):
    assert len(ports(told)) >= 15
    for name in ports(told):
        job = job_of(told, name)
        completed = [run for run in told.marquez.runs(lineage_namespace(), job["name"]) if run["state"] == "COMPLETED"]
        assert completed, name
        assert len(job["outputs"]) == 1, name
        assert job["inputs"], name


def test_states_of_runs_are_those_that_were_told(told):
    kinds = {"COMPLETE": "COMPLETED", "FAIL": "FAILED", "ABORT": "ABORTED"}
    endings = {e["run"]["runId"]: kinds[e["eventType"]] for e in events(told) if e["eventType"] != "START"}
    found = {run: told.marquez.get("jobs", "runs", run)["state"] for run in endings}
    assert found == endings
    assert set(endings.values()) == {"COMPLETED", "FAILED"}


def test_a_run_that_failed_its_gate_failed_and_says_why(told):
    assert "retail/loan_applications" in told.again.failed
    job = job_of(told, "retail.loan_applications")
    newest, first = told.marquez.runs(lineage_namespace(), job["name"])
    assert (newest["state"], first["state"]) == ("FAILED", "COMPLETED")
    message = newest["facets"]["errorMessage"]["message"]
    assert "account_id__references_account" in message
    assert "999999999" not in message


def test_the_graph_leads_from_a_legacy_file_to_the_customer_view(told):
    view = port(told, "retail", "customer_360", 2)
    upstream = told.marquez.upstream(f"dataset:{view.namespace}:{view.name}")
    legacy = dataset_name(str(told.exports / "berka_pkdd99" / "trans.asc.gz"))
    landing = dataset_name(str(told.home / "landings" / "retail" / "core_banking" / "trans"))
    history = port(told, "retail", "transaction_history")
    for step in (legacy, landing, history):
        assert f"dataset:{step.namespace}:{step.name}" in upstream
    assert {f"job:{lineage_namespace()}:{job_of(told, name)['name']}" for name in (
        "retail.landing.core_banking.trans", "retail.transaction_history", "retail.customer_360@2",
    )} <= upstream  # fmt: skip


def test_the_graph_crosses_domains(told):
    churn = port(told, "customer_service", "customer_churn_propensity")
    upstream = told.marquez.upstream(f"dataset:{churn.namespace}:{churn.name}")
    retail = port(told, "retail", "transaction_history")
    assert f"dataset:{retail.namespace}:{retail.name}" in upstream


def test_a_dataset_is_found_under_the_name_that_people_use(told):
    view = port(told, "retail", "customer_360")
    found = told.marquez.dataset(lineage_namespace(), "retail.customer_360")
    assert found["physicalName"] == view.name
    assert {field["name"] for field in found["fields"]} >= {"customer_id", "balance"}


def test_the_balance_of_a_customer_comes_from_a_column_of_a_legacy_file(told):
    legacy = dataset_name(str(told.exports / "berka_pkdd99" / "trans.asc.gz"))
    upstream = columns_upstream(told, port(told, "retail", "customer_360"), "balance")
    assert (legacy.namespace, legacy.name, "amount") in upstream
    assert {name for _, name, _ in upstream} >= {
        port(told, "retail", "transaction_history").name,
        str(told.home / "landings" / "retail" / "core_banking" / "trans"),
    }


def test_a_column_of_a_plan_of_polars_comes_from_a_legacy_file_too(told):
    legacy = dataset_name(str(told.exports / "berka_pkdd99" / "card.asc.gz"))
    upstream = columns_upstream(told, port(told, "retail", "credit_card_spending_patterns"), "card_type")
    assert (legacy.namespace, legacy.name, "type") in upstream


def test_columns_of_marquez_are_those_of_the_events(told):
    """Every input field of every column: none is dropped on the way for want of a schema."""
    newest = {e["outputs"][0]["name"]: e for e in events(told) if e["eventType"] == "COMPLETE"}
    dropped = {}
    for event in newest.values():
        output = event["outputs"][0]
        said = links(output["facets"]["columnLineage"]["fields"].items(), "name")
        lineage = told.marquez.dataset(output["namespace"], output["name"])["columnLineage"] or []
        linked = links(((column["name"], column) for column in lineage), "dataset")
        assert linked <= said
        if said - linked:
            dropped[event["job"]["name"]] = sorted(said - linked)
    assert dropped == {}


def links(columns, dataset):
    return {
        (column, source["namespace"], source[dataset], source["field"])
        for column, lineage in columns
        for source in lineage["inputFields"]
    }
