"""A process that has imported everything and used nothing, so that runs can be forked from it.

The thread pools of delta-rs, Polars and DuckDB do not survive a fork once they have been used. So this process
only imports, loads the shop's code location and parses its dbt models; each run is a child of its own, which may
be killed at a named point or after some time, or wait for its siblings at one.

Run as a program (`python shop_nursery.py WORKSPACE HOME`), it reads lists of jobs as lines of JSON and answers
each list with a list of how they ended. `Nursery` is the other end of that.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TOGETHER = 3
"""So many children at once, unless they wait for one another."""

PATIENCE = 90
IMPORTED = (
    "bankmesh.quality.suite_validation",
    "dbt.cli.main",
    "dbt.adapters.duckdb.connections",
    "deltalake.transaction",
    "pandas",
    "polars",
    "pyarrow.parquet",
)


@dataclass(frozen=True)
class Job:
    """One run of these assets in the mesh below `folder`."""

    folder: str
    names: tuple[str, ...]
    months: tuple[str, str] | None = None
    die_at: str | None = None
    die_after: float | None = None
    meet_at: str | None = None
    meeting: int = 2
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How a job ended: `code` as a process ends, the rest empty if it was killed."""

    code: int
    seconds: float
    success: bool = False
    run_id: str = ""
    messages: tuple[str, ...] = ()


class Nursery:
    """The process, and what it is asked to do."""

    def __init__(self, root: Path, home: Path) -> None:
        command = [sys.executable, __file__, str(root), str(home)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, *jobs: Job) -> list[Ended]:
        """Do the jobs, some at a time; jobs that meet go together."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([asdict(job) for job in jobs]) + "\n")
        self._process.stdin.flush()
        return [
            Ended(**{**entry, "messages": tuple(entry["messages"])})
            for entry in json.loads(self._process.stdout.readline())
        ]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(PATIENCE)


def serve(root: Path, home: Path) -> None:
    """Answer lines of jobs until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    definitions = _preload(root, home)
    _spare_pages()
    for line in sys.stdin:
        jobs = [Job(**{**entry, "names": tuple(entry["names"])}) for entry in json.loads(line)]
        answers.write(json.dumps([asdict(ended) for ended in _do_all(jobs, definitions, root)]) + "\n")
        answers.flush()


def _preload(root: Path, home: Path):
    os.environ |= {"BANKMESH_ROOT": str(root), "MESH_HOME": str(home)}
    here = Path(__file__).parent
    sys.path[:0] = [str(here), str(here.parents[2] / "tests"), str(root / "domains" / "shop" / "src")]
    for module in IMPORTED:
        importlib.import_module(module)
    from library_caches import keep_library_caches, verify_extension

    from bankmesh.orchestration.code_locations import load_location
    from bankmesh.products.dbt import dbt_models
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

    keep_library_caches()
    verify_extension()
    definitions = load_location("shop", "shop.definitions").definitions
    definitions.resolve_implicit_global_asset_job_def()
    dbt_models.current_manifest(DbtProjectPlace(root / "dbt_project", "shop", home / "dbt" / "shop"))
    return definitions


def _spare_pages() -> None:
    """A child that collects garbage touches, and so copies, every page that it shares with its parent."""
    gc.collect()
    gc.freeze()
    gc.disable()


def _import_too(modules: Sequence[str]) -> None:
    """What a child had to import while it ran, the next ones find imported."""
    new = [name for name in modules if name not in sys.modules]
    for name in new:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    if new:
        _spare_pages()


def _do_all(jobs: list[Job], definitions, root: Path) -> list[Ended]:
    width = len(jobs) if any(job.meet_at for job in jobs) else TOGETHER
    waiting, running, ended = list(enumerate(jobs)), {}, {}
    while waiting or running:
        while waiting and len(running) < width:
            index, job = waiting.pop(0)
            running[index] = (_fork(job, definitions, root), job, time.monotonic())
        for index, (child, job, since) in tuple(running.items()):
            seconds = time.monotonic() - since
            if seconds > (PATIENCE if job.die_after is None else job.die_after):
                os.kill(child, signal.SIGKILL)
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                del running[index]
                told = Path(job.folder, f"told-{child}.json")
                facts = json.loads(told.read_text()) if told.exists() else {}
                _import_too(facts.pop("imported", ()))
                ended[index] = Ended(os.waitstatus_to_exitcode(status), seconds, **facts)
        time.sleep(0.005)
    return [ended[index] for index in range(len(jobs))]


def _fork(job: Job, definitions, root: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        with Path(job.folder, f"output-{os.getpid()}.txt").open("w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        _carry_out(job, definitions, root)
    except BaseException:  # noqa: BLE001 - a child must never go back into the loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _carry_out(job: Job, definitions, root: Path) -> None:
    from shop_mesh import Mesh, settings_in

    from bankmesh import fault_points

    def at_point(name: str) -> None:
        if name == job.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if name == job.meet_at:
            _meet(Path(job.folder), job.meeting)

    before = set(sys.modules)
    fault_points.watch(at_point)
    run = Mesh(settings_in(root, Path(job.folder)), definitions).run(*job.names, months=job.months, tags=job.tags)
    broken = [e.step_failure_data for e in run.events if e.is_step_failure]
    messages = [data.user_failure_data.description if data.user_failure_data else str(data.error) for data in broken]
    imported = sorted(set(sys.modules) - before)
    told = {"success": run.success, "run_id": run.run_id, "messages": messages, "imported": imported}
    Path(job.folder, f"told-{os.getpid()}.json").write_text(json.dumps(told))


def _meet(folder: Path, count: int) -> None:
    """Wait until so many processes have come here."""
    Path(folder, f"here-{os.getpid()}").touch()
    until = time.monotonic() + PATIENCE
    while len(list(folder.glob("here-*"))) < count and time.monotonic() < until:
        time.sleep(0.005)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
