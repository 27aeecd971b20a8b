"""What real runs tell OpenLineage: when they publish, when a gate refuses, when they crash, when they are killed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from openlineage_judge import SPECIFICATION, faults, known_faults, needs_specification
from shop_mesh import LANDINGS, MONTHS, UNPARTITIONED
from shop_nursery import Job
from shop_workspace import changed, write_exports

from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.lineage.openlineage.event_spool import drain_spool, spool_folder
from bankmesh.orchestration.assets import asset_results
from bankmesh.orchestration.automation.lineage_sensor import lineage_sensor
from bankmesh.orchestration.history.dead_attempts import reconcile
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import read_history
from bankmesh.products.domain_package import read_domain
from bankmesh.settings import lineage_database

if TYPE_CHECKING:
    from shop_mesh import Mesh
    from shop_nursery import Nursery

POISON = "Poisonous-Remark-4712"


def told(mesh: Mesh, run_id: str | None = None) -> list[dict]:
    with EventOutbox(lineage_database(mesh.settings.home)) as outbox:
        return [kept.event for kept in outbox.all_events(run_id)]


def kinds(events: list[dict]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event["job"]["name"], []).append(event["eventType"])
    return found


def ending(events: list[dict], job: str) -> dict:
    return [event for event in events if event["job"]["name"] == job][-1]


def reconciled(mesh: Mesh) -> list[str]:
    """What the sensor does, once Dagster has noticed that a run's process is gone."""
    domain = read_domain(mesh.settings.root / "domains/shop/src/shop")
    with open_instance(mesh.settings) as instance, EventOutbox(lineage_database(mesh.settings.home)) as outbox:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            instance.report_run_failed(run)
        return reconcile(outbox, instance, mesh.settings.home, "shop", domain.contracts)


@pytest.fixture
def everything(published: Mesh) -> list[dict]:
    """All events of a mesh in which each product was published once."""
    return told(published)


def test_every_landing_and_product_tells_its_start_and_that_it_is_complete(everything: list[dict]) -> None:
    jobs = [*(f"shop.landing.{name}" for name in LANDINGS), "shop.monthly_sale"]
    jobs += [f"shop.{name}" for name in UNPARTITIONED if name not in LANDINGS]
    found = kinds(everything)
    assert set(found) == set(jobs)
    # The landings were made in two runs.
    assert all(told == ["START", "COMPLETE"] * (1 + (".landing." in job)) for job, told in found.items())
    assert known_faults(everything) == []


@needs_specification
@pytest.mark.realdata
def test_they_are_valid_by_the_published_schemas(everything: list[dict]) -> None:
    assert [fault for event in everything for fault in faults(event)] == []


def test_inputs_and_outputs_meet_by_name_and_version(published: Mesh, everything: list[dict]) -> None:
    sale = ending(everything, "shop.sale")["outputs"][0]
    read = ending(everything, "shop.customer_spend")["inputs"]
    assert [(i["namespace"], i["name"]) for i in read] == [(sale["namespace"], sale["name"])]
    assert sale["name"].endswith("/mesh/ports/shop/sale/v1")
    assert read[0]["facets"]["version"]["datasetVersion"] == sale["facets"]["version"]["datasetVersion"] == "0"
    assert read[0]["inputFacets"]["inputStatistics"]["rowCount"] == 4
    # The gate looks sales up for `top_customer`, so it reads them too.
    assert len(ending(everything, "shop.top_customer")["inputs"]) == 2
    landing = ending(everything, "shop.landing.till.sale")
    assert landing["outputs"][0]["name"] == ending(everything, "shop.sale")["inputs"][0]["name"]
    assert landing["inputs"][0]["name"] == sale["name"].replace("mesh/ports/shop/sale/v1", "exports/till/sale.csv")
    fingerprint = read_history(published.port("sale"))[0].provenance.inputs["till.sale"]
    assert landing["inputs"][0]["facets"]["version"]["datasetVersion"] == fingerprint


