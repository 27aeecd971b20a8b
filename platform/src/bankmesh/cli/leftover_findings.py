"""Findings of `mesh doctor` about what ended processes have left in the home."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bankmesh.cli.health_findings import ok, warning
from bankmesh.errors import shorten_list
from bankmesh.ports import port_at
from bankmesh.products.version_diffs.spill_folders import abandoned_spill_folders
from bankmesh.sources.landing_record import unfinished_writes
from bankmesh.storage.atomic_files import process_exists
from bankmesh.workspace.file_transaction import JOURNAL, has_interrupted
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.cli.health_findings import HealthFinding
    from bankmesh.settings import Settings

_KEPT = timedelta(days=7)
_WRITING = timedelta(hours=1)
"""A file that is being written is newer, also if its process is on another machine and cannot be seen here."""
_EXPIRE = "`mesh expire` removes them."


def port_findings(settings: Settings, now: datetime) -> Iterator[HealthFinding]:
    """Look for abandoned candidates, and for expiry that a kill has interrupted."""
    from bankmesh.ports.version_expiry import abandoned_candidates, has_unfinished_expiry

    ports = {c.port: port_at(settings.home, c.product, c.major) for c in readable_contracts(settings.root)}
    candidates = {
        name: len(found) for name, port in ports.items() if (found := abandoned_candidates(port, now - _KEPT))
    }
    if candidates:
        listed = shorten_list(f"{name} ({number})" for name, number in candidates.items())
        yield warning("candidates", f"older than 7 days, of no version and no running build: {listed}", _EXPIRE)
    else:
        yield ok("candidates", "none is abandoned")
    unfinished = [name for name, port in ports.items() if has_unfinished_expiry(port)]
    if unfinished:
        yield warning("expiry", f"unfinished for {shorten_list(unfinished)}", "`mesh expire` completes it.")
    else:
        yield ok("expiry", "none is unfinished")


def run_findings(settings: Settings) -> Iterator[HealthFinding]:
    """Look for runs whose process is gone. Needs Dagster, if anything has run."""
    from bankmesh.orchestration.instance import existing_instance

    with existing_instance(settings) or nullcontext() as instance:
        if instance is None:
            yield ok("runs", "none yet, or their history is read-only")
            return
        from bankmesh.orchestration.runner.in_process_runs import find_dead_runs

        dead = [run.run_id for run in find_dead_runs(instance)]
    if dead:
        listed = shorten_list(dead, most=3)
        yield warning("runs", f"under way, but their process is gone: {listed}", "The next `mesh run` ends them.")
    else:
        yield ok("runs", "none of a process that is gone")


def file_findings(settings: Settings, now: datetime) -> Iterator[HealthFinding]:
    """Look for files of dead processes. Locks need no check: the kernel frees those of the dead."""
    before = (now - _WRITING).timestamp()
    writes = unfinished_writes(settings.home / "landings")
    left = [path for path, process in writes if not process_exists(process) and path.stat().st_mtime < before]
    if left:
        listed = shorten_list((str(path) for path in left), most=3)
        yield warning("files", f"of processes that are gone: {listed}", "Delete them.")
    if spilled := abandoned_spill_folders(settings.home):
        listed = shorten_list((str(path) for path in spilled), most=3)
        yield warning("comparisons", f"rows of some that were killed: {listed}", _EXPIRE)
    if has_interrupted(settings.root):
        remedy = "The next `mesh remove` or `mesh rename` undoes it."
        yield warning("workspace", f"a change of its files was interrupted: {settings.root / JOURNAL}", remedy)
    if not left and not spilled:
        yield ok("files", "none of a process that is gone, and no lock is held by one")
