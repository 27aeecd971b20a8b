"""Expiry: removes old versions and abandoned candidates, and keeps everything that a readable version needs.

A kill at any time leaves a readable port, and the next call completes the work. First a commit records the first
readable version, then files are removed, then commits before that version.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bankmesh.fault_points import reached
from bankmesh.ports.delta.commit_log import commit_versions
from bankmesh.ports.delta.delta_commits import commit_expiry
from bankmesh.ports.delta.version_files import files_of_versions
from bankmesh.ports.port_locations import LOG_FOLDER, PROFILE_FOLDER, SAMPLE_SUFFIX
from bankmesh.ports.port_locks import exclusive, is_marked
from bankmesh.ports.version_history import VersionNotes, open_table, readable_publications

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from deltalake import DeltaTable

    from bankmesh.ports.port_locations import Port


@dataclass(frozen=True)
class ExpiryReport:
    """What expiry removed: versions that can no longer be read, abandoned candidates by name, files and their bytes."""

    versions: tuple[int, ...]
    candidates: tuple[str, ...]
    files: int
    bytes: int


def expire(
    port: Port, *, keep_candidates: timedelta, retention: timedelta | None, now: datetime | None = None
) -> ExpiryReport:
    """Remove expired versions and candidates that were never published.

    A version expires when it was replaced longer than `retention` ago (None: never). So every version that was current
    within the retention can be read, and the newest always. An unpublished candidate is removed once nothing in it has
    changed for `keep_candidates`, unless its build is still running. `now` is an aware datetime, by default the
    present. Publishers wait meanwhile.
    """
    now = now or datetime.now(UTC)
    with exclusive(port):
        table = open_table(port)
        gone: tuple[int, ...] = ()
        needed: set[Path] = set()
        expired_files: set[Path] = set()
        if table is not None:
            gone, first = _move_horizon(port, table, retention, now)
            reached("expiry-recorded")
            needed, expired_files = _files_of_versions(port, first)
        files, size = _delete(port, expired_files - needed)
        candidates, more, more_size = _drop_candidates(port, needed, now - keep_candidates)
        reached("files-expired")
        if table is not None:
            _drop_commits(port, first)
        if gone:
            _drop_profiles(port)
        return ExpiryReport(gone, candidates, files + more, size + more_size)


def abandoned_candidates(port: Port, before: datetime) -> tuple[str, ...]:
    """Return the candidates that expiry would remove: no version refers to them, no build uses them, none is newer."""
    if not port.path.is_dir():
        return ()
    needed = files_of_versions(port, commit_versions(port), pass_over_lost=True)
    return tuple(folder.name for folder in _unused_candidates(port, needed, before))


def has_unfinished_expiry(port: Port) -> bool:
    """Whether an expiry ended before it removed the commits that it recorded as expired; the next one removes them."""
    commits = commit_versions(port)
    return bool(commits) and commits[0] < VersionNotes(port).readable_from


def _move_horizon(
    port: Port, table: DeltaTable, retention: timedelta | None, now: datetime
) -> tuple[tuple[int, ...], int]:
    """Record the new horizon; return the versions that expire now, and the first readable version after that."""
    notes = VersionNotes(port)
    if retention is None:
        return (), notes.readable_from
    # Only versions and times are kept: gates and lineage of publications cost more time and memory than all the rest.
    known = [(made.version, made.published_at) for made in readable_publications(port)][::-1]
    versions = [version for version, _ in known]
    count = _count_expired([moment for _, moment in known], now - retention)
    if not count:
        return (), notes.readable_from
    first = versions[count]
    gone = [withdrawal for withdrawal in notes.withdrawals().values() if withdrawal.version < first]
    commit_expiry(table, first, gone)
    return tuple(versions[:count]), first


def _count_expired(published_at: Sequence[datetime], limit: datetime) -> int:
    count = 0
    # A version is replaced when its successor is published; the last one has no successor.
    for successor in published_at[1:]:
        if successor >= limit:
            break
        count += 1
    return count


def _files_of_versions(port: Port, first: int) -> tuple[set[Path], set[Path]]:
    """Return the files of all versions from `first` on, and of those before it that the log still has."""
    commits = commit_versions(port)
    needed = files_of_versions(port, [version for version in commits if version >= first])
    before = [version for version in commits if version < first]
    # An earlier expiry that was killed has removed commits that some of these build on.
    return needed, files_of_versions(port, before, pass_over_lost=True)


def _drop_candidates(port: Port, needed: set[Path], limit: datetime) -> tuple[tuple[str, ...], int, int]:
    names: list[str] = []
    files = size = 0
    for folder in _unused_candidates(port, needed, limit):
        sizes = [path.stat().st_size for path in folder.rglob("*.parquet")]
        shutil.rmtree(folder)
        names.append(folder.name)
        files, size = files + len(sizes), size + sum(sizes)
    return tuple(names), files, size


def _unused_candidates(port: Port, needed: set[Path], limit: datetime) -> Iterator[Path]:
    in_use = {path.relative_to(port.path).parts[0] for path in needed if path.is_relative_to(port.path)}
    for folder in _candidate_folders(port):
        # In a published one, anything else left in it, such as a file without rows, is harmless.
        if folder.name not in in_use and not is_marked(folder) and _last_change(folder) < limit.timestamp():
            yield folder


def _candidate_folders(port: Port) -> list[Path]:
    if not port.path.is_dir():
        return []
    return sorted(path for path in port.path.iterdir() if path.is_dir() and path.name[0] not in "._")


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))


def _delete(port: Port, paths: Iterable[Path]) -> tuple[int, int]:
    files = size = 0
    for path in sorted(paths):
        if path.is_file():
            size += path.stat().st_size
            path.unlink()
            files += 1
    inside = (path.relative_to(port.path).parts for path in paths if path.is_relative_to(port.path))
    for folder in {port.path / parts[0] for parts in inside if len(parts) > 1}:
        if folder.is_dir() and not any(folder.rglob("*.parquet")) and not is_marked(folder):
            shutil.rmtree(folder)
    return files, size


def _drop_profiles(port: Port) -> None:
    """Remove profiles and samples of versions that can no longer be read."""
    folder = port.path / PROFILE_FOLDER
    found = [*folder.glob("*.json"), *folder.glob(f"*{SAMPLE_SUFFIX}")]
    kept = {made.candidate for made in readable_publications(port)} if found else set()
    for path in found:
        if path.stem not in kept:
            path.unlink(missing_ok=True)


def _drop_commits(port: Port, first: int) -> None:
    """Remove commits before the first readable version, after writing a checkpoint for that version."""
    from deltalake import DeltaTable

    log = port.path / LOG_FOLDER
    old = [path for path in sorted(log.iterdir()) if path.stem[:20].isdigit() and int(path.stem[:20]) < first]
    if not old:
        return
    if not (log / f"{first:020d}.checkpoint.parquet").is_file():
        if not (log / f"{first:020d}.json").is_file():
            return  # Another writer removed that version from the log, so no checkpoint can be written.
        DeltaTable(str(port.path), version=first).create_checkpoint()
        # The log now points at an old checkpoint; a newer one saves readers the commits in between.
        DeltaTable(str(port.path)).create_checkpoint()
    reached("checkpoint-written")
    for path in old:
        path.unlink()
