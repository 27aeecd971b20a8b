"""`mesh lineage`: walks, drawings, the check of confidentiality, and events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from reader_sessions import read_as

from bankmesh.orchestration.code_locations import load_location

if TYPE_CHECKING:
    from pathlib import Path


def test_upstream_walks_back_to_the_legacy_file(mesh) -> None:
    said = mesh("lineage", "shop.customer_spend.total", "--upstream")
    assert said.code == 0
    assert said.out.splitlines()[:4] == [
        "shop.customer_spend.total",
        "└─ shop.sale.amount  AGGREGATION",
        "   └─ shop.landing.till.sale.amount  IDENTITY",
        "      └─ legacy.till.sale.amount  TRANSFORMATION",
    ]
    assert mesh("lineage", "shop.customer_spend.total").out == said.out
    assert mesh("lineage", "shop.customer_spend@1.total").out == said.out


def test_json_has_every_dependency(mesh) -> None:
    told = json.loads(mesh("lineage", "shop.customer_spend.last_remark", "--json").out)
    assert told["direction"] == "upstream"
    assert {
        "from": "shop.sale.remark",
        "to": "shop.customer_spend.last_remark",
        "type": "DIRECT",
        "subtype": "AGGREGATION",
        "masking": False,
    } in told["edges"]
    kinds = {
        (edge["from"], edge["subtype"]) for edge in told["edges"] if edge["to"] == "shop.customer_spend.last_remark"
    }
    assert ("shop.sale.sale_id", "SORT") in kinds
    assert ("shop.sale.customer_id", "GROUP_BY") in {(e["from"], e["subtype"]) for e in told["edges"]}
    by_id = {column["id"]: column for column in told["columns"]}
    assert by_id["legacy.till.sale.remark"]["depth"] == 3
    assert not by_id["shop.customer_spend.last_remark"]["opaque"]


def test_downstream_shows_what_depends_on_it_and_whether_values_come_along(mesh) -> None:
    said = mesh("lineage", "legacy.till.sale.amount", "--downstream")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in said.out.splitlines()[1:]}
    assert rows["shop.customer_spend.total"] == ["value", "AGGREGATION", "3"]
    assert rows["shop.monthly_sale.amount"][0] == "value"
    # The order by amount decides which customer is the first.
    assert rows["shop.top_customer.customer_id"][0] == "decides"
    assert "shop.opening_hour.opens" not in rows


def test_a_whole_dataset_can_be_asked_for(mesh) -> None:
    told = json.loads(mesh("lineage", "legacy.till.hour", "--downstream", "--json").out)
    assert {column["dataset"] for column in told["columns"]} == {
        "legacy.till.hour",
        "shop.landing.till.hour",
        "shop.opening_hour",
    }


@pytest.mark.parametrize("name", ["till.sale.amount", "shop.landing.till_sale.amount", "shop.landing.till.sale.amount"])
def test_a_column_of_a_landing_by_any_name_of_the_landing(mesh, name) -> None:
    said = mesh("lineage", "of", name, "--upstream")
    assert said.code == 0
    assert said.out.splitlines()[0] == "shop.landing.till.sale.amount"
    assert "legacy.till.sale.amount" in said.out


def test_a_drawing_in_mermaid(mesh) -> None:
    lines = mesh("lineage", "shop.customer_spend.total", "--format", "mermaid").out.splitlines()
    assert lines[0] == "flowchart LR"
    assert sum("subgraph" in line for line in lines) == 4


def test_depth_and_indirect(mesh) -> None:
    near = mesh("lineage", "shop.customer_spend.total", "--indirect", "--depth", "1").out
    assert "shop.sale.customer_id  GROUP_BY" in near
    assert "landing" not in near


def test_names_that_do_not_exist_are_told_with_those_that_do(mesh) -> None:
    said = mesh("lineage", "shop.customer_spend.totl")
    assert said.code == 2
    assert "Did you mean total?" in said.err
    assert mesh("lineage", "shop.customer_spent.total").code == 2
    assert mesh("lineage", "shop.sale.amount", "--upstream", "--downstream").code == 2


def test_events_are_json_lines_and_can_be_picked_by_run(mesh, published) -> None:
    everything = [json.loads(line) for line in mesh("lineage", "events").out.splitlines()]
    assert {event["eventType"] for event in everything} == {"START", "COMPLETE"}
    run = everything[-1]["run"]["facets"]["parent"]["run"]["runId"]
    of_run = [json.loads(line) for line in mesh("lineage", "events", "--run", run).out.splitlines()]
    assert 0 < len(of_run) < len(everything)
    assert {event["run"]["facets"]["parent"]["run"]["runId"] for event in of_run} == {run}
    assert mesh("lineage", "events", "--run", "nothing").code == 2


@pytest.mark.parametrize(
    ("role", "domain", "sees"),
    [("data_owner", "shop", True), ("governance_auditor", None, True), ("data_owner", "market", False)],
)
def test_counts_in_events_are_for_owners_and_auditors(mesh, published, role, domain, sees) -> None:
    read_as(published.settings.home, role, domain=domain)
    text = mesh("lineage", "events").out
    counts = ("rowCount", "nullCount", "dataQualityMetrics", "inputStatistics", "outputStatistics")
    assert {name for name in counts if name in text} == (set(counts) if sees else set())
    assert "columnLineage" in text


@pytest.mark.parametrize(("role", "domain", "sees"), [("data_owner", "shop", True), ("data_owner", "market", False)])
def test_code_and_paths_in_events_are_for_owners_and_auditors(mesh, published, role, domain, sees) -> None:
    read_as(published.settings.home, role, domain=domain)
    text = mesh("lineage", "events").out
    shown = {"sql", "sourceCode", "sourceCodeLocation", "dataSource"}
    assert {name for name in shown if f'"{name}": {{' in text} == (shown if sees else set())
    for path in ('"name": "/', "file:/", str(published.settings.root)):
        assert (path in text) is sees
    assert ("def sale(" in text) is sees
    spent = [json.loads(line) for line in text.splitlines() if '"shop.customer_spend"' in line]
    (output,) = next(event["outputs"] for event in spent if event["outputs"][0]["facets"].get("columnLineage"))
    sources = {source["name"] for source in output["facets"]["columnLineage"]["fields"]["total"]["inputFields"]}
    assert (sources == {"shop.sale"}) is not sees


def test_without_a_receiver_status_and_forward_say_so(mesh, monkeypatch) -> None:
    monkeypatch.delenv("OPENLINEAGE_URL", raising=False)
    assert json.loads(mesh("lineage", "status", "--json").out)["receiver"] is False
    said = mesh("lineage", "forward")
    assert said.code == 1
    assert "no receiver is set" in said.out


def test_coverage_says_that_lineage_is_derived(mesh) -> None:
    listed = json.loads(mesh("contract", "coverage", "--json").out)
    of_lineage = {(e["product"], e["clause"]): e for e in listed if e["clause"].startswith("lineage.")}
    assert of_lineage["shop.customer_spend", "lineage.total"]["enforced"]
    assert len(of_lineage) == 19


@pytest.fixture
def edited(mesh, published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`edited(old, new)`: another workspace whose contract of customer_spend says something else."""
    from shop_workspace import write_workspace

    def edit(old: str, new: str, name: str) -> Path:
        root = tmp_path / name
        source = write_workspace(root, name)
        contract = source / name / "contracts" / "customer_spend.odcs.yaml"
        assert old in contract.read_text()
        contract.write_text(contract.read_text().replace(old, new, 1))
        monkeypatch.syspath_prepend(str(source))
        monkeypatch.setenv("BANKMESH_ROOT", str(root))
        monkeypatch.setenv("MESH_HOME", str(tmp_path / f"{name}_home"))
        load_location(name, f"{name}.definitions")
        return contract

    return edit


