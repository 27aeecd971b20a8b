"""After a withdrawal automation leaves the product alone, and what reads it follows the restored version."""

import datetime as dt
import shutil

import dagster as dg
import pytest
from shop_workspace import SALES, Sale, write_exports
from two_domains import LANDINGS, SUPPLIER

from bankmesh.orchestration.automation import schedules
from bankmesh.ports import port_at, read_history, resume, withdraw

WHO = {"by": "Ada", "reason": "wrong currency"}


def _land(trading, *sales):
    write_exports(trading.settings.exports, sales)
    assert trading.run(SUPPLIER, LANDINGS[:1]).success


def _port(trading, product):
    return port_at(trading.settings.home, product, 1)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the first test leaves a copy of the mesh that the others begin with."""
    return tmp_path_factory.mktemp("held") / "trading"


@pytest.fixture
def held(trading, kept):
    """A new sale went through the whole mesh; then the version of `bazaar.sale` with it is withdrawn."""
    folder = trading.settings.home.parent
    if kept.exists():
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        return trading
    _land(trading, *SALES, Sale(5, 2, "2024-04-02", "7.00"))
    trading.settle()
    port = _port(trading, "bazaar.sale")
    withdraw(port, read_history(port)[0].version, **WHO)
    trading.tick(SUPPLIER, "lineage")
    shutil.copytree(folder, kept)
    return trading


def test_what_reads_it_follows_and_it_is_not_built(held):
    before = held.versions("bazaar.sale")
    made = held.settle()
    assert "bazaar/sale" not in made
    assert {"bazaar/customer_spend", "bazaar/top_customer", "arcade/visitor", "arcade/turnover"} <= set(made)
    assert held.versions("bazaar.sale") == before
    assert held.settle() == []


def test_a_new_landing_builds_the_others_until_it_is_resumed(held):
    held.settle()
    _land(held, *SALES, Sale(5, 2, "2024-04-02", "8.00"))
    made = held.settle()
    assert "bazaar/monthly_sale" in made
    assert "bazaar/sale" not in made
    told = held.tick(SUPPLIER)
    assert "bazaar.sale is held since" in told.skip_message
    assert "Ada, who withdrew version" in told.skip_message
    resume(_port(held, "bazaar.sale"), by="Grace", reason="repaired")
    assert "bazaar/sale" in held.settle()


def test_a_schedule_leaves_it_out(held):
    repository = held.definitions[SUPPLIER].get_repository_def()
    [schedule] = [each for each in repository.schedule_defs if each.name != f"{SUPPLIER}_retention"]
    with held.instance() as instance:
        moment = dt.datetime(2026, 1, 2, 5, 30, tzinfo=dt.UTC)
        [request] = schedule.evaluate_tick(
            dg.build_schedule_context(instance, moment, repository_def=repository)
        ).run_requests
    assert [key.path[-1] for key in request.asset_selection] == ["till_sale"]


def test_a_schedule_whose_products_are_all_held_requests_nothing(held, monkeypatch):
    """A request for no assets would run every asset of the location."""
    repository = held.definitions[SUPPLIER].get_repository_def()
    [schedule] = [each for each in repository.schedule_defs if each.name != f"{SUPPLIER}_retention"]
    only = dg.AssetSelection.assets(dg.AssetKey([SUPPLIER, "sale"]))
    monkeypatch.setattr(schedules, "scheduled_assets", lambda _schedule: only)
    with held.instance() as instance:
        moment = dt.datetime(2026, 1, 2, 5, 30, tzinfo=dt.UTC)
        tick = schedule.evaluate_tick(dg.build_schedule_context(instance, moment, repository_def=repository))
    assert tick.run_requests == []
    assert tick.skip_message == "every product of this schedule is held: bazaar.sale"
