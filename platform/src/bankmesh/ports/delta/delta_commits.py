"""The only module that writes to the Delta log.

Delta protocol, sections "Add File and Remove File", "Transaction Identifiers" and "Commit Provenance
Information".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.ports.delta.add_actions import read_add_actions
from bankmesh.ports.publication import COMMIT_KEY, EXPIRY_KEY, SKIP_KEY
from bankmesh.ports.version_decisions import DECISION_KEY, carried

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
    from deltalake.transaction import AddAction

    from bankmesh.ports.candidate_folders import Candidate
    from bankmesh.ports.candidate_measures import CandidateFiles
    from bankmesh.ports.delta.add_actions import AddedFile
    from bankmesh.ports.port_locations import Port
    from bankmesh.ports.version_decisions import Decision, Withdrawal

# Delta's own clean-up removes every commit before a checkpoint by age alone, and with it the metadata of versions, even
# of the newest. Expiry removes old commits instead.
_OWN_CLEANUP = {"delta.enableExpiredLogCleanup": "false"}


def commit(
    port: Port,
    table: DeltaTable | None,
    candidate: Candidate,
    files: CandidateFiles,
    *,
    schema: pa.Schema,
    replaced: Sequence[str] | None,
    record: Mapping[str, Any],
    table_name: str,
    description: str | None,
    configuration: Mapping[str, str],
) -> None:
    """Commit a candidate's files as the next version of `table`, or as version 0 if there is no table.

    `replaced` are the partitions to replace, None for the whole table. Raises CommitFailedError if `table` is no longer
    the newest version, and DeltaError if a table was created in the meantime.
    """
    from deltalake import Schema
    from deltalake.transaction import create_table_with_add_actions

    partition_by = [files.partition_column] if files.partition_column else []
    adds = _add_actions(candidate, files)
    properties = {**configuration, **_OWN_CLEANUP}
    if table is None:
        create_table_with_add_actions(
            str(port.path), Schema.from_arrow(schema), adds, mode="error", partition_by=partition_by,
            name=table_name, description=description, configuration=properties,
            commit_properties=_commit_properties(port, 0, record), post_commithook_properties=_hooks(),
        )  # fmt: skip
        return
    _keep_properties(table, properties)
    filters = [(files.partition_column, "in", list(replaced))] if replaced is not None else None
    table.create_write_transaction(
        adds,  # type: ignore[arg-type] # a list of add actions is one of actions
        "overwrite",
        Schema.from_arrow(schema) if replaced is None else table.schema(),
        partition_by,
        filters,  # type: ignore[arg-type]
        commit_properties=_commit_properties(port, table.version() + 1, record),
        post_commithook_properties=_hooks(),
    )


def commit_restore(
    port: Port,
    table: DeltaTable,
    files: Sequence[AddedFile],
    schema: Schema,
    *,
    replaced: Sequence[str] | None,
    record: Mapping[str, Any],
    decision: Decision,
) -> None:
    """Commit files that the table's folder already holds, replacing the current ones, or those of some partitions.

    Raises CommitFailedError if `table` is no longer the newest version.
    """
    columns = table.metadata().partition_columns
    table.create_write_transaction(
        [file.to_action() for file in files],
        "overwrite",
        schema,
        columns,
        [(columns[0], "in", list(replaced))] if replaced is not None else None,
        commit_properties=_commit_properties(port, table.version() + 1, record, decision),
        post_commithook_properties=_hooks(),
    )


def commit_decision(table: DeltaTable, decision: Decision) -> None:
    """Record a decision that changes no file."""
    _commit_note(table, {DECISION_KEY: decision.to_record()})


def commit_expiry(table: DeltaTable, first_readable: int, withdrawn: Sequence[Withdrawal] = ()) -> None:
    """Record that versions before `first_readable` can no longer be read; changes no file.

    `withdrawn` are withdrawals whose own commits are about to be removed.
    """
    note: dict[str, Any] = {"readable_from": first_readable}
    if withdrawn:
        note["withdrawn"] = carried(withdrawn)
    _commit_note(table, {EXPIRY_KEY: note})


def commit_skip(table: DeltaTable, last: int) -> None:
    """Use up one version number, of those up to `last` that lost versions had; changes no file."""
    _commit_note(table, {SKIP_KEY: {"until": last}})


def _commit_note(table: DeltaTable, note: Mapping[str, Any]) -> None:
    from deltalake import CommitProperties

    table.create_write_transaction(
        [],
        "append",
        table.schema(),
        table.metadata().partition_columns,
        commit_properties=CommitProperties(dict(note), 0),
        post_commithook_properties=_hooks(),
    )


def kept_totals(table: DeltaTable, column: str | None, replaced: Collection[str]) -> tuple[int, int]:
    """Return rows and bytes of the files outside the replaced partitions, from the log alone."""
    actions = read_add_actions(table)
    actions = actions.select([f"partition.{column}", "num_records", "size_bytes"])
    kept = [
        (rows, size)
        for value, rows, size in zip(*(actions[name].to_pylist() for name in actions.column_names), strict=True)
        if str(value) not in replaced
    ]
    return sum(rows or 0 for rows, _ in kept), sum(size for _, size in kept)


def _add_actions(candidate: Candidate, files: CandidateFiles) -> list[AddAction]:
    from deltalake.transaction import AddAction

    column = files.partition_column
    return [
        AddAction(
            # The path on disk: delta-rs encodes it as the relative URI that the protocol requires.
            path=f"{candidate.name}/{file.path}",
            size=file.size,
            partition_values={column: file.partition} if column else {},
            modification_time=file.modified,
            data_change=True,
            stats=file.statistics,
        )
        for file in files.files
    ]


def _commit_properties(
    port: Port, version: int, record: Mapping[str, Any], decision: Decision | None = None
) -> CommitProperties:
    from deltalake import CommitProperties, Transaction

    decided = {DECISION_KEY: decision.to_record()} if decision else {}
    return CommitProperties(
        custom_metadata={COMMIT_KEY: dict(record), **decided},
        # delta-rs would otherwise rebase a replacement of a new partition onto a commit that added the same rows.
        max_commit_retries=0,
        app_transactions=[Transaction(port.app_id, version)],
    )


def _hooks() -> PostCommitHookProperties:
    from deltalake import PostCommitHookProperties

    return PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)


def _keep_properties(table: DeltaTable, wanted: Mapping[str, str]) -> None:
    """Update table properties, in a commit of their own, if the contract's have changed."""
    current = table.metadata().configuration
    changed = {name: value for name, value in wanted.items() if current.get(name) != value}
    if changed:
        table.alter.set_table_properties(changed, raise_if_not_exists=False)
        table.update_incremental()