REMARK = "description: The remark of the last sale.\n        classification: "


def test_the_check_passes_where_confidentiality_is_kept(mesh) -> None:
    said = mesh("lineage", "check")
    assert said.code == 0, said.out
    assert "0 losses" in said.out


def test_the_check_names_both_columns_and_the_way_between_them(mesh, edited) -> None:
    contract = edited(f"{REMARK}restricted", f"{REMARK}internal", "pavilion")
    said = mesh("lineage", "check")
    assert said.code == 1
    line = next(n for n, text in enumerate(contract.read_text().splitlines(), 1) if "name: last_remark" in text)
    assert f"customer_spend.odcs.yaml:{line}: pavilion.customer_spend.last_remark is internal" in said.out
    assert "come from pavilion.sale.remark, which is restricted" in said.out
    assert "pavilion.sale.remark -> pavilion.customer_spend.last_remark" in said.out
    (loss,) = json.loads(mesh("lineage", "check", "--json").out)["losses"]
    assert loss["path"] == ["pavilion.sale.remark", "pavilion.customer_spend.last_remark"]


def test_a_declassification_that_a_rule_proves_is_no_loss(mesh, edited) -> None:
    edited(
        f"{REMARK}restricted",
        f"{REMARK}internal\n        customProperties:\n          - property: declassification\n"
        "            value: {method: generalisation, rule: last_remark__pattern, why: Letters alone say nobody's name.}",
        "barrow",
    )
    said = mesh("lineage", "check", "--json")
    assert json.loads(said.out)["losses"] == []
    assert json.loads(said.out)["declassified"] == [
        {"column": "barrow.customer_spend.last_remark", "by": "generalisation, proven by last_remark__pattern"}
    ]
    assert said.code == 0


def test_a_change_tells_whom_it_breaks(mesh, published, monkeypatch) -> None:
    from bankmesh import DataMeshClient

    root = published.settings.root
    product = DataMeshClient(root, published.settings.home, consumer="bookkeeping").get_data_product("shop", "sale")
    product.sql("select sum(amount) from product")
    product.to_polars(["sold_on"])
    old = root / "domains/shop/src/shop/contracts/sale.odcs.yaml"
    new = published.settings.home / "sale.odcs.yaml"
    new.write_text(old.read_text().replace("decimal(18,2)", "decimal(12,2)").replace("name: remark", "name: note"))
    changes = {c["subject"]: c for c in json.loads(mesh("contract", "diff", old, new, "--json").out) if c["breaking"]}
    hurt = {(h["consumer"], h["how"]): h["columns"] for h in changes["amount"]["hurts"]}
    assert hurt["shop.customer_spend", "values"] == ["total"]
    assert hurt["bookkeeping", "reads"] == ["amount"]
    assert hurt["shop.customer_spend", "decides"] == ["largest_sale_id"]
    assert ("shop.monthly_sale", "values") not in hurt
    gone = {(h["consumer"], h["how"]): h["columns"] for h in changes["remark"]["hurts"]}
    assert gone == {("shop.customer_spend", "values"): ["last_remark"]}
    said = mesh("contract", "diff", old, new)
    assert "shop.customer_spend (values: total)" in said.out
