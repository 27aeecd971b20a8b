"""The sensor of a domain: how often it looks, and that nothing makes it fail."""

from __future__ import annotations

import dagster as dg
import pytest
from alert_mesh import ShopMesh, instance_in, settle_at_once
from dagster._core.definitions.freshness import FreshnessState

from bankmesh.orchestration.automation.alert_sensor import alert_sensors
from bankmesh.settings import BadNumber, alert_settings, current_settings


@pytest.fixture
def mesh(tmp_path, monkeypatch):
    settle_at_once(monkeypatch)
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "mesh"))
    for name in ("BANKMESH_ALERTS", "BANKMESH_ALERTS_DB", "BANKMESH_SENSOR_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    with instance_in(tmp_path / "dagster") as instance:
        yield ShopMesh(instance, alert_settings(current_settings()))


def tick(mesh) -> str:
    (sensor,) = alert_sensors(mesh.domain, current_settings().root)
    with dg.build_sensor_context(instance=mesh.instance) as context:
        said = sensor(context)
    assert isinstance(said, dg.SkipReason)
    return said.skip_message or ""


def test_it_starts_by_itself_and_looks_as_often_as_it_is_told(mesh, monkeypatch) -> None:
    (sensor,) = alert_sensors(mesh.domain, current_settings().root)
    assert (sensor.name, sensor.minimum_interval_seconds) == ("shop_alerts", 30)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    monkeypatch.setenv("BANKMESH_SENSOR_SECONDS", "2")
    assert alert_sensors(mesh.domain, current_settings().root)[0].minimum_interval_seconds == 2
    monkeypatch.setenv("BANKMESH_SENSOR_SECONDS", "soon")
    with pytest.raises(BadNumber, match="BANKMESH_SENSOR_SECONDS='soon' is not a number of seconds"):
        alert_sensors(mesh.domain, current_settings().root)


def test_a_tick_says_what_it_told(mesh) -> None:
    assert tick(mesh) == "nothing new"
    mesh.run(outcome="failed")
    assert tick(mesh) == "[ERROR] shop.sale: check small failed"
    assert tick(mesh) == "nothing new"


def test_receivers_that_fail_and_faulty_files_do_not_stop_it(mesh) -> None:
    tick(mesh)
    mesh.run(outcome="failed")
    mesh.places.file.write_text("chanels: {}\n")
    assert "1 fault in 1 alert routing file" in tick(mesh)
    mesh.places.file.write_text("channels: {dead: json://127.0.0.1:9/}\nfallback: [dead]\n")
    assert "failed: dead: " in tick(mesh)
    assert tick(mesh) == "nothing new"


def test_a_database_that_is_not_there_does_not_stop_it(mesh, monkeypatch) -> None:
    tick(mesh)
    mesh.run(outcome="failed")
    monkeypatch.setenv("BANKMESH_ALERTS_DB", "postgresql://alerts:hunter2@127.0.0.1:9/alerts")
    said = tick(mesh)
    assert said.startswith("tick failed: OperationalError")
    assert "hunter2" not in said
    monkeypatch.delenv("BANKMESH_ALERTS_DB")
    assert tick(mesh) == "[ERROR] shop.sale: check small failed"


def test_outside_a_workspace_it_says_so(mesh, monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("BANKMESH_ROOT")
    (tmp_path / "workspace.yaml").unlink()
    (sensor,) = alert_sensors(mesh.domain, tmp_path)
    with dg.build_sensor_context(instance=mesh.instance) as context:
        assert "No workspace.yaml" in (sensor(context).skip_message or "")


def test_the_asset_graph_of_the_location_names_what_is_upstream(mesh) -> None:
    """Two products are late behind a landing that failed: the owner gets one message that names it."""
    landing = dg.AssetKey(["shop", "landing", "till_sale"])
    behind = [dg.AssetKey(["shop", name]) for name in ("report", "score")]

    @dg.asset(key=landing)
    def land() -> None:
        raise RuntimeError

    @dg.multi_asset(specs=[dg.AssetSpec(key, deps=[landing]) for key in behind])
    def build():
        """Never run here."""

    repository = dg.Definitions(assets=[land, build]).get_repository_def()
    (sensor,) = alert_sensors(mesh.domain, current_settings().root)

    def tick() -> str:
        with dg.build_sensor_context(instance=mesh.instance, repository_def=repository) as context:
            return str(sensor(context).skip_message)

    tick()
    dg.materialize([land], instance=mesh.instance, raise_on_error=False)
    for key in behind:
        mesh.change_freshness(FreshnessState.FAIL, key)
    assert tick() == ("[ERROR] shop.landing.till_sale: run failed; [ERROR] 2 assets affected by shop.landing.till_sale")
