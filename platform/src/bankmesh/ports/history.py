"""Published versions of a port, read from the Delta log and from nothing else.

Commits that are not ours (vacuum, optimize, table properties) take version numbers too; they are no
publications and are passed over. Versions that have expired are no longer listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.errors import NotPublished
from bankmesh.ports.publications import EXPIRY_KEY, Publication, from_commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deltalake import DeltaTable

    from bankmesh.ports.places import Port

# Commits of others between two publications are few: this many entries nearly always hold one of ours.
_FIRST_LOOK = 20


def open_table(port: Port, version: int | None = None) -> DeltaTable | None:
    """The port's Delta table at `version`, None if it has no commit yet."""
    if not port.is_published:
        return None
    from deltalake import DeltaTable

    return DeltaTable(str(port.path), version=version)


def history(port: Port) -> tuple[Publication, ...]:
    """All readable publications, newest first; empty if there is no table."""
    table = open_table(port)
    return publications_of(table) if table else ()


def latest(port: Port) -> Publication | None:
    """The newest publication, which readers get unless they name a version."""
    table = open_table(port)
    return newest_of(table) if table else None


def at_version(port: Port, version: int) -> Publication:
    """The publication with that Delta version; raises NotPublished, which lists those that are readable."""
    known = history(port)
    for publication in known:
        if publication.version == version:
            return publication
    raise NotPublished(port.name, version, [publication.version for publication in reversed(known)])


def published_by(port: Port, run_id: str) -> Publication | None:
    """The newest readable publication that the run made, if it made one."""
    return next((found for found in history(port) if found.provenance.run_id == run_id), None)


def publications_of(table: DeltaTable) -> tuple[Publication, ...]:
    """All readable publications in an open table's log, newest first."""
    commits = table.history()
    first = readable_from(commits)
    return tuple(found for found in map(from_commit, commits) if found and found.version >= first)


def newest_of(table: DeltaTable) -> Publication | None:
    """The newest publication in an open table's log; it is always readable, since expiry keeps it."""
    for limit in (_FIRST_LOOK, None):
        for commit in table.history(limit):
            if found := from_commit(commit):
                return found
    return None


def readable_from(commits: Sequence[dict[str, Any]]) -> int:
    """The oldest version that expiry has left readable, as its own commits recorded it; 0 if it never ran."""
    marks = [commit[EXPIRY_KEY]["readable_from"] for commit in commits if EXPIRY_KEY in commit]
    return max(marks, default=0)
