"""The volume of a table, rows and partitions, from the add actions of the Delta log, without a scan.

Removals by legal duty (erasure of a person, retention of rows) are commits of their own with the key
`bankmesh_removal`. Their removed rows are not a loss: a version is compared with what its last such commit left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bankmesh.ports.delta.add_actions import read_add_actions
from bankmesh.ports.port_reader import relation_sql
from bankmesh.ports.version_history import newest_good, newest_removal, open_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from deltalake import DeltaTable

    from bankmesh.ports.candidate_measures import CandidateFiles
    from bankmesh.ports.port_locations import Port

_NULLS = "null_count."


@dataclass(frozen=True)
class TableVolume:
    """Rows of a table, and its number of non-empty partitions; `partitions` is None for an unpartitioned table."""

    rows: int
    partitions: int | None


@dataclass(frozen=True)
class VolumeBaseline:
    """The basis of comparison for the next version: volume of a published version, and its rows as a SQL relation."""

    version: int
    volume: TableVolume
    relation: str


def volume_baseline(port: Port) -> VolumeBaseline | None:
    """Return the newest version that is not withdrawn; None before the first publication."""
    publication = newest_good(port)
    if publication is None:
        return None
    # Rows that retention or erasure has removed since then need not be kept.
    version = max(publication.version, newest_removal(port, since=publication.version) or 0)
    table = open_table(port, version)
    if table is None:
        return None
    column = _partition_column(table)
    volume = _volume(_rows_by_partition(port, table, column), partitioned=column is not None)
    return VolumeBaseline(publication.version, volume, relation_sql(port, version))


def volume_after(port: Port, files: CandidateFiles, replaced: Collection[str] | None) -> TableVolume:
    """Return the volume once `files` are published: all of them, and the rows of partitions not in `replaced`.

    `replaced` is None for a candidate that becomes the whole table.
    """
    rows: Counter[str | None] = Counter()
    for file in files.files:
        rows[file.partition] += file.rows
    table = open_table(port) if replaced is not None else None
    if table is not None and replaced is not None:
        kept = _rows_by_partition(port, table, files.partition_column)
        rows.update({partition: count for partition, count in kept.items() if partition not in replaced})
    return _volume(rows, partitioned=files.partition_column is not None)


@dataclass(frozen=True)
class TableCounts:
    """Rows, and nulls by column, as the log has them; columns whose nulls some file does not count are absent."""

    rows: int
    nulls: Mapping[str, int]


def rest_counts(port: Port, version: int, partition_column: str, replaced: Collection[str]) -> TableCounts | None:
    """Return the counts of the rows of a version that replacing these partitions would keep.

    None if the table has no such version, or its log lacks the rows of a file.
    """
    table = open_table(port, version)
    if table is None:
        return None
    actions = read_add_actions(table)
    counted = [name for name in actions.column_names if name.startswith(_NULLS)]
    rows, nulls = 0, dict.fromkeys((name.removeprefix(_NULLS) for name in counted), 0)
    for file in actions.select([f"partition.{partition_column}", "num_records", *counted]).to_pylist():
        if str(file[f"partition.{partition_column}"]) in replaced:
            continue
        if file["num_records"] is None:
            return None
        rows += file["num_records"]
        nulls = {name: nulls[name] + found for name in nulls if (found := file[f"{_NULLS}{name}"]) is not None}
    return TableCounts(rows, nulls)


def _volume(rows: Counter[str | None], *, partitioned: bool) -> TableVolume:
    filled = sum(count > 0 for count in rows.values())
    return TableVolume(rows.total(), filled if partitioned else None)


def _partition_column(table: DeltaTable) -> str | None:
    return next(iter(table.metadata().partition_columns), None)


def _rows_by_partition(port: Port, table: DeltaTable, column: str | None) -> Counter[str | None]:
    actions = read_add_actions(table)
    wanted = [name for name in ("path", "num_records", f"partition.{column}") if name in actions.column_names]
    found: Counter[str | None] = Counter()
    for action in actions.select(wanted).to_pylist():
        value = action.get(f"partition.{column}")
        rows = action.get("num_records")
        # Other writers may leave the count out of the log; the file's own footer has it.
        found[None if value is None else str(value)] += (
            _footer_rows(port.path / unquote(action["path"])) if rows is None else rows
        )
    return found


def _footer_rows(file: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)
