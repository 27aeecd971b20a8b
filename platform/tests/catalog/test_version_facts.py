"""Who is built from a withdrawn version: read from the newest commits, it is what whole logs say."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bankmesh.ports import (
    CannotRestore,
    Port,
    Provenance,
    ReplaceAll,
    ReplacePartitions,
    latest,
    measure_files,
    port_at,
    publish,
    read_history,
    roll_back,
    sources_by_version,
    stage,
    withdraw,
    withdrawals,
)
from bankmesh.ports.delta import commit_log
from bankmesh.workspace.withdrawn_inputs import LogFacts, withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pytest

    from bankmesh.ports import Withdrawal

SCHEMA = pa.schema([pa.field("id", pa.int64()), pa.field("branch", pa.string())])
INPUTS = {"shop.sale": (), "shop.spend": ("shop.sale",), "shop.top": ("shop.spend", "shop.sale")}
PARTITIONED = ("shop.sale", "shop.spend")
WHO = {"by": "Ada", "reason": "why"}

publishing = st.tuples(st.just("publish"), st.sampled_from(sorted(INPUTS)), st.sampled_from(["a", "b", "c"]))
undoing = st.tuples(st.sampled_from(["withdraw", "rollback"]), st.sampled_from(sorted(INPUTS)), st.integers(0, 5))
histories = st.lists(st.one_of(publishing, publishing, undoing), min_size=4, max_size=14)


class WholeLogFacts:
    """Version facts from all commits of every log."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def newest(self, port: str) -> int | None:
        return max((made.version for made in read_history(self._port(port))), default=None)

    def sources(self, port: str, version: int) -> Collection[int]:
        return sources_by_version(read_history(self._port(port))).get(version, ())

    def inputs(self, port: str, version: int) -> Mapping[str, int]:
        found = {made.version: made.provenance.inputs for made in read_history(self._port(port))}
        return found.get(version, {})  # type: ignore[return-value] # no landings here

    def withdrawn(self, port: str, since: int) -> Mapping[int, Withdrawal]:  # noqa: ARG002 - as the protocol has it
        return withdrawals(self._port(port))

    def _port(self, name: str) -> Port:
        return port_at(self._home, name, 1)


def _publish(home: Path, product: str, branch: str, *, partitioned: bool = False) -> None:
    port = port_at(home, product, 1)
    newest = {name: latest(port_at(home, name, 1)) for name in INPUTS[product]}
    inputs = {name: made.version for name, made in newest.items() if made is not None}
    candidate = stage(port)
    folder = candidate.path / f"branch={branch}" if partitioned else candidate.path
    folder.mkdir(exist_ok=True)
    rows = pl.DataFrame({"id": [1]}, schema={"id": pl.Int64})
    (rows if partitioned else rows.with_columns(branch=pl.lit(branch))).write_parquet(folder / "0.parquet")
    made = Provenance("run", "1.0.0", "code", inputs, (branch,) if partitioned else None, {"counts": {}, "clauses": []})
    files = measure_files(candidate, SCHEMA, "branch" if partitioned else None, ["id"])
    replace = ReplacePartitions("branch", (branch,)) if partitioned else ReplaceAll()
    publish(port, candidate, files, SCHEMA, replace=replace, provenance=made)


def _undo(home: Path, kind: str, product: str, version: int) -> None:
    port = port_at(home, product, 1)
    if latest(port) is not None:
        try:
            (withdraw if kind == "withdraw" else roll_back)(port, version, **WHO)
        except CannotRestore:
            return


SALE, SPEND, TOP = INPUTS


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories)
@example(
    [
        ("publish", SALE, "a"),
        ("publish", SALE, "b"),
        ("publish", SPEND, "a"),
        ("publish", TOP, "a"),
        ("withdraw", SALE, 1),
    ]
)
@example(
    [
        ("publish", SALE, "a"),
        ("publish", SALE, "a"),
        ("publish", SPEND, "a"),
        ("publish", SALE, "b"),
        ("publish", SPEND, "b"),
        ("rollback", SALE, 0),
    ]
)
def test_who_is_built_from_a_withdrawn_version(steps) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        for kind, product, what in steps:
            if kind == "publish":
                _publish(home, product, what, partitioned=product in PARTITIONED)
            else:
                _undo(home, kind, product, what)
            facts = LogFacts(home)
            for name in INPUTS:
                assert withdrawn_inputs(facts, name) == withdrawn_inputs(WholeLogFacts(home), name)
    finally:
        shutil.rmtree(home)


def test_commits_before_what_was_read_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        _publish(tmp_path, SALE, "a")
    for _ in range(3):
        _publish(tmp_path, TOP, "a")
    _publish(tmp_path, SALE, "a")
    found: list[tuple[str, int]] = []
    path = commit_log._path
    monkeypatch.setattr(
        commit_log, "_path", lambda port, version: found.append((port.product, version)) or path(port, version)
    )
    assert withdrawn_inputs(LogFacts(tmp_path), TOP) == ()
    assert set(found) >= {(TOP, 2), (SALE, 5)}
    assert set(found) <= {(TOP, 2), (SALE, 4), (SALE, 5)}
