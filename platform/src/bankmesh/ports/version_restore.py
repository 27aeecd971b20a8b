"""Withdraws a version, rolls back to one, or resumes a product: one commit each, without copying rows.

Versions only increase. Rows are restored by adding their former files again, which stay in the table's folder while a
readable version needs them. As in `publisher`, the port's lock is held for decision and commit. Where locks do not
reach, the commit itself fails if the table has changed.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.errors import NotPublished, PortError, PublishConflict
from bankmesh.fault_points import reached
from bankmesh.ports.delta.add_actions import files_of
from bankmesh.ports.delta.commit_log import commit_versions
from bankmesh.ports.delta.delta_commits import commit_decision, commit_restore
from bankmesh.ports.delta.version_files import partitions_of_versions
from bankmesh.ports.port_locks import exclusive
from bankmesh.ports.port_reader import mixed_relation_sql
from bankmesh.ports.publication import to_commit
from bankmesh.ports.restore_plan import CannotRestore, PartitionWriters, as_published, plan_rollback, plan_withdrawal
from bankmesh.ports.version_decisions import WHOLE, Decision, DecisionKind
from bankmesh.ports.version_history import (
    newest_removal,
    open_table,
    published_by,
    read_history,
    unresumed,
    withdrawals,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deltalake import DeltaTable, Schema

    from bankmesh.ports.delta.add_actions import AddedFile
    from bankmesh.ports.port_locations import Port
    from bankmesh.ports.publication import Publication
    from bankmesh.ports.restore_plan import RestorePlan

_TRIES = 20
_PAUSE = 0.02


class NotHeld(PortError):
    """Nothing holds the product, so it cannot be resumed."""

    def __init__(self, product: str) -> None:
        self.product = product
        super().__init__(f"{product}: nothing holds it, so there is nothing to resume.")


@dataclass(frozen=True)
class RestoreResult:
    """The result of a decision: `publication` is the version that readers get from now on, None if no row changed.

    `holders` are later versions that hold rows of withdrawn versions; they stay readable by their number.
    """

    decision: Decision
    publication: Publication | None
    holders: tuple[int, ...] = ()


CheckMix = Callable[[str, tuple[int, ...]], None]
"""Raises to refuse a mix of rows from versions that were never published together.

Receives the rows as a DuckDB relation, and the versions that can be rolled back to.
"""


def withdraw(port: Port, version: int, *, by: str, reason: str, check_mix: CheckMix | None = None) -> RestoreResult:
    """Withdraw a version: readers get the rows before it, except where a later version has replaced them.

    Raises CannotRestore, which lists the versions that can be restored, NotPublished, PublishConflict, PortError, and
    whatever `check_mix` raises; nothing is changed then.
    """
    return _carry_out(
        port, DecisionKind.WITHDRAW, by, reason, lambda writers: plan_withdrawal(writers, version), check_mix
    )


def roll_back(port: Port, version: int, *, by: str, reason: str) -> RestoreResult:
    """Make readers get an earlier version again, and withdraw all later ones. Raises as `withdraw` does."""
    return _carry_out(port, DecisionKind.ROLLBACK, by, reason, lambda writers: plan_rollback(writers, version))


def resume(port: Port, *, by: str, reason: str) -> Decision:
    """Allow builds of a product that a restored version holds. Raises NotHeld."""
    decision = Decision(DecisionKind.RESUME, by, reason)
    for attempt in range(_TRIES):
        with exclusive(port):
            table = _open(port)
            if unresumed(port) is None:
                raise NotHeld(port.name)
            if _noted(table, decision):
                return decision
        _wait(attempt)
    raise _conflict(port)


def _carry_out(
    port: Port,
    kind: DecisionKind,
    by: str,
    reason: str,
    decide: Callable[[PartitionWriters], RestorePlan],
    check_mix: CheckMix | None = None,
) -> RestoreResult:
    if not by.strip() or not reason.strip():
        raise PortError(f"{port.name}: name the person who decides and the reason; both are recorded in the table.")
    for attempt in range(_TRIES):
        with exclusive(port):
            table = _open(port)
            done = _try(port, table, Decision(kind, by, reason), decide, check_mix)
            if done is not None:
                return done
        _wait(attempt)
    raise _conflict(port)


def _try(
    port: Port,
    table: DeltaTable,
    draft: Decision,
    decide: Callable[[PartitionWriters], RestorePlan],
    check_mix: CheckMix | None,
) -> RestoreResult | None:
    """Decide and commit on top of `table`; None if another writer, without the lock, has changed it since."""
    known = {made.version: made for made in reversed(read_history(port))}
    partitioned = bool(table.metadata().partition_columns)
    writers = _writers(port, known.values(), _partitions(port, known) if partitioned else {WHOLE})
    plan = decide(writers)
    withdrawn = [known[version] for version in plan.withdrawn]
    held = sorted({made.provenance.code_version for made in withdrawn if made.decision is None})
    decision = replace(draft, withdrawn=plan.withdrawn, held_code=tuple(held))
    if not plan.as_of:
        if not _noted(table, decision):
            return None
        return RestoreResult(decision, None, plan.holders)
    basis = known[plan.basis]
    decision = replace(decision, restored=_restored(known, plan), sources=plan.sources, fresh_since=basis.fresh_since)
    files, schema, replaced = _content(port, table, plan, writers)
    if check_mix is not None and writers.is_new_mix(plan):
        (column,) = table.metadata().partition_columns
        mixed = mixed_relation_sql(port, writers.newest, column, plan.as_of)
        check_mix(mixed, tuple(writers.restorable_without(plan.withdrawn)))
    identity = str(uuid.uuid4())
    kept = [file for file in files_of(port, table) if replaced is not None and file.partition not in replaced]
    provenance = replace(
        basis.provenance, run_id=identity, attempt=None, partitions=tuple(sorted(plan.as_of)) if partitioned else None
    )
    rows, size = sum(file.rows for file in (*files, *kept)), sum(file.size for file in (*files, *kept))
    record = to_commit(port.app_id, f"restore-{identity}", rows, size, provenance)
    reached("before-restore")
    made = _commit(
        port,
        identity,
        lambda: commit_restore(port, table, files, schema, replaced=replaced, record=record, decision=decision),
    )
    if made is None:
        return None
    reached("after-restore")
    return RestoreResult(made.decision or decision, made, plan.holders)


def _commit(port: Port, identity: str, commit: Callable[[], None]) -> Publication | None:
    """Commit. Steps after it, such as a checkpoint, can fail as well, so the log decides whether it succeeded."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        commit()
    except (DeltaError, OSError) as error:
        made = published_by(port, identity)
        if made is None and not isinstance(error, CommitFailedError):
            text = f"{port.name}: the commit could not be written ({error}). Nothing is changed."
            raise PortError(text) from error
        return made
    return published_by(port, identity)


