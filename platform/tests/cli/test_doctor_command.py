"""`mesh doctor`: each examined thing is well or has a remedy, and no secret is printed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from bankmesh.cli.health_findings import Health, examine
from bankmesh.cli.home_findings import database_finding, disk_finding
from bankmesh.cli.installation_findings import clock_findings, compare_packages, ui_port_findings
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.in_process_runs import PROCESS_TAG
from bankmesh.ports import stage
from bankmesh.products.version_diffs.spill_folders import PREFIX


@pytest.fixture
def diagnose(mesh):
    """The findings by subject, and the exit code."""

    def found() -> tuple[dict[str, dict[str, str]], int]:
        said = mesh("doctor", "--json")
        assert said.err == ""
        return {finding["subject"]: finding for finding in json.loads(said.out)}, said.code

    return found


def _ended_process() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def _health(findings) -> list[Health]:
    return [finding.health for finding in findings]


def test_a_mesh_that_is_well(diagnose, mesh) -> None:
    findings, code = diagnose()
    assert code == 0
    assert set(findings) >= {
        "Python", "packages", "port 3000", "clock", "home", "disk", "database of catalog", "database of lineage",
        "database of alerts", "code locations", "exports", "candidates", "expiry", "runs", "files",
    }  # fmt: skip
    assert {subject for subject, finding in findings.items() if finding["health"] == "fault"} == set()
    for line in mesh("doctor").out.splitlines():
        assert line.split()[0] in {"ok", "warning"}
        assert ".." not in line.replace("...", "")


def test_where_there_is_no_home_yet_nothing_is_created(diagnose, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "new" / "home"))
    monkeypatch.setenv("BANK_DATA", str(tmp_path / "nowhere"))
    findings, code = diagnose()
    assert code == 0
    assert "does not exist yet" in findings["home"]["message"]
    assert findings["exports"]["health"] == "warning"
    assert "BANK_DATA" in findings["exports"]["remedy"]
    assert not (tmp_path / "new").exists()


def test_without_a_workspace_the_installation_is_examined(diagnose, monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("BANKMESH_ROOT")
    monkeypatch.chdir(tmp_path)
    findings, code = diagnose()
    assert code == 1
    assert "No workspace.yaml" in findings["workspace"]["message"]
    assert {"Python", "packages", "clock"} <= set(findings)


def test_leftovers_of_ended_processes(diagnose, published) -> None:
    home = published.settings.home
    folder = stage(published.port("sale")).path
    (folder / "part.parquet").touch()
    long_ago = (datetime.now(UTC) - timedelta(days=8)).timestamp()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (long_ago, long_ago))
    gone = _ended_process()
    (home / "landings" / f".landing.json.{gone}").touch()
    (home / "landings" / f".landing.json.{os.getpid()}").touch()
    (home / "landings" / f".new.json.{gone}").touch()
    for name in (f".landing.json.{gone}", f".landing.json.{os.getpid()}"):
        os.utime(home / "landings" / name, (long_ago, long_ago))
    with open_instance(published.settings) as instance:
        tags = {PROCESS_TAG: f"{socket.gethostname()}:{gone}"}
        instance.add_run(dg.DagsterRun("job", run_id="dead", status=dg.DagsterRunStatus.STARTED, tags=tags))
    findings, code = diagnose()
    assert code == 0
    for subject, words, remedy in (
        ("candidates", "shop.sale (1)", "mesh expire"),
        ("runs", "dead", "mesh run"),
        ("files", f".landing.json.{gone}", "Delete"),
    ):
        assert findings[subject]["health"] == "warning"
        assert words in findings[subject]["message"]
        assert remedy in findings[subject]["remedy"]
    assert findings["files"]["message"].count(".json.") == 1


def test_rows_of_a_killed_comparison_are_reported_and_expire(diagnose, mesh, published) -> None:
    folder = published.settings.home / f"{PREFIX}abc"
    folder.mkdir()
    (folder / "duckdb_temp_storage-0.tmp").write_bytes(b"rows")
    assert "comparisons" not in diagnose()[0]
    os.utime(folder, (0, 0))
    found = diagnose()[0]["comparisons"]
    assert (found["health"], folder.name in found["message"], "mesh expire" in found["remedy"]) == (
        "warning",
        True,
        True,
    )
    assert json.loads(mesh("expire", "--json").out)["comparisons"] == 1
    assert not folder.exists()


def test_a_code_location_that_is_not_installed(diagnose, published, request) -> None:
    file = published.settings.root / "workspace.yaml"
    text = file.read_text()
    request.addfinalizer(lambda: file.write_text(text))
    file.write_text(f"{text}  - python_module: {{module_name: treasury.definitions, location_name: treasury}}\n")
    findings, code = diagnose()
    assert code == 1
    assert "treasury.definitions" in findings["code location"]["message"]
    assert "make install" in findings["code location"]["remedy"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:tiger7@127.0.0.1:1/mesh?password=tiger7",
        "nosuch+driver://ada:tiger7@host/mesh",
        "tiger7 is no URL",
    ],
)
def test_no_secret_of_a_database_is_printed(mesh, monkeypatch, url) -> None:
    monkeypatch.setenv("BANKMESH_LINEAGE_DB", url)
    for words in (("doctor",), ("doctor", "--json")):
        said = mesh(*words)
        assert said.code == 1
        assert "BANKMESH_LINEAGE_DB" in said.out
        assert "tiger7" not in said.out + said.err


def test_a_database_that_is_no_database(tmp_path) -> None:
    file = tmp_path / "a b.db"
    assert database_finding("catalog", f"sqlite:///{file}", "X").health is Health.OK
    assert not file.exists()
    file.write_bytes(b"x" * 2_000)
    found = database_finding("catalog", f"sqlite:///{file}", "X")
    assert (found.health, "DatabaseError" in found.message) == (Health.FAULT, True)


def test_packages_are_compared_with_their_pins() -> None:
    there = {"rich": "15.0.0", "polars": "1.0.0", "psutil": "1.0"}
    pins = ["rich>=14,<16", "polars>=2.1,<2.2", "typer>=0.20", 'psutil>=7; extra == "dev"', 'ruff; extra == "dev"']
    found = [(finding.subject, finding.health) for finding in compare_packages(pins, there.get)]
    assert found == [
        ("package polars", Health.FAULT), ("package typer", Health.FAULT), ("package psutil", Health.WARNING),
    ]  # fmt: skip
    (well,) = compare_packages(pins[:1], there.get)
    assert str(well) == "ok       packages: 1 are installed as pinned."


def test_a_port_that_is_taken_and_a_disk_that_is_full() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert _health(ui_port_findings(other.getsockname()[1])) == [Health.WARNING]
    assert [disk_finding(Path("/"), 2**30 * free).health for free in (0, 1, 10)] == [
        Health.FAULT, Health.WARNING, Health.OK,
    ]  # fmt: skip


def test_a_clock_that_is_obviously_wrong(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    now = datetime.now(UTC)
    assert _health(clock_findings(tmp_path, now)) == [Health.OK]
    (tmp_path / "file").touch()
    assert _health(clock_findings(tmp_path, now)) == [Health.OK]
    assert _health(clock_findings(tmp_path, now - timedelta(hours=3))) == [Health.WARNING]
    assert _health(clock_findings(None, datetime(1970, 1, 2, tzinfo=UTC))) == [Health.FAULT]
    for rule in ("UTC", "Europe/Prague", ":/etc/localtime", "UTC0", "CET-1CEST"):
        monkeypatch.setenv("TZ", rule)
        assert _health(clock_findings(None, now)) == [Health.OK]
    monkeypatch.setenv("TZ", "Europe/Atlantis")
    assert _health(clock_findings(None, now)) == [Health.WARNING, Health.OK]


def test_a_check_that_fails_is_a_fault_and_quotes_nothing() -> None:
    def check():
        raise ValueError("tiger7")

    (found,) = examine("thing", check)
    assert (found.health, found.message) == (Health.FAULT, "it could not be examined (ValueError)")
