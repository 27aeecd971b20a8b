"""What is read newest first, and no further than is needed, is what reading the whole log says."""

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from deltalake.exceptions import DeltaError
from hypothesis import HealthCheck, example, given, settings
from port_histories import FIRST, A, B, C, histories, take_step
from port_samples import publish_all

from bankmesh.errors import NotPublished
from bankmesh.ports import (
    Port,
    Publication,
    VersionNotes,
    Withdrawal,
    at_version,
    find_version,
    latest,
    newest_good,
    port_at,
    published_by,
    read_history,
    stage,
    withdraw,
    withdrawals,
)
from bankmesh.ports.delta import commit_log
from bankmesh.ports.delta.delta_table import LocalDeltaTable
from bankmesh.ports.publication import EXPIRY_KEY, REMOVAL_KEY, from_commit
from bankmesh.ports.version_decisions import carried_over, withdrawals_of
from bankmesh.ports.version_history import newest_removal, published_from


def _whole_log(port: Port) -> list[dict[str, Any]]:
    """What every commit says of itself, newest first."""
    found = []
    for path in sorted((port.path / "_delta_log").glob("*.json"), reverse=True):
        actions = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        info = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
        found.append({**info, "version": int(path.stem)})
    return found


def _whole_history(log: list[dict[str, Any]]) -> list[Publication]:
    first = _first(log)
    found = filter(None, map(from_commit, log))
    return [publication for publication in found if publication.version >= first]


def _first(log: list[dict[str, Any]]) -> int:
    return max((commit[EXPIRY_KEY]["readable_from"] for commit in log if EXPIRY_KEY in commit), default=0)


def _all_withdrawals(log: list[dict[str, Any]]) -> dict[int, Withdrawal]:
    found: list[Withdrawal] = []
    for commit in log:
        found += withdrawals_of(commit)
        found += carried_over(commit.get(EXPIRY_KEY, {}).get("withdrawn", ()))
    return {withdrawal.version: withdrawal for withdrawal in found}


def _compare(port: Port) -> None:
    log = _whole_log(port)
    known, withdrawn = _whole_history(log), _all_withdrawals(log)
    assert read_history(port) == tuple(known)
    assert latest(port) == next(filter(None, map(from_commit, log)), None)
    assert withdrawals(port) == withdrawn
    assert newest_good(port) == next((made for made in known if made.version not in withdrawn), None)
    removals = [commit["version"] for commit in log if REMOVAL_KEY in commit]
    assert newest_removal(port) == max(removals, default=None)
    notes = VersionNotes(port)
    by_version = {made.version: made for made in known}
    for version in range(-1, log[0]["version"] + 2):
        assert find_version(port, version, notes) == find_version(port, version) == by_version.get(version)
        assert withdrawals(port, version).get(version) == withdrawn.get(version)
        assert newest_removal(port, version) == max((v for v in removals if v > version), default=None)
    for made in known:
        assert at_version(port, made.version) == made
        assert published_by(port, made.provenance.run_id) == made
        assert (
            published_from(port, made.candidate, made.version - 1) == published_from(port, made.candidate, None) == made
        )
        assert published_from(port, made.candidate, made.version) is None
    assert VersionNotes(port).readable_from == _first(log)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories)
@example([("replace", A), ("withdraw", 1), ("replace", B), ("expire", 0), ("rollback", 3), ("erase", 1), ("expire", 1)])
@example([("whole", A), ("whole", B), ("rollback", 1), ("expire", 0), ("whole", C), ("rollback", 5), ("expire", 0)])
def test_every_reading_agrees_with_the_whole_log(steps) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        port = port_at(home, "retail.party", 1)
        for kind, what in [FIRST, *steps]:
            # Of a log with a gap some versions cannot be opened, and then nothing expires.
            with contextlib.suppress(DeltaError):
                take_step(port, kind, what)
            _compare(port)
    finally:
        shutil.rmtree(home)


@pytest.fixture
def long(port: Port) -> Port:
    """A port with thirty versions."""
    for number in range(30):
        publish_all(port, [number], run_id=str(number))
    return port


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The commits that are read from now on, in that order."""
    found: list[int] = []
    path = commit_log._path
    monkeypatch.setattr(commit_log, "_path", lambda port, version: found.append(version) or path(port, version))
    return found


def test_the_newest_version_is_found_in_its_own_commit(long: Port, read: list[int]) -> None:
    made = latest(long)
    assert newest_good(long) == published_by(long, "29") == at_version(long, 29) == made
    assert set(read) == {29}


def test_an_earlier_version_needs_the_commits_after_it(long: Port, read: list[int]) -> None:
    assert at_version(long, 26).version == 26
    assert withdrawals(long, 26) == {}
    assert set(read) == {26, 27, 28, 29}


def test_publishing_reads_what_came_after_the_candidate(long: Port, read: list[int]) -> None:
    candidate = stage(long)
    publish_all(long, [30], candidate=candidate)
    assert set(read) == {29, 30}
    assert publish_all(long, [30], candidate=candidate) == latest(long)


def test_of_expired_versions_no_commit_is_read(long: Port, read: list[int]) -> None:
    take_step(long, "expire", 3)
    made = [version.version for version in read_history(long)]
    read.clear()
    assert [version.version for version in read_history(long)] == made
    assert withdrawals(long) == {}
    assert min(read) == made[-1]


def test_a_version_that_restores_rows_is_good_whatever_was_withdrawn_before(long: Port, read: list[int]) -> None:
    for version in (29, 28):
        withdraw(long, version, by="Ada", reason="why")
    read.clear()
    assert newest_good(long).version == 31
    assert set(read) == {31}
    # Version 30 restored the rows of 28.
    assert withdrawals(long, 30).keys() == {28, 30}
    assert withdrawals(long).keys() == {28, 29, 30}


def test_a_version_that_is_not_there_names_those_that_are(long: Port) -> None:
    assert find_version(long, 30) is None
    with pytest.raises(NotPublished, match="0, 1, 2"):
        at_version(long, 30)


def test_a_withdrawal_opens_the_table_as_it_is_and_as_it_was(long: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int | None] = []
    begin = LocalDeltaTable.__init__
    monkeypatch.setattr(
        LocalDeltaTable,
        "__init__",
        lambda table, folder, version=None: opened.append(version) or begin(table, folder, version),
    )
    withdraw(long, 29, by="Ada", reason="why")
    assert opened == [None, 28]