def test_partitions_are_the_nominal_time(everything: list[dict]) -> None:
    facets = ending(everything, "shop.monthly_sale")["run"]["facets"]
    assert facets["nominalTime"]["nominalStartTime"] == "2024-01-01T00:00:00+00:00"
    assert facets["nominalTime"]["nominalEndTime"] == "2024-05-01T00:00:00+00:00"
    assert MONTHS[-1] == "2024-04-01"
    assert "nominalTime" not in ending(everything, "shop.sale")["run"]["facets"]


def test_the_code_that_ran_is_told(everything: list[dict]) -> None:
    query = ending(everything, "shop.customer_spend")["job"]["facets"]
    assert "max_by(sale_id, amount)" in query["sql"]["query"]
    assert query["sql"]["dialect"] == "duckdb"
    assert query["sourceCodeLocation"]["path"].endswith("customer_spend.sql")
    program = ending(everything, "shop.sale")["job"]["facets"]
    assert program["sourceCode"]["language"] == "python"
    assert "def sale(" in program["sourceCode"]["sourceCode"]
    assert "rejects" not in program["sourceCode"]["sourceCode"]


def test_columns_lead_back_to_the_legacy_file(everything: list[dict]) -> None:
    def sources(job: str, column: str) -> set[tuple[str, str, str]]:
        fields = ending(everything, job)["outputs"][0]["facets"]["columnLineage"]["fields"]
        return {
            (f["name"].rpartition("/")[2], f["field"], t["subtype"])
            for f in fields[column]["inputFields"]
            for t in f["transformations"]
        }

    assert sources("shop.customer_spend", "total") == {("v1", "amount", "AGGREGATION")}
    assert ("sale", "amount", "TRANSFORMATION") in sources("shop.sale", "amount") or sources("shop.sale", "amount") == {
        ("sale", "amount", "IDENTITY")
    }
    assert sources("shop.landing.till.sale", "amount") == {("sale.csv", "amount", "TRANSFORMATION")}


def test_a_refusal_is_told_as_a_failure_with_the_clauses_and_no_value(published: Mesh) -> None:
    write_exports(published.settings.exports, changed(4, remark=POISON, amount="600.00"))
    run = published.run("till.sale", "sale", "customer_spend", "top_customer")
    events = told(published, run.run_id)
    assert kinds(events) == {
        "shop.landing.till.sale": ["START", "COMPLETE"],
        "shop.sale": ["START", "COMPLETE"],
        "shop.customer_spend": ["START", "FAIL"],
    }
    failed = ending(events, "shop.customer_spend")
    clauses = {a["name"]: a for a in failed["outputs"][0]["facets"]["dataQualityAssertions"]["assertions"]}
    assert clauses["last_remark__pattern"]["success"] is False
    assert clauses["last_remark__pattern"]["severity"] == "error"
    assert clauses["customer_id__required"]["success"] is True
    assert "last_remark__pattern" in failed["run"]["facets"]["errorMessage"]["message"]
    assert "version" not in failed["outputs"][0]["facets"]
    assert failed["outputs"][0]["facets"]["columnLineage"]["fields"]["total"]["inputFields"]
    large = {
        a["name"]: a for a in ending(events, "shop.sale")["outputs"][0]["facets"]["dataQualityAssertions"]["assertions"]
    }
    assert (large["sales_are_small"]["success"], large["sales_are_small"]["severity"]) == (False, "warn")
    assert POISON not in json.dumps(events)
    assert known_faults(events) == []
    if (SPECIFICATION / "OpenLineage.json").is_file():
        assert [fault for event in events for fault in faults(event)] == []


def test_a_product_whose_input_is_not_there_fails_and_says_so(landed: Mesh) -> None:
    run = landed.run("customer_spend")
    events = told(landed, run.run_id)
    assert kinds(events) == {"shop.customer_spend": ["START", "FAIL"]}
    assert "no published version" in ending(events, "shop.customer_spend")["run"]["facets"]["errorMessage"]["message"]
    assert known_faults(events) == []


