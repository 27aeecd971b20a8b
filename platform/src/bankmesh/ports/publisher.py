"""Publishing: one Delta commit that adds files which are already written.

Concurrent publishers: each takes the port's lock, reads the newest version, and commits only if its candidate was
decided on that version. Otherwise its caller decides again (`on_moved`), and it retries. Where locks do not reach, the
commit itself fails: it carries `Transaction(app_id, version)` and delta-rs never rebases it (`max_commit_retries=0`),
so a stale table handle fails with CommitFailedError.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import PortError, PublishConflict
from bankmesh.fault_points import reached
from bankmesh.ports.candidate_folders import unmark
from bankmesh.ports.commit_preconditions import check_files_lie_there, check_not_null, check_partitions, check_schema
from bankmesh.ports.delta.delta_commits import commit, commit_skip, kept_totals
from bankmesh.ports.port_locks import exclusive
from bankmesh.ports.publication import Publication, to_commit
from bankmesh.ports.version_history import latest, open_table, published_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa
    from deltalake import DeltaTable

    from bankmesh.ports.candidate_folders import Candidate
    from bankmesh.ports.candidate_measures import CandidateFiles
    from bankmesh.ports.port_locations import Port
    from bankmesh.ports.publication import Provenance

# All but the last try decide without the lock, so that other publishers can proceed meanwhile.
_TRIES = 5
_PAUSE = 0.02


@dataclass(frozen=True)
class ReplaceAll:
    """The candidate becomes the whole table."""


@dataclass(frozen=True)
class ReplacePartitions:
    """The candidate replaces these partitions, including those that it has no rows for."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class _PublishRequest:
    """The arguments of one publish."""

    port: Port
    candidate: Candidate
    files: CandidateFiles
    schema: pa.Schema
    replace: ReplaceAll | ReplacePartitions
    provenance: Provenance
    table_name: str
    description: str | None
    configuration: Mapping[str, str]


def publish(
    port: Port,
    candidate: Candidate,
    files: CandidateFiles,
    schema: pa.Schema,
    *,
    replace: ReplaceAll | ReplacePartitions,
    provenance: Provenance,
    table_name: str | None = None,
    description: str | None = None,
    configuration: Mapping[str, str] | None = None,
    on_moved: Callable[[Publication], None] | None = None,
) -> Publication:
    """Publish a candidate in one commit: every new reader sees all of it, and no reader sees a part.

    `on_moved` is called with the newest publication if that is not the one that the candidate was decided on. It may
    raise PublishConflict; if it returns, the publish continues. Without it, any other publication since `stage` is a
    conflict. The last call holds the port's lock, so `on_moved` must not publish to the same port.

    `configuration` are Delta table properties, which every publish sets as given here. A call for a candidate that is
    already published returns its publication.

    Raises PublishConflict, and PortError in these cases: files lie outside the partitions to replace, have changed
    since they were measured, or hold nulls in a column that is not nullable; the schema is not allowed within the
    major; the commit could not be written. Nothing is published then.
    """
    request = _PublishRequest(
        port, candidate, files, schema, replace, provenance,
        table_name or port.product, description, dict(configuration or {}),
    )  # fmt: skip
    replaced = replace.values if isinstance(replace, ReplacePartitions) else None
    check_partitions(port, files, replace.column if isinstance(replace, ReplacePartitions) else None, replaced)
    check_not_null(port, files, schema)
    decided = candidate.base_version
    for attempt in range(_TRIES):
        with exclusive(port):
            table = open_table(port)
            done = _found(port, candidate, table)
            if done:
                return done
            newest = latest(port)
            if newest and newest.version != decided and attempt == _TRIES - 1:
                _decide(port, newest, on_moved)
                decided = newest.version
            if (newest.version if newest else None) == decided:
                # Opened before the newest version is read, so a commit in between makes this one fail.
                published = _try_commit(request, table)
                if published:
                    unmark(candidate)
                    return published
        if newest and newest.version != decided:
            _decide(port, newest, on_moved)
            decided = newest.version
        else:
            time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - spreads publishers, no secret
    raise PublishConflict(port.name, f"other writers changed its table during each of {_TRIES} tries")


def skip_versions(port: Port, last: int) -> None:
    """Use up the version numbers up to `last`, which lost versions had, so that none is reused; changes no row.

    A table that is lost as a whole begins at 0 again. Raises PortError if a commit could not be written.
    """
    from deltalake.exceptions import DeltaError

    with exclusive(port):
        table = open_table(port)
        while table is not None and table.version() < last:
            try:
                commit_skip(table, last)
            except (DeltaError, OSError) as error:
                text = f"{port.name}: version numbers to {last} could not be skipped ({error}). Run it again."
                raise PortError(text) from error
            table = open_table(port)


def _found(port: Port, candidate: Candidate, table: DeltaTable | None) -> Publication | None:
    """Return the publication that the candidate became, even if others have published since."""
    base = candidate.base_version
    # A table that was lost meanwhile starts at 0 again, so its version does not limit the search.
    since = base if table is not None and base is not None and table.version() >= base else None
    return published_from(port, candidate.name, since)


def _decide(port: Port, newest: Publication, on_moved: Callable[[Publication], None] | None) -> None:
    if on_moved is None:
        raise PublishConflict(port.name, f"version {newest.version} was published after this build began")
    on_moved(newest)


def _try_commit(request: _PublishRequest, table: DeltaTable | None) -> Publication | None:
    """Commit on top of `table`; None if another writer, without the lock, has changed it since it was opened."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    port, candidate = request.port, request.candidate
    check_files_lie_there(port, candidate, request.files)
    try:
        _commit(request, table)
    except (DeltaError, OSError) as error:
        # Steps after the commit, such as a checkpoint, can fail as well; the log shows whether the commit is there.
        published = _found(port, candidate, table)
        if published:
            return published
        if isinstance(error, CommitFailedError) or (table is None and port.is_published):
            return None
        text = f"{port.name}: the commit could not be written ({error}). Nothing is published."
        raise PortError(text) from error
    reached("after-commit")
    published = _found(port, candidate, table)
    if published is None:
        raise PortError(f"{port.name}: the commit was accepted, but the log does not have it. Inspect {port.path}.")
    return published


def _commit(request: _PublishRequest, table: DeltaTable | None) -> None:
    replaced = request.replace.values if isinstance(request.replace, ReplacePartitions) else None
    rows, size = request.files.rows, request.files.bytes
    if table is not None:
        if replaced is not None:
            kept_rows, kept_bytes = kept_totals(table, request.files.partition_column, replaced)
            rows, size = rows + kept_rows, size + kept_bytes
            if not kept_bytes:
                replaced = None  # nothing is kept, so a new column is allowed as well
        partial = replaced is not None
        check_schema(request.port, table, request.schema, request.files.partition_column, partial=partial)
    record = to_commit(request.port.app_id, request.candidate.name, rows, size, request.provenance)
    reached("before-commit")
    commit(
        request.port,
        table,
        request.candidate,
        request.files,
        schema=request.schema,
        replaced=replaced,
        record=record,
        table_name=request.table_name,
        description=request.description,
        configuration=request.configuration,
    )
