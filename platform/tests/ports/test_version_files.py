"""One pass over the log finds what opening the table at each version finds, and expiry deletes that and no other file."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from hypothesis import HealthCheck, example, given, settings
from port_histories import DAY, FIRST, A, B, C, expire_until, histories, take_step

from bankmesh.ports import Port, VersionNotes, port_at, read_history
from bankmesh.ports.delta.commit_log import commit_versions
from bankmesh.ports.delta.delta_table import LocalDeltaTable
from bankmesh.ports.delta.version_files import files_of_versions, partitions_of_versions

pytestmark = pytest.mark.system


def _files_at(port: Port, version: int) -> set[Path] | None:
    try:
        return set(map(Path, LocalDeltaTable(port.path, version).file_uris()))
    except DeltaError:
        return None


def _partitions_at(port: Port, version: int) -> set[str]:
    found = DeltaTable(str(port.path), version=version).partitions()
    return {str(value) for values in found for value in values.values()}


def _compare_files(port: Port) -> dict[int, set[Path] | None]:
    """Whatever version is the first readable one, both ways find the same; what each version has."""
    versions = commit_versions(port)
    by_version = {version: _files_at(port, version) for version in versions}
    for first in (*versions, versions[-1] + 1):
        before, after = [v for v in versions if v < first], [v for v in versions if v >= first]
        expected = set().union(*(by_version[v] or () for v in before))
        assert files_of_versions(port, before, pass_over_lost=True) == expected
        if all(by_version[v] is not None for v in after):
            assert files_of_versions(port, after) == set().union(*(by_version[v] for v in after))
            assert partitions_of_versions(port, after) == set().union(*(_partitions_at(port, v) for v in after))
        else:
            with pytest.raises(DeltaError):
                files_of_versions(port, after)
    return by_version


def _expire(port: Port, now: datetime, point: str | None = None) -> None:
    by_version, there = _compare_files(port), set(port.path.rglob("*.parquet"))
    try:
        expire_until(port, now, point)
    except DeltaError:
        first = VersionNotes(port).readable_from
        assert any(files is None for version, files in by_version.items() if version >= first)
        assert set(port.path.rglob("*.parquet")) == there
        return
    first = VersionNotes(port).readable_from
    needed = set().union(*(files for version, files in by_version.items() if version >= first))
    expired = set().union(*(files or () for version, files in by_version.items() if version < first))
    log = port.path / "_delta_log"
    left = {path for path in port.path.rglob("*.parquet") if log not in path.parents}
    there = {path for path in there if log not in path.parents}
    assert left == (there if point == "expiry-recorded" else there - (expired - needed))
    for made in read_history(port):
        assert _files_at(port, made.version) == by_version[made.version]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories)
@example([("replace", A), ("withdraw", 1), ("optimize", 0), ("replace", B), ("expire", 1), ("rollback", 4)])
@example([("replace", A), ("replace", B), ("gap", 0), ("replace", C), ("expire", 1), ("replace", A), ("expire", 0)])
@example([("replace", A), ("die", "checkpoint-written"), ("lose", 1), ("replace", B), ("expire", 0), ("whole", C)])
@example([("replace", A), ("replace", A), ("replace", A), ("replace", A), ("die", "expiry-recorded"), ("clean", 4)])
@example([("replace", A), ("clean", 9), ("replace", B), ("die", "files-expired"), ("lose", 1), ("expire", 0)])
def test_one_pass_finds_the_files_of_each_version(steps) -> None:
    home = Path(tempfile.mkdtemp())
    try:
        port = port_at(home / "Zoë's 50% home", "retail.party", 1)
        for kind, what in [FIRST, *steps]:
            take_step(port, kind, what, _expire)
        _compare_files(port)
        _expire(port, datetime.now(UTC) + DAY)
    finally:
        shutil.rmtree(home)
