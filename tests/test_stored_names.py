"""Names that mesh homes have stored: another one loses cursors, history or alerts of what has been running for months."""

import importlib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from bankmesh.alerts.delivery import tables as alert_tables
from bankmesh.catalog.index import tables as index_tables
from bankmesh.catalog.recorded_reads import FOLDER as READS
from bankmesh.lineage.openlineage import event_outbox
from bankmesh.lineage.openlineage.event_spool import spool_folder
from bankmesh.orchestration.asset_keys import key_of, landing_key, legacy_key
from bankmesh.orchestration.assets import event_metadata, run_tags
from bankmesh.orchestration.automation import automation_switch
from bankmesh.orchestration.code_locations import load_location
from bankmesh.orchestration.instance import DAGSTER_YAML
from bankmesh.orchestration.runner import in_process_runs
from bankmesh.ports import port_at
from bankmesh.ports.port_archive import archive_place
from bankmesh.ports.publication import COMMIT_KEY
from bankmesh.products.product_definition import product_input as product
from bankmesh.settings import LAST_EXPORTS, alert_settings, catalog_database, current_settings, lineage_database
from bankmesh.sources import landing_folder
from bankmesh.workspace.location_modules import location_modules

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MESH_HOME", str(tmp_path_factory.mktemp("mesh")))
        environment.setenv("BANKMESH_ROOT", str(ROOT))
        return load_location("retail", location_modules(ROOT)["retail"]).definitions


def test_sensors_and_schedules_keep_their_cursors(retail):
    assert {sensor.name for sensor in retail.sensors} == {
        "retail_alerts", "retail_catalog", "retail_lineage", "retail_new_files", "retail_refresh",
    }  # fmt: skip
    assert {schedule.name for schedule in retail.schedules} == {"retail_at_0_6_18_x_x_x", "retail_retention"}


def test_assets_keep_their_history():
    assert key_of(product("retail.party")) == dg.AssetKey(["retail", "party"])
    assert key_of(product("retail.customer_360@2")) == dg.AssetKey(["retail", "customer_360", "v2"])
    assert landing_key("retail", "core_banking", "trans") == dg.AssetKey(["retail", "landing", "core_banking_trans"])
    assert legacy_key("core_banking", "trans") == dg.AssetKey(["legacy", "core_banking_trans"])


def test_tags_and_metadata_are_read_from_events_of_earlier_releases():
    assert (run_tags.STARTED_BY, in_process_runs.PROCESS_TAG) == ("bankmesh/started_by", "bankmesh/process")
    assert (run_tags.UNCHANGED_TAG, run_tags.CONFIRM) == ("bankmesh/unchanged", "confirm")
    assert (run_tags.ACCEPT_TAG, run_tags.ACCEPTED_BY_TAG, run_tags.ACCEPTED_KEYS_TAG) == (
        "bankmesh/accept_shrink", "bankmesh/accept_shrink_by", "bankmesh/accept_shrink_of",
    )  # fmt: skip
    assert (event_metadata.VERSION_KEY, event_metadata.CANDIDATE_KEY) == ("version", "candidate")
    assert (event_metadata.CONFIRMED, event_metadata.UNCHANGED_PARTITIONS) == ("confirmed", "partitions unchanged")
    assert (event_metadata.LOOKED_AT, event_metadata.WHOLE_TABLE) == ("looked at", "the whole table")
    assert (event_metadata.EVALUATED, event_metadata.UNREADABLE_INPUT) == ("evaluated partitions", "unreadable input")
    assert (event_metadata.NOT_DELIVERED, COMMIT_KEY) == ("not delivered", "bankmesh")


def test_a_home_keeps_its_places(tmp_path, monkeypatch):
    monkeypatch.setenv("MESH_HOME", str(tmp_path))
    monkeypatch.setenv("BANKMESH_ROOT", str(ROOT))
    for variable in ("BANKMESH_CATALOG_DB", "BANKMESH_LINEAGE_DB", "BANKMESH_ALERTS", "BANKMESH_ALERTS_DB"):
        monkeypatch.delenv(variable, raising=False)
    settings = current_settings()
    assert settings.dagster_home == tmp_path / "dagster"
    assert catalog_database(settings) == f"sqlite:///{tmp_path}/catalog.db"
    assert lineage_database(tmp_path) == f"sqlite:///{tmp_path}/lineage.db"
    assert alert_settings(settings).database == f"sqlite:///{tmp_path}/alerts.db"
    assert alert_settings(settings).file == tmp_path / "alerts.yaml"
    assert spool_folder(tmp_path) == tmp_path / "lineage-waiting"
    assert port_at(tmp_path, "retail.party", 2).path == tmp_path / "ports/retail/party/v2"
    assert archive_place(tmp_path, "retail.party", 2).path == tmp_path / "archive/retail/party/v2"
    assert landing_folder(tmp_path, "retail", "core_banking", "trans").is_relative_to(tmp_path / "landings/retail")
    assert (READS, LAST_EXPORTS, automation_switch.FILE) == ("use", "exports-read-last", "automation.json")


def test_tables_keep_their_names():
    assert set(alert_tables.metadata.tables) == {
        "bankmesh_alert_cursor", "bankmesh_alert_delivery", "bankmesh_alert_incident", "bankmesh_alert_notice",
    }  # fmt: skip
    assert set(event_outbox.metadata.tables) == {"bankmesh_lineage_event", "bankmesh_lineage_turn"}
    assert {name.startswith("bankmesh_catalog_") for name in index_tables.metadata.tables} == {True}


def test_the_class_that_settings_of_dagster_name_is_where_they_name_it():
    named = yaml.safe_load(DAGSTER_YAML)["instance_class"]
    assert named == {"module": "bankmesh.sqlite_storage", "class": "MeshInstance"}
    assert issubclass(getattr(importlib.import_module(named["module"]), named["class"]), dg.DagsterInstance)
