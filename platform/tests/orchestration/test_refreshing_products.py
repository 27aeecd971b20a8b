"""Automation over two domains: what a tick asks for, and that a change goes through the mesh once."""

import socket
import subprocess
import sys
from collections import Counter

import dagster as dg
from shop_workspace import SALES, Sale, changed, write_exports
from two_domains import CONSUMER, LANDINGS, SUPPLIER

from bankmesh.orchestration.runner.in_process_runs import PROCESS_TAG, end_dead_runs, process_tags


def _land(trading, *sales):
    write_exports(trading.settings.exports, sales or (*SALES, Sale(5, 2, "2024-04-02", "7.00")))
    assert trading.run(SUPPLIER, LANDINGS[:1]).success


def test_a_first_landing_publishes_every_product_once(trading, first_wave):
    assert first_wave == [
        "arcade/turnover", "arcade/visitor", "bazaar/customer_spend", "bazaar/monthly_sale", "bazaar/opening_hour",
        "bazaar/sale", "bazaar/top_customer",
    ]  # fmt: skip
    assert trading.settle() == []


def test_nothing_is_asked_for_where_nothing_was_landed(untouched):
    assert untouched.settle() == []


def test_what_can_go_in_one_run_does_and_a_range_of_partitions_is_one_run(trading):
    _land(trading)
    requests = sorted(trading.tick(SUPPLIER).run_requests, key=lambda request: len(request.asset_selection))
    months, others = requests
    assert [key.path[-1] for key in months.asset_selection] == ["monthly_sale"]
    assert months.partition_key is None
    assert months.tags["dagster/asset_partition_range_start"] == "2024-01-01"
    assert months.tags["dagster/asset_partition_range_end"] == "2024-04-01"
    assert sorted(key.path[-1] for key in others.asset_selection) == ["customer_spend", "sale", "top_customer"]
    # The other domain sees the landing's change two steps away, and waits.
    assert trading.asked(CONSUMER) == []


def test_a_change_goes_through_the_mesh_once_whoever_ticks_in_between(trading):
    before = trading.versions("arcade.turnover")
    _land(trading)
    assert trading.run(SUPPLIER, ["bazaar/sale"]).success  # by hand: what reads it has not followed yet
    assert trading.asked(CONSUMER) == []
    made = trading.settle()
    assert Counter(made) == dict.fromkeys(made, 1)
    assert set(made) == {
        "arcade/turnover", "arcade/visitor", "bazaar/customer_spend", "bazaar/monthly_sale", "bazaar/top_customer",
    }  # fmt: skip
    assert trading.versions("arcade.turnover") == before + 1


def test_after_a_gate_failure_nothing_happens_until_an_input_changes_again(trading):
    before = trading.versions("bazaar.customer_spend"), trading.versions("arcade.visitor")
    _land(trading, *changed(4, amount="2000.00"))  # customer_spend promises at most 1000
    assert trading.settle().count("bazaar/customer_spend") == 1
    assert (trading.versions("bazaar.customer_spend"), trading.versions("arcade.visitor")) == before
    assert trading.settle() == []
    _land(trading, *SALES)
    assert ["bazaar/customer_spend", "bazaar/sale", "bazaar/top_customer"] in trading.asked(SUPPLIER)


def test_what_waits_in_the_queue_is_not_asked_for_again(trading):
    _land(trading)
    [others] = [r for r in trading.tick(SUPPLIER).run_requests if len(r.asset_selection) > 1]
    job = trading.definitions[SUPPLIER].resolve_implicit_global_asset_job_def()
    with trading.instance() as instance:
        run = instance.create_run_for_job(job.get_subset(asset_selection=set(others.asset_selection)))
        assert trading.asked(SUPPLIER) == [["bazaar/monthly_sale"]]
        instance.report_run_canceled(run)
    # Nor is it afterwards: whoever takes a run out of the queue does not want it.
    assert trading.asked(SUPPLIER) == [["bazaar/monthly_sale"]]


def test_a_run_whose_process_was_killed_holds_nobody_up(trading):
    _land(trading)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    job = trading.definitions[SUPPLIER].resolve_implicit_global_asset_job_def()
    tag = f"{socket.gethostname()}:{ended.pid}"
    with trading.instance() as instance:
        selected = job.get_subset(asset_selection={dg.AssetKey(LANDINGS[0].split("/"))})
        started = dg.DagsterRunStatus.STARTED
        dead = instance.create_run_for_job(selected, status=started, tags={PROCESS_TAG: tag})
        alive = instance.create_run_for_job(selected, status=started, tags=process_tags())
        assert trading.asked(SUPPLIER) == []
        assert instance.get_run_by_id(dead.run_id).status is dg.DagsterRunStatus.FAILURE
        instance.report_run_canceled(alive)
    assert len(trading.asked(SUPPLIER)) == 2


def test_a_deprecated_product_is_refreshed_like_any_other(trading):
    graph = trading.definitions[CONSUMER].resolve_asset_graph()
    [key] = [key for key in graph.materializable_asset_keys if key.path[-1] == "turnover"]
    assert graph.get(key).tags["contract_status"] == "deprecated"
    assert graph.get(key).automation_condition is not None


def test_off_asks_for_nothing_and_on_catches_up(trading, monkeypatch):
    _land(trading)
    monkeypatch.setenv("BANKMESH_AUTOMATION", "off")
    told = trading.tick(SUPPLIER)
    assert not told.run_requests
    assert told.skip_message == "automation is off: the environment sets BANKMESH_AUTOMATION=off."
    monkeypatch.delenv("BANKMESH_AUTOMATION")
    assert len(trading.asked(SUPPLIER)) == 2


def test_a_run_of_a_process_whose_id_another_one_has_now_is_ended(trading):
    _land(trading)
    job = trading.definitions[SUPPLIER].resolve_implicit_global_asset_job_def()
    with trading.instance() as instance:
        selected = job.get_subset(asset_selection={dg.AssetKey(LANDINGS[0].split("/"))})
        host, number, _ = process_tags()[PROCESS_TAG].split(":")
        tags = {PROCESS_TAG: f"{host}:{number}:00000000"}
        run = instance.create_run_for_job(selected, status=dg.DagsterRunStatus.STARTED, tags=tags)
        assert end_dead_runs(instance) == [run.run_id]
        earlier = {PROCESS_TAG: f"{host}:{number}"}  # of a release that did not note the start
        kept = instance.create_run_for_job(selected, status=dg.DagsterRunStatus.STARTED, tags=earlier)
        assert end_dead_runs(instance) == []
        instance.report_run_canceled(kept)
