"""Systems of which an export holds nothing: told as absent with all behind them, while the rest of the mesh is made."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
from shop_workspace import SYSTEM, changed, write_exports, write_workspace

from bankmesh.errors import LegacyFileError, NotDelivered
from bankmesh.orchestration.code_locations import load_location
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.settings import Settings
from bankmesh.sources import legacy_files, read_system

DOMAIN = "kiosk"
BEHIND_CLOCK = {"kiosk/landing/clock_hour", "kiosk/opening_hour"}
BEHIND_TILL = {"kiosk/landing/till_sale", "kiosk/sale", "kiosk/top_customer"}
TOP_CUSTOMER = """\
def top_customer(sales):
    return sales.sort("amount", "sale_id").tail(1).select("customer_id", largest_sale_id="sale_id")
"""


@dataclass
class Steps:
    """Who is told of a run."""

    failures: dict[str, str] = field(default_factory=dict)

    def started(self, step: str) -> None:
        """Nothing to keep."""

    def finished(self, step: str, notes: dict[str, object]) -> None:
        """Nothing to keep."""

    def decided(self, unchanged: object) -> None:
        """Nothing to keep."""

    def failed(self, step: str, message: str) -> None:
        self.failures[step] = message


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace like the shop's, without dbt, and with a system of their own for the hours."""
    root = tmp_path_factory.mktemp("kiosk")
    source = write_workspace(root, DOMAIN)
    head, hours = SYSTEM.split("  hour:\n")
    folder = source / DOMAIN / "sources"
    (folder / "till.yaml").write_text(head)
    top = head.split("objects:\n")[0].replace("system: till", "system: clock").replace("folder: till", "folder: clock")
    (folder / "clock.yaml").write_text(f"{top}objects:\n  hour:\n{hours}")
    defs = source / DOMAIN / "defs"
    shutil.rmtree(defs / "dbt_products")
    hour = (defs / "opening_hour" / "defs.yaml").read_text()
    (defs / "opening_hour" / "defs.yaml").write_text(hour.replace("till.hour", "clock.hour"))
    (defs / "top_customer").mkdir()
    (defs / "top_customer" / "transform.py").write_text(TOP_CUSTOMER)
    top = hour.replace("opening_hour", "top_customer").replace("hours: till.hour", f"sales: {DOMAIN}.sale")
    (defs / "top_customer" / "defs.yaml").write_text(top)
    for name in ("customer_spend", "monthly_sale"):
        (source / DOMAIN / "contracts" / f"{name}.odcs.yaml").unlink()
    sys.path.insert(0, str(source))
    return root


