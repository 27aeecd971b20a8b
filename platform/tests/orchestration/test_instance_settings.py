"""Dagster's settings of a mesh home: written once, brought up to date, never taken from who changed them."""

import pytest

from bankmesh.orchestration.instance import DAGSTER_YAML, open_instance, prepare_dagster_home
from bankmesh.settings import Settings

FIRST = """\
# One machine: SQLite storage beside this file, which Dagster chooses where nothing else is said.
telemetry:
  enabled: false
# No dialogue on the first visit to the UI.
nux:
  enabled: false
"""


@pytest.fixture
def settings(tmp_path):
    return Settings(root=tmp_path, home=tmp_path / "home", exports=tmp_path / "exports")


def test_runs_queue_pools_hold_and_freshness_is_evaluated(settings):
    with open_instance(settings) as instance:
        concurrency = instance.get_concurrency_config()
        assert concurrency.run_queue_config.max_concurrent_runs == 2
        assert concurrency.pool_config.pool_granularity.value == "run"
        assert concurrency.pool_config.default_pool_limit == 1
        assert instance.freshness_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 6 * 3600
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 1)
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled


def test_what_an_earlier_version_wrote_is_brought_up_to_date(settings):
    settings.dagster_home.mkdir(parents=True)
    (settings.dagster_home / "dagster.yaml").write_text(FIRST)
    assert "concurrency:" in (prepare_dagster_home(settings) / "dagster.yaml").read_text()


def test_what_the_release_before_wrote_is_brought_up_to_date_too(settings):
    lines = DAGSTER_YAML.splitlines(keepends=True)
    added = lines.index("instance_class:\n")
    before = "# One machine: SQLite storage beside this file, which Dagster chooses where nothing else is said.\n"
    settings.dagster_home.mkdir(parents=True)
    (settings.dagster_home / "dagster.yaml").write_text(before + "".join(lines[added + 4 :]))
    assert (prepare_dagster_home(settings) / "dagster.yaml").read_text() == DAGSTER_YAML


def test_what_somebody_has_changed_is_theirs(settings):
    settings.dagster_home.mkdir(parents=True)
    (settings.dagster_home / "dagster.yaml").write_text(FIRST + "# ours\n")
    assert (prepare_dagster_home(settings) / "dagster.yaml").read_text() == FIRST + "# ours\n"


def test_steps_that_build_and_steps_that_land_have_a_pool_each(trading):
    for domain, definitions in trading.definitions.items():
        job = definitions.resolve_implicit_global_asset_job_def()
        pools = {node.name: node.definition.pool for node in job.graph.nodes}
        assert {name: pool for name, pool in pools.items() if "landing" in name} == {
            name: "landing_files" for name in pools if "landing" in name
        }
        assert {pool for name, pool in pools.items() if name.startswith(f"{domain}__") and "landing" not in name} == {
            "building_products"
        }
