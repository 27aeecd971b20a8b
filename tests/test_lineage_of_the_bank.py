"""Lineage of the whole demo bank: from the columns of the legacy files to the products of three domains."""

import json

import pytest
from openlineage_judge import faults, known_faults, needs_specification

OPAQUE = {
    "customer_service.customer_churn_propensity",
    "customer_service.model_evaluations",
    "customer_service.sentiment_analysis",
    "investment.market_risk_metrics",
}


@pytest.fixture(scope="module")
def walk(bank, mesh_command):
    """`walk(column, ...)`: what `mesh lineage` prints."""

    def lineage(column, *options):
        done = mesh_command(bank.home, "lineage", column, "--json", *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return lineage


def reached(told):
    return {column["id"] for column in told["columns"]}


@pytest.fixture(scope="module")
def events(bank, mesh_command):
    return [json.loads(line) for line in mesh_command(bank.home, "lineage", "events").stdout.splitlines()]


def test_customer_360_leads_back_to_the_legacy_files_across_dbt_and_polars(walk):
    told = walk("retail.customer_360.balance")
    direct = {(e["from"], e["to"]) for e in told["edges"] if e["type"] == "DIRECT"}
    assert ("retail.transaction_history.signed_amount", "retail.customer_360@2.balance") in direct
    assert ("retail.landing.core_banking.trans.amount", "retail.transaction_history.signed_amount") in direct
    assert ("legacy.core_banking.trans.amount", "retail.landing.core_banking.trans.amount") in direct
    # party is made by Polars, customer_360 by dbt.
    born = walk("retail.customer_360.age")
    assert {"retail.party.birth_date", "legacy.core_banking.client.birth_number"} <= reached(born)


@pytest.mark.parametrize(
    ("column", "legacy", "through"),
    [
        (
            "investment.market_risk_metrics.volatility",
            "legacy.price_vendor.daily_price.close",
            "investment.market_prices",
        ),
        (
            "customer_service.customer_churn_propensity.score",
            "legacy.core_banking.trans.amount",
            "retail.transaction_history",
        ),
    ],
)
def test_steps_that_are_no_query_are_marked_and_lead_back_all_the_same(walk, column, legacy, through):
    told = walk(column)
    assert legacy in reached(told)
    assert told["columns"][0]["opaque"]
    product = column.rpartition(".")[0]
    opaque = {
        e["from"].rpartition(".")[0] for e in told["edges"] if e["to"] == f"{product}.*" and e["subtype"] == "OPAQUE"
    }
    assert through in opaque


def test_downstream_of_a_legacy_column_crosses_domains(walk):
    found = {c["dataset"] for c in walk("legacy.core_banking.trans.amount", "--downstream")["columns"]}
    assert {
        "retail.transaction_history",
        "retail.customer_360",
        "retail.customer_360@2",
        "retail.credit_card_spending_patterns",
        "customer_service.customer_churn_propensity",
        "customer_service.model_evaluations",
    } <= found
    assert not any(name.startswith("investment.") for name in found)


def test_every_column_of_every_product_is_derived_and_no_confidentiality_is_lost(bank, mesh_command):
    done = mesh_command(bank.home, "lineage", "check", "--json")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert told["losses"] == []
    assert told["underivable"] == {}
    assert set(told["opaque"]) == OPAQUE
    listed = json.loads(mesh_command(bank.home, "contract", "coverage", "--json").stdout)
    of_lineage = [entry for entry in listed if entry["clause"].startswith("lineage")]
    assert len(of_lineage) > 200
    assert [entry for entry in of_lineage if not entry["enforced"]] == []


def test_what_a_run_records_is_what_its_code_says(bank, events):
    """But for steps that look at their data: those record what they really read, which is less."""
    assert {e["eventType"] for e in events} == {"START", "COMPLETE"}
    ends = {e["job"]["name"]: e for e in events if e["eventType"] == "COMPLETE"}
    assert len(events) == 2 * len(ends)
    for name, event in ends.items():
        fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
        assert fields, name
        hows = {t["subtype"] for f in fields.values() for i in f["inputFields"] for t in i["transformations"]}
        assert ("OPAQUE" in hows) == (name in OPAQUE), name


def test_inputs_from_other_domains_are_told_with_the_version_that_was_read(events):
    ends = {e["job"]["name"]: e for e in events if e["eventType"] == "COMPLETE"}
    read = {
        item["facets"]["symlinks"]["identifiers"][0]["name"]: item["facets"]["version"]["datasetVersion"]
        for item in ends["retail.customer_360@2"]["inputs"]
    }
    for name in ("customer_service.customer_churn_propensity", "customer_service.sentiment_analysis", "retail.party"):
        assert read[name] == ends[name]["outputs"][0]["facets"]["version"]["datasetVersion"] == "0"


def test_no_event_has_a_fault_that_emitters_are_known_for(events):
    assert known_faults(events) == []


@needs_specification
@pytest.mark.realdata
def test_every_event_is_valid_by_the_published_schemas(events):
    assert [(e["job"]["name"], fault) for e in events for fault in faults(e)] == []
