"""The sensor that keeps the catalog current: it says what it did, and never fails."""

from __future__ import annotations

import re

import dagster as dg
import pytest
import sqlalchemy as sa
from catalog_samples import Col, Samples

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.orchestration.automation.catalog_sensor import catalog_sensor
from bankmesh.settings import CATALOG_DATABASE, catalog_database


@pytest.fixture
def shop(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> Samples:
    (samples.settings.root / "workspace.yaml").touch()
    samples.contract("shop.sale", Col("paid"))
    monkeypatch.setenv("BANKMESH_ROOT", str(samples.settings.root))
    monkeypatch.setenv("MESH_HOME", str(samples.settings.home))
    monkeypatch.delenv(CATALOG_DATABASE, raising=False)
    return samples


@pytest.fixture
def tick(shop: Samples):
    """One tick of the sensor of a domain; what it says."""
    with dg.DagsterInstance.ephemeral() as instance:

        def evaluate(domain: str = "shop") -> str:
            sensor = catalog_sensor(domain, shop.settings.root)
            context = dg.build_sensor_context(instance=instance)
            found = sensor.evaluate_tick(context)
            assert found.run_requests == []
            return found.skip_message

        evaluate.instance = instance
        yield evaluate


def test_it_runs_by_itself_at_the_pace_of_the_others(shop: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANKMESH_SENSOR_SECONDS", "17")
    sensor = catalog_sensor("shop", shop.settings.root)
    assert sensor.name == "shop_catalog"
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 17


def test_it_builds_then_does_what_is_new_and_only_once_for_all_domains(shop: Samples, tick) -> None:
    assert re.fullmatch(r"rebuilt: 1 products \(\d+\.\d s\)", tick())
    assert tick("desk").startswith("nothing new")
    shop.publish("shop.sale")
    tick.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=dg.AssetKey(["shop", "sale"]), check_name="schema", passed=True)
    )
    assert tick("desk").startswith("1 products, 1 entries of the event log")
    assert tick().startswith("nothing new")
    with Catalog(catalog_database(shop.settings)) as catalog, catalog.reading() as connection:
        assert connection.scalars(sa.select(tables.publications.c.port)).all() == ["shop.sale"]


def test_while_another_process_writes_it_waits_for_the_next_tick(shop: Samples, tick, monkeypatch) -> None:
    tick()
    shop.publish("shop.sale")
    monkeypatch.setattr("bankmesh.storage.databases._BUSY_SECONDS", 0.1)
    with Catalog(catalog_database(shop.settings)) as catalog, catalog.writing():
        assert tick().startswith("not now: Another process")
    assert tick().startswith("1 products")


def test_a_database_that_is_none_and_one_that_is_newer(shop: Samples, tick, monkeypatch, tmp_path) -> None:
    (tmp_path / "no.db").write_text("this is no database, whatever its name says" * 50)
    monkeypatch.setenv(CATALOG_DATABASE, f"sqlite:///{tmp_path / 'no.db'}")
    assert tick() == "not refreshed: DatabaseError; the next tick reads the same"
    monkeypatch.setenv(CATALOG_DATABASE, f"sqlite:///{tmp_path / 'newer.db'}")
    tick()
    with Catalog(catalog_database(shop.settings)) as catalog, catalog.writing() as connection:
        connection.execute(sa.text("update bankmesh_catalog_revision set version_num = '9999'"))
    assert tick().startswith("not refreshed: The catalog's tables are of version 9999")