@pytest.fixture
def settings(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An export of both systems, and a home of the test's own."""
    made = Settings(root=root, home=tmp_path / "mesh", exports=tmp_path / "exports")
    write_exports(made.exports)
    (made.exports / "clock").mkdir()
    (made.exports / "till" / "hour.csv").rename(made.exports / "clock" / "hour.csv")
    for name, value in {"BANKMESH_ROOT": root, "MESH_HOME": made.home, "BANK_DATA": made.exports}.items():
        monkeypatch.setenv(name, str(value))
    return made


def _run(settings: Settings):
    steps = Steps()
    with open_instance(settings) as instance:
        return run_everything(settings.root, instance, steps), steps


def test_all_that_was_delivered_is_published_and_the_run_succeeds(settings) -> None:
    shutil.rmtree(settings.exports / "clock")
    outcome, steps = _run(settings)
    assert outcome.success
    assert (outcome.absent, outcome.failed, outcome.skipped, steps.failures) == (BEHIND_CLOCK, set(), set(), {})
    assert outcome.published == BEHIND_TILL
    assert outcome.by_port()["kiosk.opening_hour"] == "absent"
    folder = settings.exports / "clock"
    assert outcome.not_delivered == {
        "clock": f"{folder}: clock is not delivered, there is no such folder. "
        "Expected its export there, or BANK_DATA to name exports that hold it."
    }
    # it comes, and is made
    folder.mkdir()
    (folder / "hour.csv").write_text("weekday,opens\nmonday,8\n")
    outcome, _ = _run(settings)
    assert (outcome.success, outcome.absent) == (True, set())
    assert (outcome.published, outcome.confirmed) == (BEHIND_CLOCK, BEHIND_TILL)


def test_a_failure_is_a_failure_whatever_else_is_absent(settings) -> None:
    shutil.rmtree(settings.exports / "clock")
    write_exports(settings.exports, changed(3, amount="-1.00"))
    outcome, _ = _run(settings)
    assert not outcome.success
    assert outcome.failed == {"kiosk/sale"}
    assert outcome.skipped == {"kiosk/top_customer"}
    assert outcome.absent == BEHIND_CLOCK


def test_a_missing_file_in_a_folder_that_is_there_is_a_failure(settings) -> None:
    (settings.exports / "clock" / "hour.csv").unlink()
    outcome, steps = _run(settings)
    assert outcome.failed == {"kiosk/landing/clock_hour"}
    assert outcome.absent == set()
    assert "the folder has no file of that object" in steps.failures["kiosk__landing__clock_hour"]


def test_nothing_delivered_at_all_is_no_success(settings) -> None:
    shutil.rmtree(settings.exports / "clock")
    shutil.rmtree(settings.exports / "till")
    outcome, _ = _run(settings)
    assert outcome.absent == BEHIND_CLOCK | BEHIND_TILL
    assert set(outcome.not_delivered) == {"clock", "till"}
    assert not outcome.success


def test_exports_that_are_not_there_are_a_fault_and_no_delivery(settings) -> None:
    shutil.rmtree(settings.exports)
    outcome, _ = _run(settings)
    assert outcome.failed == {"kiosk/landing/clock_hour", "kiosk/landing/till_sale"}
    assert outcome.absent == set()


def test_a_legacy_object_that_was_not_delivered_can_be_observed(settings) -> None:
    shutil.rmtree(settings.exports / "clock")
    (settings.exports / "till" / "sale.csv").unlink()
    seen = {name: _observed(settings, f"legacy/{name}") for name in ("clock_hour", "till_sale")}
    assert seen == {"clock_hour": "not delivered", "till_sale": None}


def _definitions(settings: Settings) -> dg.Definitions:
    """The location, loaded while an instance is open: one that another test closed must not be asked."""
    with open_instance(settings):
        return load_location(DOMAIN, f"{DOMAIN}.definitions").definitions


def _observed(settings: Settings, key: str) -> str | None:
    """The data version that observing finds; None if it fails."""
    graph = _definitions(settings)
    wanted = dg.AssetKey.from_user_string(key)
    source = next(a for a in graph.assets if isinstance(a, dg.SourceAsset | dg.AssetsDefinition) and a.key == wanted)
    instance = dg.DagsterInstance.ephemeral()
    from dagster._core.definitions.observe import observe

    if not observe([source], instance=instance, raise_on_error=False).success:
        return None
    [record] = instance.fetch_observations(wanted, limit=1).records
    return record.asset_observation.data_version


def test_the_landing_says_so_in_its_failure(settings) -> None:
    shutil.rmtree(settings.exports / "clock")
    job = _definitions(settings).resolve_implicit_global_asset_job_def()
    landing = dg.AssetKey([DOMAIN, "landing", "clock_hour"])
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = job.execute_in_process(asset_selection=[landing], raise_on_error=False, run_config=quiet)
    [failure] = [e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure]
    told = {name: value.value for name, value in failure.metadata.items()}
    assert told == {"outcome": "not delivered", "system": "clock", "folder": str(settings.exports / "clock")}


def test_optional_objects_of_a_system_that_was_not_delivered_land_as_no_rows(root, settings, tmp_path) -> None:
    declared = root / "domains" / DOMAIN / "src" / DOMAIN / "sources" / "clock.yaml"
    shutil.rmtree(settings.exports / "clock")
    with pytest.raises(NotDelivered):
        legacy_files(read_system(declared).object("hour"), settings.exports)
    copy = tmp_path / "clock.yaml"
    copy.write_text(declared.read_text().replace("    files:", "    optional: true\n    files:"))
    assert legacy_files(read_system(copy).object("hour"), settings.exports) == ()
    assert issubclass(NotDelivered, LegacyFileError)


def test_the_command_says_it_in_a_line_and_succeeds(settings, capsys, monkeypatch) -> None:
    from bankmesh.cli.main import main

    shutil.rmtree(settings.exports / "clock")
    monkeypatch.chdir(settings.root)
    monkeypatch.setattr(sys, "argv", ["mesh", "run", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert not ended.value.code
    [line] = [line for line in said.err.splitlines() if line.startswith("Absent: ")]
    assert line.startswith(f"Absent: {settings.exports / 'clock'}: clock is not delivered")
    assert "failed" not in said.err
    this_run = {entry["name"]: entry["this_run"] for entry in json.loads(said.out)}
    assert this_run["opening_hour"] == "absent"
    assert set(this_run.values()) == {"absent", "published"}
