"""The demo bank run once for all tests of all workers, as a user runs it; nothing may change it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bankmesh.files import lock_file

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
    """A mesh home, the rows of the exports that it read, and how its run ended."""

    home: Path
    rows: dict[str, int]
    run: Ran


def mesh_command(home: Path, *arguments: str, **variables: str) -> Ran:
    """`mesh ...` over a home, in the workspace of this repository."""
    environment = os.environ | {"MESH_HOME": str(home), "BANKMESH_ROOT": str(ROOT)} | variables
    environment.pop("BANK_DATA", None)
    done = subprocess.run([MESH, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def whole_bank(folder: Path) -> WholeBank:
    """The bank in a folder that all workers share; the first to come makes it, the others wait."""
    from demo_bank import generate

    home, told = folder / "mesh", folder / "told.json"
    folder.mkdir(parents=True, exist_ok=True)
    with lock_file(folder / "making.lock"):
        if not told.is_file():
            rows = generate(home / "exports", scale=SCALE, seed=1).rows
            run = mesh_command(home, "run")
            told.write_text(json.dumps({"rows": rows, "run": vars(run)}))
    found = json.loads(told.read_text())
    return WholeBank(home, found["rows"], Ran(**found["run"]))
