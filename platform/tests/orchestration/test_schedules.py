"""Schedules from contracts: what they run, when, and that the switch holds them up."""

import datetime as dt

import dagster as dg
import pytest
from shop_workspace import at_stage, contract_text
from two_domains import SCHEDULE, SUPPLIER

from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.orchestration.automation.schedules import group_by_schedule
from bankmesh.products.publication_schedule import PublicationSchedule, schedule_of


def _contract(name, schedule=SCHEDULE, status="active"):
    text = contract_text(name).replace("customProperties:\n", f"{schedule}customProperties:\n", 1)
    text = at_stage(text, status)
    contract, faults = read_text(f"{name}.odcs.yaml", text)
    assert faults == ()
    return contract


@pytest.fixture
def schedule(trading):
    repository = trading.definitions[SUPPLIER].get_repository_def()
    [found] = [each for each in repository.schedule_defs if each.name != f"{SUPPLIER}_retention"]
    return repository, found


def _evaluate(trading, repository, schedule):
    with trading.instance() as instance:
        moment = dt.datetime(2026, 1, 2, 5, 30, tzinfo=dt.UTC)
        context = dg.build_schedule_context(instance, moment, repository_def=repository)
        return schedule.evaluate_tick(context)


def test_a_schedule_lands_what_its_products_read_and_publishes_the_unpartitioned_ones(trading, schedule):
    repository, found = schedule
    assert (found.name, found.cron_schedule, found.execution_timezone) == ("bazaar_at_30_5_x_x_x", "30 5 * * *", "UTC")
    assert found.description == (
        "Every day at 05:30 UTC: lands and publishes bazaar.monthly_sale, bazaar.sale, as their contracts promise."
    )
    assert found.default_status is dg.DefaultScheduleStatus.RUNNING
    job = repository.get_job(found.job_name)
    # monthly_sale is scheduled too: it is partitioned, and follows the landing by automation.
    assert {key.path[-1] for key in job.asset_layer.executable_asset_keys} == {"till_sale", "sale"}
    [request] = _evaluate(trading, repository, found).run_requests
    assert request.tags["bankmesh/started_by"] == "schedule"


def test_its_run_confirms_what_no_file_has_changed(trading, schedule):
    """The product is as fresh as if it were published; what is partitioned follows, to be confirmed as well."""
    repository, found = schedule
    before = trading.versions("bazaar.sale")
    [request] = _evaluate(trading, repository, found).run_requests
    with trading.instance() as instance:
        ended = repository.get_job(found.job_name).execute_in_process(
            instance=instance, raise_on_error=False, tags=request.tags
        )
        made = instance.get_latest_materialization_event(dg.AssetKey(["bazaar", "sale"]))
    assert ended.success
    assert made.run_id == ended.run_id
    assert "confirmed" in made.asset_materialization.metadata
    assert trading.versions("bazaar.sale") == before
    assert ["bazaar/monthly_sale"] in trading.asked(SUPPLIER)


def test_off_means_off(trading, schedule, monkeypatch):
    monkeypatch.setenv("BANKMESH_AUTOMATION", "off")
    told = _evaluate(trading, *schedule)
    assert not told.run_requests
    assert told.skip_message.startswith("automation is off")


def test_one_schedule_for_each_clock_and_none_for_what_has_none():
    evening = SCHEDULE.replace("30 5", "0 20")
    contracts = [_contract("sale"), _contract("opening_hour"), _contract("top_customer", evening)]
    contracts.append(_contract("customer_spend", schedule=""))
    found = group_by_schedule(contracts)
    assert {clock.cron: [c.name for c in group] for clock, group in found.items()} == {
        "30 5 * * *": ["sale", "opening_hour"],
        "0 20 * * *": ["top_customer"],
    }


@pytest.mark.parametrize(("status", "scheduled"), [("deprecated", True), ("draft", False), ("retired", False)])
def test_a_deprecated_product_goes_on_and_one_without_a_life_does_not(status, scheduled):
    assert bool(group_by_schedule([_contract("sale", status=status)])) is scheduled


def test_a_clock_has_a_time_zone_which_is_part_of_its_name():
    prague = f"{SCHEDULE}customProperties:\n  - property: scheduleTimezone\n    value: Europe/Prague\n"
    text = contract_text("sale").replace("customProperties:\n", prague, 1)
    contract, faults = read_text("sale.odcs.yaml", text)
    assert faults == ()
    clock = schedule_of(contract)
    assert clock == PublicationSchedule("30 5 * * *", "Europe/Prague")
    assert clock.slug == "30_5_x_x_x_europe_prague"


def test_landings_are_promised_as_fresh_as_the_scheduled_products_that_read_them(trading):
    graph = trading.definitions[SUPPLIER].resolve_asset_graph()
    policies = {key.path[-1]: graph.get(key).freshness_policy for key in graph.materializable_asset_keys}
    assert policies["till_sale"].fail_window.to_timedelta() == dt.timedelta(days=1)
    # The opening hours are published when their file changes; nobody promises more.
    assert policies["till_hour"] is None
