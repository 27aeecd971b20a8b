"""Preconditions of a commit; each function raises PortError if its condition does not hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bankmesh.errors import PortError
from bankmesh.ports.version_history import open_table

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa
    from deltalake import DeltaTable

    from bankmesh.ports.candidate_folders import Candidate
    from bankmesh.ports.candidate_measures import CandidateFiles
    from bankmesh.ports.port_locations import Port

_SHOWN = 3


def check_partitions(port: Port, files: CandidateFiles, column: str | None, replaced: Collection[str] | None) -> None:
    """Check that every file lies in one of the partitions to be replaced.

    Delta does not check this: a file outside the filter would be added to the rows that stay.
    """
    if replaced is None:
        return
    if column is None or column != files.partition_column:
        raise PortError(
            f"{port.name}: partitions of {column} are to be replaced, but the candidate is "
            f"{'partitioned by ' + files.partition_column if files.partition_column else 'not partitioned'}."
        )
    if not replaced:
        raise PortError(f"{port.name}: no partition is named to be replaced. Name at least one.")
    outside = sorted(files.partitions - set(replaced))
    if outside:
        shown = ", ".join(outside[:_SHOWN]) + (", ..." if len(outside) > _SHOWN else "")
        raise PortError(
            f"{port.name}: the candidate has rows in {len(outside)} partitions that this run does not build "
            f"({column} {shown}). Filter the transform's output to the requested partitions, or widen the "
            "contract's partitioning."
        )


def check_not_null(port: Port, files: CandidateFiles, schema: pa.Schema) -> None:
    """Check that columns which are not nullable have no nulls, as far as the files' writers counted them."""
    broken = [spec.name for spec in schema if not spec.nullable and files.nulls.get(spec.name)]
    if broken:
        raise PortError(
            f"{port.name}: nulls in {', '.join(broken)}, which the contract requires. Readers rely on that; "
            "fill the column, or make it optional in a new major."
        )


def check_files_lie_there(port: Port, candidate: Candidate, files: CandidateFiles) -> None:
    """Check that every file still exists with the measured size."""
    for file in files.files:
        path = candidate.path / file.path
        if not path.is_file() or path.stat().st_size != file.size:
            raise PortError(
                f"{port.name}: {file.path} of candidate {candidate.name} was removed or changed after it was "
                "measured. Run it again."
            )


def check_schema(
    port: Port, table: DeltaTable, schema: pa.Schema, partition_column: str | None, *, partial: bool
) -> None:
    """Check that the table may get this schema within its major: only new columns, and only by replacing everything."""
    partitioned = table.metadata().partition_columns
    if partitioned != ([partition_column] if partition_column else []):
        now = f"partitioned by {', '.join(partitioned)}" if partitioned else "not partitioned"
        raise PortError(f"{port.name}: its table is {now}, which cannot change. Raise the contract's major.")
    current, wanted = _fields(table.schema().to_json()), _fields(_delta_json(schema))
    broken = [problem for name, spec in current.items() if (problem := _change(name, spec, wanted.get(name)))]
    if broken:
        raise PortError(
            f"{port.name}: {'; '.join(broken)}. Readers of this major rely on it: raise the contract's major."
        )
    if partial and current != wanted:
        changed = sorted(name for name, spec in wanted.items() if current.get(name) != spec)
        raise PortError(
            f"{port.name}: {', '.join(changed)} changed, and a run of some partitions would leave the "
            "others as they were. Rebuild all partitions in one run."
        )


def schema_conflicts(port: Port, schema: pa.Schema) -> tuple[tuple[str, str], ...]:
    """Return the columns of the newest version that a table with this schema would break, each with the reason."""
    table = open_table(port)
    if table is None:
        return ()
    current, wanted = _fields(table.schema().to_json()), _fields(_delta_json(schema))
    found = ((name, _change(name, spec, wanted.get(name))) for name, spec in current.items())
    return tuple((name, problem) for name, problem in found if problem)


def _delta_json(schema: pa.Schema) -> str:
    from deltalake import Schema

    return Schema.from_arrow(schema).to_json()


def _fields(text: str) -> dict[str, dict[str, Any]]:
    fields = json.loads(text)["fields"]
    return {spec["name"]: {"type": spec["type"], "nullable": spec["nullable"]} for spec in fields}


def _change(name: str, before: dict[str, Any], after: dict[str, Any] | None) -> str | None:
    """Return what would break for a reader of the column, None if nothing."""
    if after is None:
        return f"column {name} was removed"
    if before["type"] != after["type"]:
        return f"column {name} is no longer {before['type']}, but {after['type']}"
    if after["nullable"] and not before["nullable"]:
        return f"column {name} may now be null"
    return None
