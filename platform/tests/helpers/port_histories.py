"""Random histories of a partitioned port: published, undone, expired, killed, and changed by engines of others."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError
from hypothesis import strategies as st
from port_samples import frame, provenance

from bankmesh.fault_points import watch
from bankmesh.ports import (
    CannotRestore,
    Port,
    ReplaceAll,
    ReplacePartitions,
    VersionNotes,
    expire,
    measure_files,
    publish,
    read_history,
    roll_back,
    stage,
    withdraw,
)
from bankmesh.ports.delta.commit_log import commit_versions
from bankmesh.ports.publication import REMOVAL_KEY

SCHEMA = pa.schema([pa.field("id", pa.int64()), pa.field("name", pa.string()), pa.field("branch", pa.string())])
BRANCHES = ("Ústí nad Labem", "50%", "a/b c")
WHO = {"by": "Ada", "reason": "why"}
DAY = timedelta(days=1)
POINTS = ["expiry-recorded", "files-expired", "checkpoint-written"]

publishing = st.tuples(
    st.sampled_from(["replace", "replace", "whole"]),
    st.dictionaries(st.sampled_from(BRANCHES), st.booleans(), min_size=1),
)
undoing = st.tuples(st.sampled_from(["withdraw", "rollback"]), st.integers(0, 9))
foreign = st.tuples(
    st.sampled_from(["erase", "optimize", "vacuum", "checkpoint", "property", "clean", "gap"]), st.integers(0, 9)
)
expiring = st.tuples(st.just("expire"), st.integers(0, 9))
dying = st.tuples(st.just("die"), st.sampled_from(POINTS))
losing = st.tuples(st.just("lose"), st.integers(1, 3))
histories = st.lists(
    st.one_of(publishing, publishing, undoing, foreign, expiring, dying, losing), min_size=4, max_size=14
)


class Cut(Exception):
    """Stands for the end of the process."""


def _publish(port: Port, branches: dict[str, bool], *, whole: bool) -> None:
    candidate = stage(port)
    for number, branch in enumerate(name for name, filled in branches.items() if filled):
        folder = candidate.path / f"branch={quote(branch, safe='')}"
        folder.mkdir()
        frame([number]).write_parquet(folder / "0 é.parquet")
        if number:
            frame([number + 10]).write_parquet(folder / "1.parquet")
    replace = ReplaceAll() if whole else ReplacePartitions("branch", tuple(branches))
    files = measure_files(candidate, SCHEMA, "branch", ["id"])
    made = provenance(f"run {max(commit_versions(port), default=-1) + 1}", None if whole else tuple(branches))
    configuration = {"delta.checkpointInterval": "4"}
    publish(port, candidate, files, SCHEMA, replace=replace, provenance=made, configuration=configuration)


def _change(port: Port, kind: str, what: int) -> None:
    """A commit, or a clean-up, by somebody else."""
    log, table = port.path / "_delta_log", DeltaTable(str(port.path))
    if kind == "erase":
        table.delete(f"id = {what % 3}", commit_properties=CommitProperties({REMOVAL_KEY: {"by": "erasure"}}))
    elif kind == "optimize":
        table.optimize.compact()
    elif kind == "vacuum":
        table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    elif kind == "property":
        table.alter.set_table_properties({"bank.number": str(what)}, raise_if_not_exists=False)
    else:
        table.create_checkpoint()
        versions = [version for version in commit_versions(port) if version < table.version()]
        gone = {"checkpoint": [], "clean": versions[: what + 1], "gap": versions[-1:]}[kind]
        for version in gone:
            (log / f"{version:020d}.json").unlink()


@contextlib.contextmanager
def dying_at(point: str | None) -> Iterator[None]:
    def cut(name: str) -> None:
        if name == point:
            raise Cut

    watch(cut)
    try:
        with contextlib.suppress(Cut):
            yield
    finally:
        watch(None)


def _lose(port: Port, count: int) -> None:
    """What a kill between the deletions of commits leaves: the oldest files of the log are gone."""
    first = VersionNotes(port).readable_from
    if (port.path / f"_delta_log/{first:020d}.checkpoint.parquet").is_file():
        old = sorted(path for path in (port.path / "_delta_log").glob("0*") if int(path.name[:20]) < first)
        for path in old[:count]:
            path.unlink()


def expire_until(port: Port, now: datetime, point: str | None = None) -> None:
    """Expire what was replaced before a moment; with a point, be cut short there."""
    with dying_at(point):
        expire(port, keep_candidates=365 * DAY, retention=timedelta(0), now=now)


def take_step(port: Port, kind: str, what, expire_until: Callable[..., None] = expire_until) -> None:
    """Do one thing of a history; `expire_until` replaces the function of that name."""
    if kind in {"replace", "whole"}:
        _publish(port, what, whole=kind == "whole")
    elif kind in {"withdraw", "rollback"}:
        with contextlib.suppress(CannotRestore, DeltaError):
            (withdraw if kind == "withdraw" else roll_back)(port, what, **WHO)
    elif kind == "expire":
        known = read_history(port)
        if known:
            expire_until(port, known[min(what, len(known) - 1)].published_at)
    elif kind == "die":
        expire_until(port, datetime.now(UTC) + DAY, what)
    elif kind == "lose":
        _lose(port, what)
    else:
        _change(port, kind, what)


FIRST = ("replace", dict.fromkeys(BRANCHES, True))
A, B, C = ({name: True} for name in BRANCHES)
