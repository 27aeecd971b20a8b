"""The files of many versions together, by one pass over the Delta log in place of a table opened at each version.

A version has the files of the one before, less what its commit removes, and what its commit adds. So versions without
a gap between them have together the files of the first and all that the others add: no removal makes a file of an
earlier one less needed. Of a commit that adds a file and removes it, which Delta allows for deletion vectors, the
file counts.

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
    """Absolute paths of all files that a table has at any of these versions, which the log has commits of; ascending.

    Raises DeltaError if commits that a version builds on are gone. With `pass_over_lost` such versions are left out.
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
    """Every partition that a table has a file of at any of these versions, which the log has commits of; ascending.

    Raises DeltaError if commits that a version builds on are gone.
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
    """Add actions of the versions of a run after the one at which the table was opened."""
    return (added for version in run if version > table.version() for added in added_files(port, version))


def _open_first(port: Port, starts: Iterable[int], *, pass_over_lost: bool) -> DeltaTable | None:
    """The table at the first of these versions that the log can be read at."""
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
    """Paths of a table's files as the log writes them."""
    return set(read_add_actions(table)["path"].to_pylist())


def _checkpoints(port: Port, run: Sequence[int]) -> list[int]:
    """Versions of a run that have a checkpoint, by which they can be read without commits before; ascending."""
    names = [path.name for path in (port.path / LOG_FOLDER).glob("*.checkpoint.*")]
    versions = {int(name[:20]) for name in names if name[:20].isdigit()}
    return sorted(versions.intersection(run))


def _runs(versions: Iterable[int]) -> Iterator[list[int]]:
    """Ascending versions, divided where one is missing."""
    run: list[int] = []
    for version in versions:
        if run and version != run[-1] + 1:
            yield run
            run = []
        run.append(version)
    if run:
        yield run
