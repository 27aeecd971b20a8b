"""Every command in the documentation is run as it stands, in a copy of the workspace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs_commands import Step, read_steps

ROOT = Path(__file__).parents[1]
# These set up or end what the test sets up and ends itself, or would run this test again.
ELSEWHERE = ("make ", "git clone", "cd ", "export PATH", "python3 -m venv")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files in which the demo bank, small, has been published once."""
    copy = tmp_path_factory.mktemp("docs") / "bankmesh"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    type_in(copy, "python -m demo_bank --scale 0.01 --seed 1 --out .mesh/exports --quiet")
    type_in(copy, "mesh run")
    return copy


def type_in(workspace: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Type a command in the root of the workspace; its own domains come before the installed ones."""
    environment = {k: v for k, v in os.environ.items() if k not in {"MESH_HOME", "BANK_DATA", "BANKMESH_ROOT"}}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(str(path) for path in workspace.glob("domains/*/src")),
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=workspace, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def do(workspace: Path, step: Step) -> str:
    if step.file:
        (workspace / step.file).write_text(step.text, encoding="utf-8")
        return ""
    done = type_in(workspace, step.text.replace(".venv/bin/", ""))
    return done.stdout + done.stderr


PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_every_command_of_a_page_works(workspace: Path, page: str) -> None:
    for step in read_steps(ROOT / page):
        if not step.text.startswith(ELSEWHERE):
            do(workspace, step)


def test_the_tutorials_false_promise_is_refused_by_name(workspace: Path) -> None:
    contract = workspace / "domains/retail/src/retail/contracts/account.odcs.yaml"
    before = contract.read_text(encoding="utf-8")
    contract.write_text(before.replace("validValues: [MONTHLY, WEEKLY,", "validValues: [WEEKLY,"), encoding="utf-8")

    said = do(workspace, Step(0, 'mesh run retail.account || echo "exit code $?"', None))
    contract.write_text(before, encoding="utf-8")

    assert "exit code 1" in said
    assert "statement_frequency__invalid_values (failed)" in said
    assert "account.odcs.yaml:" in said
    assert "Traceback" not in said
