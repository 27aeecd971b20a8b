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
from datetime import UTC, datetime
from pathlib import Path

from bankmesh.access.tokens.development_tokens import issue_token
from bankmesh.access.tokens.reader_session import ReaderSession, write_session
from bankmesh.storage.atomic_files import lock_file

ROOT = Path(__file__).parents[1]
MESH = Path(sys.executable).with_name("mesh")
SCALE = 0.05
DOMAINS = ("customer_service", "investment", "retail")
AS_OWNER = {"token": "data_owner", "purpose": "stewardship"}
"""Arguments of a client that reads everything in the bank's home, or in a copy of it."""
MESH_VARIABLES = {"MESH_HOME", "BANK_DATA", "BANKMESH_ROOT", "BANKMESH_TOKEN", "BANKMESH_PURPOSE"}


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
            issue_readers(home)
            ran = Ran(run.returncode, run.stdout, run.stderr)
            told.write_text(json.dumps({"rows": rows, "run": vars(ran)}))
    found = json.loads(told.read_text())
    return WholeBank(root, home, found["rows"], Ran(**found["run"]))


def issue_readers(home: Path) -> None:
    """Issue the tokens that `make demo` issues; the analyst's is in use."""
    for role, of_domains in {"retail_analyst": (), "service_agent": (), "data_owner": DOMAINS}.items():
        token = issue_token(home, role, [role], of_domains, days=1, now=datetime.now(UTC))
        if role == "retail_analyst":
            write_session(home, ReaderSession(token, "analytics"))


def copy_tracked_files(target: Path) -> None:
    """Copy what git tracks, as it is now."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, tracked.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def workspace_variables(root: Path) -> dict[str, str]:
    """The environment of a command in a copy of this repository; its own domains come before the installed ones."""
    inherited = {k: v for k, v in os.environ.items() if k not in MESH_VARIABLES}
    return inherited | {"PYTHONPATH": os.pathsep.join(str(path) for path in root.glob("domains/*/src"))}
