"""Measures the files of a candidate from the footers of its Parquet files; no row is read."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bankmesh.errors import PortError
from bankmesh.ports.delta.file_statistics import delta_statistics, null_counts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

    from bankmesh.ports.candidate_folders import Candidate

# A footer takes about 0.3 ms, most of it without Python's lock; threads pay off only for more files than this.
_THREADS_FROM = 32
_THREADS = 4
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class DataFile:
    """One non-empty Parquet file; `path` is relative to the candidate, `modified` in ms since 1970."""

    path: str
    size: int
    modified: int
    rows: int
    partition: str | None
    statistics: str


@dataclass(frozen=True)
class CandidateFiles:
    """The files of a candidate, with totals; `nulls` has the flat columns whose nulls every writer counted."""

    files: tuple[DataFile, ...]
    rows: int
    bytes: int
    partition_column: str | None
    nulls: Mapping[str, int] = field(hash=False)

    @property
    def partitions(self) -> frozenset[str]:
        """Values of the partition column that have rows."""
        return frozenset(file.partition for file in self.files if file.partition is not None)


def measure_files(
    candidate: Candidate, schema: pa.Schema, partition_column: str | None, stats_columns: Collection[str]
) -> CandidateFiles:
    """Measure the files in `candidate`, which must have the columns and types of `schema`.

    `stats_columns` are those whose least and greatest values may be written to the Delta log, where every reader sees
    them; null counts are written for all columns. Files without rows are left out. Column order, nullability, and
    Arrow's choice of normal or large strings and lists do not matter.

    Raises PortError, which names the file, if a column is missing, not promised or of another type, or if a file is not
    Parquet. In a partitioned product, a file must also lie in a partition folder and not hold the partition column.
    """
    folder = candidate.path
    paths = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    expected = {spec.name: _plain_type(spec.type) for spec in schema if spec.name != partition_column}

    def measure(path: Path) -> tuple[DataFile, dict[str, int]]:
        footer = _footer(path)
        relative = path.relative_to(folder)
        _check_columns(str(relative), footer, expected, partition_column)
        status = path.stat()
        found = DataFile(
            path=relative.as_posix(),
            size=status.st_size,
            modified=status.st_mtime_ns // 1_000_000,
            rows=footer.num_rows,
            partition=_partition(relative.parts[:-1], str(relative), partition_column),
            statistics=delta_statistics(footer, schema, stats_columns),
        )
        return found, null_counts(footer)

    if len(paths) < _THREADS_FROM:
        measured = [measure(path) for path in paths]
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            measured = list(pool.map(measure, paths))
    kept = [(file, nulls) for file, nulls in measured if file.rows]
    return CandidateFiles(
        files=tuple(file for file, _ in kept),
        rows=sum(file.rows for file, _ in kept),
        bytes=sum(file.size for file, _ in kept),
        partition_column=partition_column,
        nulls=_totals([nulls for _, nulls in kept]),
    )


def _footer(path: Path) -> pq.FileMetaData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        text = f"{path.name}: not a complete Parquet file ({error}). Build the candidate again."
        raise PortError(text) from error


def _totals(counts: list[dict[str, int]]) -> dict[str, int]:
    known = Counter(name for nulls in counts for name in nulls)
    everywhere = [name for name, times in known.items() if times == len(counts)]
    return {name: sum(nulls[name] for nulls in counts) for name in everywhere}


def _check_columns(
    file: str, footer: pq.FileMetaData, expected: dict[str, pa.DataType], partition_column: str | None
) -> None:
    found = {spec.name: spec.type for spec in footer.schema.to_arrow_schema()}
    if partition_column in found:
        raise PortError(
            f"{file}: holds the partition column {partition_column}, whose value is in its folder name. "
            "Leave it out of the files (Polars: include_key=False; DuckDB: write_partition_columns false)."
        )
    missing = sorted(expected.keys() - found.keys())
    extra = sorted(found.keys() - expected.keys())
    wrong = [
        f"{name} is {found[name]} instead of {kind}"
        for name, kind in expected.items()
        if name in found and _plain_type(found[name]) != kind
    ]
    faults = [
        *([f"missing {', '.join(missing)}"] if missing else []),
        *([f"not promised {', '.join(extra)}"] if extra else []),
        *wrong,
    ]
    if faults:
        raise PortError(f"{file}: {'; '.join(faults)}. Cast to the contract's schema when writing.")


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Remove Arrow's choices of layout: large or view strings and lists, names of list items."""
    import pyarrow as pa
    import pyarrow.types as of

    if of.is_large_string(kind) or of.is_string_view(kind):
        return pa.string()
    if of.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if of.is_list(kind) or of.is_large_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    if of.is_timestamp(kind) and kind.tz is not None:
        # Parquet stores instants without zones: a zone here is only the writer's display preference.
        return pa.timestamp(kind.unit, "UTC")
    return kind


def _partition(folders: tuple[str, ...], file: str, column: str | None) -> str | None:
    if column is None:
        return None
    pairs = [folder.partition("=") for folder in folders]
    values = [unquote(value) for name, equals, value in pairs if equals and unquote(name) == column]
    if len(values) != 1 or values[0] in ("", _HIVE_NULL):
        raise PortError(
            f"{file}: is not in a partition folder. Write it into a folder {column}=<value>; rows without a {column} "
            "cannot be published."
        )
    return values[0]
