"""A new domain in a copy of this workspace: it is listed wherever the others are, and its code location loads."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
import yaml

from bankmesh.scaffolding.domain_scaffold import create_domain, plan_domain
from bankmesh.scaffolding.product_scaffold import CannotScaffold
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.location_modules import location_modules

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[1]
EDITED = {
    "workspace.yaml", "pyproject.toml", "deploy/workspace.yaml", "deploy/compose.yaml", "deploy/all-processes.sh",
}  # fmt: skip


def copy_workspace(target):
    for name in EDITED:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    for name in ("domains", "dbt_project", "policies"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "_ports", "target"))
    return target


@pytest.fixture
def workspace(tmp_path):
    return copy_workspace(tmp_path / "bank")


def texts(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_new_domain_is_listed_wherever_the_others_are(workspace):
    plan = create_domain(workspace, "treasury")

    assert {str(path.relative_to(workspace)) for path in plan.changed} == EDITED
    assert location_modules(workspace)["treasury"] == "treasury.definitions"
    assert "treasury" in [package.name for package in domain_packages(workspace)]
    for path in plan.changed:  # as often as the domain before it, once what only that one has is left out
        text = re.sub(r"(?m)^ +build: .*\n", "", path.read_text(encoding="utf-8"))
        assert len(re.findall("(?i)treasury", text)) == len(re.findall("(?i)investment", text)), path

    project = tomllib.loads((workspace / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"path": "domains/treasury"} in project["tool"]["dg"]["workspace"]["projects"]
    linter = project["tool"]["importlinter"]
    assert "treasury" in linter["root_packages"]
    assert all("treasury" in c.get("modules", c.get("forbidden_modules")) for c in linter["contracts"][2:])

    servers = yaml.safe_load((workspace / "deploy/workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    ports = {entry["grpc_server"]["location_name"]: entry["grpc_server"]["port"] for entry in servers}
    assert len(set(ports.values())) == len(ports)
    services = yaml.safe_load((workspace / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    command = f"-p {ports['treasury']} -m treasury.definitions --location-name treasury --lazy-load-user-code"
    assert services["treasury"]["command"].endswith(command)
    assert services["daemon"]["depends_on"]["treasury"] == {"condition": "service_healthy"}
    script = workspace / "deploy/all-processes.sh"
    assert command in script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)


def test_a_second_domain_has_a_port_of_its_own(workspace):
    create_domain(workspace, "treasury")
    create_domain(workspace, "payments")

    servers = yaml.safe_load((workspace / "deploy/workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    ports = [entry["grpc_server"]["port"] for entry in servers]
    assert sorted(set(ports)) == ports
    script = (workspace / "deploy/all-processes.sh").read_text(encoding="utf-8")
    assert f"for server in {' '.join(map(str, ports))};" in script


@pytest.mark.parametrize("name", ["Treasury", "1st", "class", "retail", "json", "polars", "tests", "a-b", ""])
def test_a_name_that_is_taken_or_no_package_is_refused(workspace, name):
    before = texts(workspace)

    with pytest.raises(CannotScaffold):
        create_domain(workspace, name)

    assert texts(workspace) == before


def test_nothing_changes_if_a_file_is_there_already(workspace):
    there = workspace / "domains" / "treasury" / "tests" / ".gitkeep"
    there.parent.mkdir(parents=True)
    there.write_text("mine", encoding="utf-8")
    before = texts(workspace)

    with pytest.raises(CannotScaffold, match="already exists"):
        create_domain(workspace, "treasury")

    assert texts(workspace) == before


def test_a_domain_can_have_a_dbt_project_of_its_own(workspace):
    plan = plan_domain(workspace, "treasury", dbt_project="domains/treasury/dbt")

    component = next(path for path in plan.created if path.parent.name == "dbt_products")
    assert yaml.safe_load(plan.created[component])["attributes"] == {"project": "domains/treasury/dbt"}
    assert not any("dbt_project" in path.parts for path in plan.created)


def test_the_command_installs_the_domain_and_its_code_location_loads(workspace, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    found = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True
    )
    (Path(found.stdout.strip()) / "of_the_tests.pth").write_text("\n".join(filter(None, sys.path)), encoding="utf-8")
    environment = {**os.environ, "MESH_HOME": str(tmp_path / "home"), "BANKMESH_ROOT": str(workspace)}

    command = [python, "-c", "from bankmesh.cli.main import main; main()", "new", "domain", "treasury"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=workspace)

    assert said.returncode == 0, said.stderr
    assert "The code location treasury is installed and loads." in said.stdout
    command = [python, "-c", "import treasury; print(treasury.__file__)"]
    imported = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert imported.stdout.strip() == str(workspace / "domains/treasury/src/treasury/__init__.py")
