"""A home that the release before built: it opens, runs go on with its versions, and nothing is alerted twice.

`homes/shop-0.1.0.tar.xz` is the home of the tests' shop, as the last commit before the package `orchestration` left it:
five products published, then a candidate of `sale` that the gate refused, alerted once. The catalog's index and dbt's
files are left out, because they are made anew.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alert_mesh import settle_at_once
from shop_fixtures import shop_definitions, shop_root
from shop_mesh import Mesh, settings_in
from shop_workspace import SALES, write_exports

from bankmesh.alerts.alert_tick import run_tick
from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.catalog.index.index_update import rebuild
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.orchestration.history.check_events import LoggedChecks
from bankmesh.orchestration.history.domain_events import LoggedDomain
from bankmesh.orchestration.instance import open_instance
from bankmesh.products.domain_package import read_domain
from bankmesh.settings import alert_settings, lineage_database

if TYPE_CHECKING:
    import dagster as dg

__all__ = ["shop_definitions", "shop_root"]

HOME = Path(__file__).parent / "homes/shop-0.1.0.tar.xz"
PRODUCTS = ("sale", "customer_spend", "top_customer", "opening_hour")


@pytest.fixture
def home(shop_root: Path, shop_definitions: dg.Definitions, tmp_path: Path) -> Mesh:
    """The home, unpacked beside today's code."""
    with tarfile.open(HOME) as packed:
        packed.extractall(tmp_path, filter="data")
    mesh = Mesh(settings_in(shop_root, tmp_path), shop_definitions)
    mesh.activate()
    return mesh


def _tick(mesh: Mesh) -> list[str]:
    domain = read_domain(mesh.settings.root / "domains/shop/src/shop")
    places = alert_settings(mesh.settings)
    with open_instance(mesh.settings) as instance:
        return run_tick(LoggedDomain(instance, "shop", "shop"), domain, places, home=mesh.settings.home).summaries


def test_nothing_is_alerted_twice_and_the_open_incident_recovers(home: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    settle_at_once(monkeypatch)
    assert _tick(home) == []
    with AlertOutbox(alert_settings(home.settings).database) as outbox:
        assert [incident.name for incident in outbox.incidents_of("shop").values()] != []
    write_exports(home.settings.exports, SALES)
    assert home.run("till.sale", "sale").success
    assert _tick(home) == ["[RECOVERED] shop.sale: check amount__range passes again"]
    assert _tick(home) == []


def test_runs_go_on_with_its_versions(home: Mesh) -> None:
    assert {name: home.versions(name) for name in PRODUCTS} == {key: [0] for key in PRODUCTS}
    write_exports(home.settings.exports, SALES)
    assert home.run("till.sale", *PRODUCTS).success
    assert {name: home.versions(name) for name in PRODUCTS} == {key: [0, 1] for key in PRODUCTS}
    assert {name: home.reported(name) for name in PRODUCTS} == {key: [0, 1] for key in PRODUCTS}
    assert home.rows("sale", 0) == home.rows("sale", 1)


def test_its_history_is_in_the_catalog_and_its_lineage_is_kept(home: Mesh) -> None:
    with open_instance(home.settings) as instance:
        assert rebuild(home.settings, LoggedChecks(instance)).entries > 50
    with EventOutbox(lineage_database(home.settings.home)) as outbox:
        assert outbox.unfinished() == []
        kinds = [kept.event["eventType"] for kept in outbox.all_events()]
    assert kinds.count("COMPLETE") >= len(PRODUCTS)
