"""Reads a port at one version: the same rows with DuckDB, Polars and Arrow, whatever is published later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import NotPublished, PortError
from bankmesh.ports.delta.add_actions import files_of, read_add_actions
from bankmesh.ports.version_decisions import WithdrawnVersion
from bankmesh.ports.version_history import at_version, latest, open_table, withdrawals
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import polars as pl
    import pyarrow as pa
    from deltalake import DeltaTable

    from bankmesh.ports.port_locations import Port
    from bankmesh.ports.publication import Provenance, Publication


@dataclass(frozen=True)
class OpenVersion:
    """A published version, pinned: every reading method returns the rows of that version."""

    port: Port
    publication: Publication

    @property
    def version(self) -> int:
        """The Delta version."""
        return self.publication.version

    @property
    def published_at(self) -> datetime:
        """The time of its commit (UTC)."""
        return self.publication.published_at

    @property
    def rows(self) -> int:
        """Rows of the whole table."""
        return self.publication.rows

    @property
    def provenance(self) -> Provenance:
        """The origin of the version."""
        return self.publication.provenance

    @property
    def schema(self) -> pa.Schema:
        """Columns and types, as stored in this version."""
        import pyarrow as pa

        return pa.schema(self._table().schema().to_arrow())

    @property
    def has_plain_files(self) -> bool:
        """Whether its rows are those of its Parquet files; no deletion vectors or renamed columns of other writers."""
        return self._table().protocol().min_reader_version == 1

    def files(self) -> tuple[Path, ...]:
        """Return the absolute paths of the Parquet files, sorted."""
        return tuple(sorted(Path(uri) for uri in self._table().file_uris()))

    def partition_files(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the Parquet files by partition, sorted; "" is the partition of an unpartitioned table."""
        listed = read_add_actions(self._table())
        column = next((name for name in listed.column_names if name.startswith("partition.")), None)
        values = listed[column].to_pylist() if column else [""] * listed.num_rows
        found: dict[str, list[str]] = {}
        for value, path in sorted(zip(map(str, values), listed["path"].to_pylist(), strict=True)):
            found.setdefault(value, []).append(path)
        return {value: tuple(paths) for value, paths in found.items()}

    def duckdb_relation_sql(self) -> str:
        """Return SQL to use as a table, on a connection of `connect`."""
        return relation_sql(self.port, self.version)

    def scan_polars(self) -> pl.LazyFrame:
        """Return a lazy frame; nothing is read until it is collected."""
        import polars as pl

        return pl.scan_delta(self._table())

    def to_arrow(self) -> pa.Table:
        """Return all rows, in memory."""
        return self._table().to_pyarrow_table()

    def _table(self) -> DeltaTable:
        table = open_table(self.port, self.version)
        if table is None:
            raise NotPublished(self.port.name, self.version, ())
        return table


def open_version(port: Port, version: int | None = None, *, withdrawn: bool = False) -> OpenVersion:
    """Open a published version, by default the newest.

    Raises NotPublished if there is no such publication, WithdrawnVersion if it is withdrawn and `withdrawn` is False,
    and PortError if its files were deleted by anything but expiry (by a vacuum, for example).
    """
    newest = latest(port)
    if version is None:
        if newest is None:
            raise NotPublished(port.name, None, ())
        return OpenVersion(port, newest)
    opened = OpenVersion(port, at_version(port, version))
    if not withdrawn and newest is not None and (found := withdrawals(port, since=version).get(version)):
        raise WithdrawnVersion(port.name, found, newest.version)
    if newest is None or version != newest.version:
        _check_files(opened)
    return opened


def is_intact(port: Port, publication: Publication) -> bool:
    """Whether every file of a version exists with the size in the log."""
    table = open_table(port, publication.version)
    return table is not None and all(_lies_there(port.path / file.path, file.size) for file in files_of(port, table))


def _lies_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def relation_sql(port: Port, version: int) -> str:
    """Return a DuckDB table function with the rows of a version."""
    return f"delta_scan({sql_literal(str(port.path))}, version => {version})"


def rest_relation_sql(port: Port, version: int, partition_column: str, replaced_values: Collection[str]) -> str:
    """Return a DuckDB subquery with the rows of a version that replacing these partitions would keep.

    The filter is a chain of `<>`, because `delta_scan` skips files by that and not by `not in`.
    """
    relation = relation_sql(port, version)
    column = sql_name(partition_column)
    kept = " and ".join(f"{column} <> {sql_literal(value)}" for value in sorted(replaced_values))
    return f"(select * from {relation} where {kept or 'true'})"


def mixed_relation_sql(port: Port, version: int, partition_column: str, as_of: Mapping[str, int]) -> str:
    """Return a DuckDB subquery with the rows of a version, but partitions in `as_of` as of the versions given there."""
    column = sql_name(partition_column)
    parts = [rest_relation_sql(port, version, partition_column, as_of)]
    for other in sorted(set(as_of.values())):
        values = sorted(value for value, source in as_of.items() if source == other)
        chosen = " or ".join(f"{column} = {sql_literal(value)}" for value in values)
        parts.append(f"(select * from {relation_sql(port, other)} where {chosen})")
    return f"({' union all by name '.join(f'from {part}' for part in parts)})"


def _check_files(opened: OpenVersion) -> None:
    # Not needed for the newest version, because nothing may delete its files.
    missing = sum(not path.exists() for path in opened.files())
    if missing:
        raise PortError(
            f"{opened.port.name}: version {opened.version} can no longer be read, {missing} of its files "
            "were deleted by something other than expiry, such as a vacuum. Read a later version."
        )
