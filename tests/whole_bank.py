"""The demo bank run once for all tests of all workers, as a user runs it; nothing may change it.

It runs in a copy of the tracked files, so that a file that somebody forgot to add is noticed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bankmesh.storage.atomic_files import lock_file

ROOT = Path(__file__).parents[1]
MESH = Path(sys.executable).with_name("mesh")
SCALE = 0.05


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class WholeBank:
    """A copy of this repository, a mesh home, the rows of the exports that it read, and how its run ended."""

    root: Path
    home: Path
    rows: dict[str, int]
    run: Ran


def whole_bank(folder: Path) -> WholeBank:
    """The bank in a folder that all workers share; the first to come makes it, the others wait."""
    from demo_bank import generate

    root, home, told = folder / "bankmesh", folder / "mesh", folder / "told.json"
    folder.mkdir(parents=True, exist_ok=True)
    with lock_file(folder / "making.lock"):
        if not told.is_file():
            copy_tracked_files(root)
            rows = generate(home / "exports", scale=SCALE, seed=1).rows
            variables = workspace_variables(root) | {"MESH_HOME": str(home)}
            run = subprocess.run([MESH, "run"], cwd=root, env=variables, capture_output=True, text=True, check=False)
            ran = Ran(run.returncode, run.stdout, run.stderr)
            told.write_text(json.dumps({"rows": rows, "run": vars(ran)}))
    found = json.loads(told.read_text())
    return WholeBank(root, home, found["rows"], Ran(**found["run"]))


def copy_tracked_files(target: Path) -> None:
    """Copy what git tracks, as it is now."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def workspace_variables(root: Path) -> dict[str, str]:
    """The environment of a command in a copy of this repository; its own domains come before the installed ones."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"MESH_HOME", "BANK_DATA", "BANKMESH_ROOT"}}
    return inherited | {"PYTHONPATH": os.pathsep.join(str(path) for path in root.glob("domains/*/src"))}
