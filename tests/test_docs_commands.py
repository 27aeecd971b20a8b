"""Every command in the documentation is run as it stands, in a copy of the workspace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docs_commands import Step, read_steps
from whole_bank import ROOT, WholeBank, workspace_variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forked_commands import ForkedCommands

pytestmark = pytest.mark.system

# These set up or end what the test sets up and ends itself, or would run this test again.
ELSEWHERE = ("make ", "git clone", "cd ", "export PATH", "python3 -m venv")


ONCE_FOR_REAL = "README.md"
"""Its commands are processes of their own; those of other pages are forked from one that has imported the libraries."""


@pytest.fixture
def workspace(bank: WholeBank, tmp_path: Path) -> Iterator[Path]:
    """A copy of the tracked files in which the demo bank has been published once."""
    copy = tmp_path / "bankmesh"
    shutil.copytree(bank.root, copy, dirs_exist_ok=True)
    shutil.copytree(bank.home, copy / ".mesh")
    yield copy
    shutil.rmtree(copy)  # a hundred megabytes


def type_in(workspace: Path, command: str, programs: Path) -> subprocess.CompletedProcess[str]:
    """Type a command in the root of the workspace."""
    environment = workspace_variables(workspace) | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=workspace, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def do(workspace: Path, step: Step, programs: Path) -> str:
    if step.file:
        (workspace / step.file).write_text(step.text, encoding="utf-8")
        return ""
    done = type_in(workspace, step.text.replace(".venv/bin/", ""), programs)
    return done.stdout + done.stderr


STEPS = {
    page: steps
    for page in ["README.md", *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md"))]
    if (steps := [step for step in read_steps(ROOT / page) if not step.text.startswith(ELSEWHERE)])
}


@pytest.mark.parametrize("page", STEPS)
def test_every_command_of_a_page_works(workspace: Path, commands: ForkedCommands, page: str) -> None:
    programs = Path(sys.executable).parent if page == ONCE_FOR_REAL else commands.programs
    for step in STEPS[page]:
        do(workspace, step, programs)


def test_the_tutorials_false_promise_is_refused_by_name(workspace: Path, commands: ForkedCommands) -> None:
    contract = workspace / "domains/retail/src/retail/contracts/account.odcs.yaml"
    before = contract.read_text(encoding="utf-8")
    contract.write_text(before.replace("validValues: [MONTHLY, WEEKLY,", "validValues: [WEEKLY,"), encoding="utf-8")

    said = do(workspace, Step(0, 'mesh run retail.account || echo "exit code $?"', None), commands.programs)

    assert "exit code 1" in said
    assert "statement_frequency__invalid_values (failed)" in said
    assert "account.odcs.yaml:" in said
    assert "Traceback" not in said