def test_a_run_that_is_killed_before_it_publishes_is_aborted_once(landed: Mesh, nursery: Nursery) -> None:
    (killed,) = nursery.run(Job(str(landed.settings.home.parent), ("sale",), die_at="built"))
    assert killed.code < 0
    assert [e["eventType"] for e in told(landed) if e["job"]["name"] == "shop.sale"] == ["START"]
    assert reconciled(landed) == ["shop/sale: ABORT"]
    assert reconciled(landed) == []
    aborted = ending(told(landed), "shop.sale")
    assert aborted["eventType"] == "ABORT"
    assert aborted["run"]["facets"]["errorMessage"]["message"]
    assert known_faults(told(landed)) == []
    if (SPECIFICATION / "OpenLineage.json").is_file():
        assert faults(aborted) == []


def test_a_run_that_is_killed_after_it_has_published_is_complete(landed: Mesh, nursery: Nursery) -> None:
    (killed,) = nursery.run(Job(str(landed.settings.home.parent), ("sale",), die_at="after-commit"))
    assert killed.code < 0
    assert reconciled(landed) == ["shop/sale: COMPLETE"]
    late = ending(told(landed), "shop.sale")["outputs"][0]
    assert late["facets"]["version"]["datasetVersion"] == "0"
    assert late["outputFacets"]["outputStatistics"]["rowCount"] == 4
    again = landed.run("sale")
    usual = ending(told(landed, again.run_id), "shop.sale")["outputs"][0]
    assert usual["facets"]["columnLineage"] == late["facets"]["columnLineage"]
    assert usual["facets"]["dataQualityAssertions"] == late["facets"]["dataQualityAssertions"]


def test_the_sensor_ends_what_died_and_says_so(landed: Mesh, nursery: Nursery) -> None:
    (killed,) = nursery.run(Job(str(landed.settings.home.parent), ("sale",), die_at="built"))
    assert killed.code < 0
    landed.activate()
    root = landed.settings.root
    sensor = lineage_sensor(read_domain(root / "domains/shop/src/shop"), root)
    with open_instance(landed.settings) as instance:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            instance.report_run_failed(run)
        said = sensor(dg.build_sensor_context(instance)).skip_message
        again = sensor(dg.build_sensor_context(instance)).skip_message
    assert said.startswith("ended: shop/sale: ABORT; ")
    assert "ended" not in again
    assert ending(told(landed), "shop.sale")["eventType"] == "ABORT"


def test_runs_under_way_are_left_alone(landed: Mesh) -> None:
    assert landed.run("sale").success
    assert reconciled(landed) == []


def test_an_outbox_out_of_reach_fails_no_run_and_loses_no_event(landed: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    home = landed.settings.home
    before = len(told(landed))
    monkeypatch.setenv("BANKMESH_LINEAGE_DB", f"sqlite:///{home / 'dagster' / 'dagster.yaml' / 'lineage.db'}")
    run = landed.run("sale")
    assert run.success
    assert landed.versions("sale") == [0]
    monkeypatch.delenv("BANKMESH_LINEAGE_DB")
    assert len(told(landed)) == before
    with EventOutbox(lineage_database(home)) as outbox:
        assert drain_spool(spool_folder(home), outbox) == 2
    assert kinds(told(landed, run.run_id)) == {"shop.sale": ["START", "COMPLETE"]}


def test_dagster_shows_the_same_columns(published: Mesh) -> None:
    run = published.run("sale", "customer_spend")
    shown = run.metadata("customer_spend")["dagster/column_lineage"].deps_by_column
    assert [(dep.asset_key.path, dep.column_name) for dep in shown["total"]] == [(["shop", "sale"], "amount")]
    landing = published.run("till.sale").metadata("till_sale")["dagster/column_lineage"].deps_by_column
    assert [(dep.asset_key.path, dep.column_name) for dep in landing["amount"]] == [(["legacy", "till_sale"], "amount")]


def test_a_report_that_fails_ends_the_attempt_with_its_error(published: Mesh, monkeypatch) -> None:
    def fail(*_arguments):
        raise OSError(5, "Input/output error")

    write_exports(published.settings.exports, changed(3, remark="another"))
    monkeypatch.setattr(asset_results, "check_results", fail)
    run = published.run("till.sale", "sale")
    assert not run.success
    end = ending(told(published, run.run_id), "shop.sale")
    assert end["eventType"] == "FAIL"
    assert "OSError" in end["run"]["facets"]["errorMessage"]["message"]
