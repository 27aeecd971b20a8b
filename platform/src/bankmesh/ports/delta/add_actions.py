"""The files of a version exactly as the log added them: path, size, partition and statistics.

`DeltaTable.get_add_actions` parses statistics, and writing them again could change them. This module keeps their text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from bankmesh.ports.port_locations import LOG_FOLDER
from bankmesh.ports.version_decisions import WHOLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction

    from bankmesh.ports.port_locations import Port


@dataclass(frozen=True)
class AddedFile:
    """One file of a table; `path` is relative to the table's folder, as on disk."""

    path: str
    size: int
    rows: int
    partition_values: tuple[tuple[str, str | None], ...]
    modified: int
    statistics: str | None

    @property
    def partition(self) -> str:
        """The value of its partition column; `WHOLE` if the table has none."""
        return str(self.partition_values[0][1]) if self.partition_values else WHOLE

    def to_action(self) -> AddAction:
        """Return the action that adds the file again."""
        from deltalake.transaction import AddAction

        return AddAction(
            path=self.path,
            size=self.size,
            partition_values=dict(self.partition_values),
            modification_time=self.modified,
            data_change=True,
            stats=self.statistics,  # type: ignore[arg-type] # None where the writer counted nothing
        )


def read_add_actions(table: DeltaTable) -> pa.Table:
    """Return the add actions of a table's files: path, size_bytes, num_records, `partition.<column>` and more."""
    import pyarrow as pa

    # Not `pa.table(...)`, which imports pandas to check whether its argument is a data frame.
    return pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all()


def files_of(port: Port, table: DeltaTable) -> list[AddedFile]:
    """Return the files of a table at the version at which it was opened, sorted by path."""
    listed = read_add_actions(table)
    wanted = {unquote(path) for path in listed["path"].to_pylist()}
    found: dict[str, AddedFile] = {}
    for action in _added(port, table.version(), wanted):
        path = unquote(action["path"])
        if path in wanted and path not in found:
            found[path] = _added_file(path, action)
        if len(found) == len(wanted):
            break
    return [found[path] for path in sorted(found)]


def _added_file(path: str, action: Mapping[str, Any]) -> AddedFile:
    statistics = json.loads(action["stats"]) if action["stats"] else {}
    return AddedFile(
        path=path,
        size=action["size"],
        rows=int(statistics.get("numRecords", 0)),
        partition_values=tuple(dict(action["partitionValues"]).items()),
        modified=action["modificationTime"],
        statistics=action["stats"],
    )


def _added(port: Port, version: int, wanted: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Yield add actions up to a version: of commits, newest first, then of checkpoints, for removed commits."""
    if not wanted:
        return
    log = port.path / LOG_FOLDER
    commits = [path for path in log.glob("*.json") if path.stem.isdigit() and int(path.stem) <= version]
    for path in sorted(commits, reverse=True):
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line)["add"] for line in lines if line.startswith('{"add"'))
    import pyarrow.parquet as pq

    checkpoints = [path for path in log.glob("*.checkpoint.parquet") if int(path.name[:20]) <= version]
    for path in sorted(checkpoints, reverse=True):
        rows = pq.read_table(path, columns=["add"])["add"].to_pylist()
        yield from (row for row in rows if row is not None and row["path"] is not None)