def _open(port: Port) -> DeltaTable:
    table = open_table(port)
    if table is None:
        raise NotPublished(port.name, None, ())
    return table


def _table(port: Port, version: int) -> DeltaTable:
    table = open_table(port, version)
    if table is None:
        raise NotPublished(port.name, version, ())
    return table


def _partitions(port: Port, known: Iterable[int]) -> set[str]:
    """Return every partition that any known version has or had."""
    first = min(known, default=0)
    return partitions_of_versions(port, [version for version in commit_versions(port) if version >= first])


def _writers(port: Port, known: Iterable[Publication], partitions: set[str]) -> PartitionWriters:
    published = [as_published(made) for made in known]
    replaced = {name for made in published for name in made.replaced or ()}
    removal = newest_removal(port) or 0
    return PartitionWriters(port.name, published, sorted(partitions | replaced), withdrawals(port).keys(), removal)


def _restored(known: dict[int, Publication], plan: RestorePlan) -> int:
    """Return the version that the restored rows are known by: of a restoring version, the one that it restored."""
    version = max(plan.as_of.values())
    decision = known[version].decision
    return version if decision is None or decision.restored is None else decision.restored


def _content(
    port: Port, table: DeltaTable, plan: RestorePlan, writers: PartitionWriters
) -> tuple[list[AddedFile], Schema, list[str] | None]:
    """Return the files to restore, the schema of the restored table, and the partitions replaced (None: all)."""
    tables = {version: _table(port, version) for version in sorted(set(plan.as_of.values()))}
    files = [
        file
        for version, then in tables.items()
        for file in files_of(port, then)
        if plan.as_of.get(file.partition) == version
    ]
    _check_files(port, files, writers)
    _check_removals(port, files, plan, writers)
    schemas = {then.schema().to_json(): then.schema() for then in tables.values()}
    current = {file.partition for file in files_of(port, table)}
    partial = WHOLE not in plan.as_of and bool(current - set(plan.as_of))
    if len(schemas) > 1 or (partial and table.schema().to_json() not in schemas):
        problem = (
            "the partitions to restore have other columns than the remaining ones; roll back to a version before both"
        )
        raise CannotRestore(port.name, problem, writers.restorable())
    (schema,) = schemas.values()
    return files, schema, sorted(plan.as_of) if partial else None


def _check_files(port: Port, files: Iterable[AddedFile], writers: PartitionWriters) -> None:
    missing = [file.path for file in files if not (port.path / file.path).is_file()]
    if missing:
        problem = f"{len(missing)} files of the version to restore are missing, such as {missing[0]}"
        raise CannotRestore(port.name, problem, writers.restorable())


def _check_removals(port: Port, files: Iterable[AddedFile], plan: RestorePlan, writers: PartitionWriters) -> None:
    """Check that no file is restored that erasure or retention has removed from the table since."""
    earlier = {name for name, version in plan.as_of.items() if version < writers.removal}
    if not earlier:
        return
    survived = {file.path for file in files_of(port, _table(port, writers.removal))}
    gone = [file for file in files if file.partition in earlier and file.path not in survived]
    if gone:
        problem = f"{len(gone)} files of the version to restore hold rows that were erased, or expired, since"
        raise CannotRestore(port.name, problem, writers.restorable())


def _noted(table: DeltaTable, decision: Decision) -> bool:
    from deltalake.exceptions import CommitFailedError

    try:
        commit_decision(table, decision)
    except CommitFailedError:
        return False
    return True


def _wait(attempt: int) -> None:
    time.sleep(random.uniform(0, min(1.0, _PAUSE * 2**attempt)))  # noqa: S311 - spreads publishers, no secret


def _conflict(port: Port) -> PublishConflict:
    return PublishConflict(port.name, f"other writers changed its table during each of {_TRIES} tries")
