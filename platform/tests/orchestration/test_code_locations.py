"""Code locations as Dagster loads them: one that does not load leaves the others working, and freshness is evaluated."""

import datetime as dt
import shutil
import sys

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.freshness import FreshnessDaemon
from two_domains import CONSUMER, SUPPLIER

from bankmesh.orchestration.asset_keys import asset_key, landing_key
from bankmesh.orchestration.instance import open_instance

pytestmark = pytest.mark.system

WORKSPACE = """\
load_from:
  - python_module: {{module_name: bazaar.definitions, location_name: bazaar}}
  - python_module:
      module_name: arcade.definitions
      location_name: arcade
      # An environment of its own: any Python that has the platform and this domain.
      executable_path: {python}
"""


@pytest.fixture
def workspace(trading, tmp_path, monkeypatch):
    """A copy of the workspace that the test may break, and how to load it as the web server and the daemon do."""
    root = tmp_path / "workspace"
    shutil.copytree(trading.settings.root, root)
    (root / "workspace.yaml").write_text(WORKSPACE.format(python=sys.executable))
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.setenv("PYTHONPATH", ":".join(str(path) for path in sorted(root.glob("domains/*/src"))))

    def load(instance):
        return WorkspaceProcessContext(instance, WorkspaceFileTarget([str(root / "workspace.yaml")]))

    return root, load


@pytest.mark.filterwarnings(f"ignore:Error loading repository location {SUPPLIER}")
def test_a_broken_dbt_model_breaks_its_own_location_alone(trading, workspace):
    root, load = workspace
    (root / "dbt_project" / "models" / SUPPLIER / "products" / "top_customer.sql").write_text("select {{ nonsense( }}")
    with open_instance(trading.settings) as instance, load(instance) as process:
        context = process.create_request_context()
        assert context.code_location_names == [SUPPLIER, CONSUMER]
        assert context.has_code_location_error(SUPPLIER)
        told = context.get_code_location_error(SUPPLIER)
        assert "top_customer" in told.to_string()
        assert not context.has_code_location_error(CONSUMER)
        repository = context.get_code_location(CONSUMER).get_repository("__repository__")
        assert repository.has_sensor("arcade_refresh")


def test_freshness_of_products_and_landings_is_measured_from_publication_and_landing(trading, workspace):
    _, load = workspace
    sale, landing = asset_key(f"{SUPPLIER}/sale"), landing_key(SUPPLIER, "till", "sale")
    with open_instance(trading.settings) as instance, load(instance) as process:
        assert instance.freshness_enabled

        def states():
            list(FreshnessDaemon().run_iteration(process))
            records = instance.get_freshness_state_records([sale, landing])
            return {key: record.freshness_state.value for key, record in records.items()}

        assert states() == {sale: "PASS", landing: "PASS"}
        with freeze_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=2)):
            assert states() == {sale: "FAIL", landing: "FAIL"}
        changes = instance.get_event_records(
            dg.EventRecordsFilter(dg.DagsterEventType.FRESHNESS_STATE_CHANGE, asset_key=sale)
        )
        told = [record.event_log_entry.dagster_event.event_specific_data for record in changes]
        assert [change.new_state.value for change in reversed(told)] == ["PASS", "FAIL"]
