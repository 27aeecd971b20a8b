"""The files of many versions together, from one pass over the Delta log instead of opening a table at each version.

A version has the files of the one before, minus those that its commit removes, plus those that it adds. Consecutive
versions together therefore have the files of the first and all files that the others add; removals do not matter. If a
commit adds and removes the same file, which Delta allows for deletion vectors, the file counts.

Delta protocol, section "Action Reconciliation".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from bankmesh.ports.delta.add_actions import read_add_actions
from bankmesh.ports.delta.commit_log import added_files
from bankmesh.ports.port_locations import LOG_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from deltalake import DeltaTable

    from bankmesh.ports.port_locations import Port


def files_of_versions(port: Port, versions: Sequence[int], *, pass_over_lost: bool = False) -> set[Path]:
    """Return the absolute paths of all files of a table at any of these ascending versions, whose commits the log has.

    Raises DeltaError if commits that a version builds on are missing. With `pass_over_lost` such versions are skipped.
    """
    found: set[str] = set()
    for run in _runs(versions):
        starts = [run[0], *(_checkpoints(port, run) if pass_over_lost else ())]
        table = _open_first(port, starts, pass_over_lost=pass_over_lost)
        if table is not None:
            found |= _logged_paths(table)
            found.update(added["path"] for added in _added_after(port, run, table))
    # The log writes paths relative to the table's folder, as URIs.
    return {port.path / unquote(path) for path in found}


def partitions_of_versions(port: Port, versions: Sequence[int]) -> set[str]:
    """Return every partition that has a file at any of these ascending versions, whose commits the log has.

    Raises DeltaError if commits that a version builds on are missing.
    """
    found: set[str] = set()
    for run in _runs(versions):
        table = _open_first(port, run[:1], pass_over_lost=False)
        if table is not None:
            found |= {str(value) for values in table.partitions() for value in values.values()}
            for added in _added_after(port, run, table):
                found |= {str(value) for value in added["partitionValues"].values()}
    return found


def _added_after(port: Port, run: Iterable[int], table: DeltaTable) -> Iterator[dict[str, Any]]:
    """Yield the add actions of the versions of a run after the one at which the table was opened."""
    return (added for version in run if version > table.version() for added in added_files(port, version))


def _open_first(port: Port, starts: Iterable[int], *, pass_over_lost: bool) -> DeltaTable | None:
    """Open the table at the first of these versions at which the log can be read."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    for version in starts:
        try:
            return DeltaTable(str(port.path), version=version)
        except DeltaError:
            if not pass_over_lost:
                raise
    return None


def _logged_paths(table: DeltaTable) -> set[str]:
    """Return the paths of a table's files as the log writes them."""
    return set(read_add_actions(table)["path"].to_pylist())


def _checkpoints(port: Port, run: Sequence[int]) -> list[int]:
    """Return versions of a run that have a checkpoint and so need no earlier commits; ascending."""
    names = [path.name for path in (port.path / LOG_FOLDER).glob("*.checkpoint.*")]
    versions = {int(name[:20]) for name in names if name[:20].isdigit()}
    return sorted(versions.intersection(run))


def _runs(versions: Iterable[int]) -> Iterator[list[int]]:
    """Yield runs of consecutive versions from ascending ones."""
    run: list[int] = []
    for version in versions:
        if run and version != run[-1] + 1:
            yield run
            run = []
        run.append(version)
    if run:
        yield run
