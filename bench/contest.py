"""One contest: the contenders alternate on the same bank, each as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from bankmesh.products.dbt.dbt_models import profile_file
from bench.measuring import run_measured
from bench.places import ROOT, World, forget
from bench.plan import write_plan

if TYPE_CHECKING:
    from collections.abc import Callable

LOAD_BARE = "import dagster, dagster_dbt"
LOAD_LOCATION = (
    "from bankmesh.orchestration.code_locations import load_location as load;"
    "load('retail', 'retail.definitions').definitions.get_repository_def()"
)


def warm_up(world: World) -> None:
    """Let dbt parse once for each contender, so that all manifests are warm; this is not measured."""
    forget(world.home, world.bare, world.plain)
    for folder in (world.home, world.plain):
        folder.mkdir(parents=True)
    python = [sys.executable, "-c", LOAD_LOCATION]
    subprocess.run(python, env=world.environment(), cwd=ROOT, check=True, capture_output=True)
    for project, target in ((ROOT / "dbt_project", world.folder / "bare-dbt"), _plain_dbt(world)):
        profiles = str(profile_file(project).parent if project.parent == ROOT else project)
        options = ["--project-dir", str(project), "--profiles-dir", profiles, "--target-path", str(target)]
        environment = world.environment() | {"BANKMESH_DOMAIN": "retail"}
        command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "parse", "--log-path", str(target), *options]
        subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)


def _plain_dbt(world: World) -> tuple[Any, Any]:
    return ROOT / "bench/plain/dbt", world.plain / "target"


def run_world(world: World, repeats: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run all contenders `repeats` times, in an order that is reversed each time."""
    warm_up(world)
    runs: list[dict[str, Any]] = []
    for repeat in range(repeats):
        contenders = [("land", land), ("products", products), ("bare", bare), ("plain", plain), ("whole", whole)]
        turned = contenders if repeat % 2 == 0 else [contenders[0], *reversed(contenders[1:])]
        for name, contender in turned:
            found = contender(world)
            say(f"{world.millions:g} M, {name} {repeat + 1}: {found['cost']}")
            runs.append({"contender": name, "repeat": repeat + 1, "load_average": os.getloadavg()[0], **found})
    return runs


def land(world: World) -> dict[str, Any]:
    """Land all legacy files."""
    forget(world.home / "landings", world.home / "ports", world.home / "dagster")
    return _governed(world, "land")


def products(world: World) -> dict[str, Any]:
    """Build, gate and publish all products, from nothing."""
    forget(world.home / "ports", world.home / "dagster")
    return _governed(world, "products")


def whole(world: World) -> dict[str, Any]:
    """Land all legacy files, then build, gate and publish all products, in one process."""
    forget(world.home / "landings", world.home / "ports", world.home / "dagster")
    return _governed(world, "whole")


def month(world: World) -> dict[str, Any]:
    """Build one month, and all months, on top of a full history."""
    return _governed(world, "month")


def bare(world: World) -> dict[str, Any]:
    """Do the same work without the platform, on the same landed files."""
    forget(world.bare)
    notes = world.folder / "bare.json"
    command = [sys.executable, "-m", "bench.bare", "--plan", str(write_plan(world)), "--notes", str(notes)]
    cost = run_measured(command, world.log("bare"), world.environment(), ROOT)
    return {"cost": cost.to_json(), "notes": json.loads(notes.read_text(encoding="utf-8"))}


def plain(world: World) -> dict[str, Any]:
    """Run the plain project, from the raw files."""
    forget(world.plain / "dagster", world.plain / "bank.duckdb")
    target = str(_plain_dbt(world)[1])
    environment = world.environment() | {"DBT_TARGET_PATH": target, "DBT_LOG_PATH": target}
    cost = run_measured([sys.executable, "-m", "bench.plain"], world.log("plain"), environment, ROOT)
    return {"cost": cost.to_json(), "notes": {}}


def _governed(world: World, what: str) -> dict[str, Any]:
    notes = world.folder / f"{what}.json"
    command = [sys.executable, "-m", "bench.governed", what, "--notes", str(notes)]
    cost = run_measured(command, world.log(what), world.environment(), ROOT)
    return {"cost": cost.to_json(), "notes": json.loads(notes.read_text(encoding="utf-8"))}


def load_times(world: World, repeats: int) -> dict[str, list[dict[str, float]]]:
    """Measure loading the retail code location, and a bare import, alternating."""
    found: dict[str, list[dict[str, float]]] = {"imports": [], "location": []}
    for _ in range(repeats):
        for name, code in (("imports", LOAD_BARE), ("location", LOAD_LOCATION)):
            cost = run_measured([sys.executable, "-c", code], world.log(f"load-{name}"), world.environment(), ROOT)
            found[name].append(cost.to_json())
    return found


def gate_alone(rows: int, repeats: int) -> dict[str, Any]:
    """Return the results of `bench/gate.py`."""
    command = [sys.executable, str(ROOT / "bench/gate.py"), "--rows", str(rows), "--repeats", str(repeats), "--json"]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)
