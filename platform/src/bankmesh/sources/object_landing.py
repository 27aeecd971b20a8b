"""Lands one legacy object: its files become typed Parquet rows, and rejects with reasons.

    LegacyText ──► structure ──► conversion ──► rows.parquet
    (count, hash)     └──────────────┴────────► rejects.parquet     (restricted: holds raw text)

A few threads process pieces of a file concurrently, and the results are written in the order of the file. Memory is
bounded by a few pieces for any file size, and files are never copied. Many files land in several parts, and files that
an earlier landing has parsed are not parsed again: see `landing_parts`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.fault_points import reached
from bankmesh.sources.declarations.code_tables import codes_of_file
from bankmesh.sources.declarations.record_layout import FixedWidthFormat
from bankmesh.sources.declarations.source_declaration import ParquetFormat, RecordFormat
from bankmesh.sources.export_files import file_sha256, read_control, read_delivery
from bankmesh.sources.landing_parts import part_paths, plan_parts, take_over
from bankmesh.sources.landing_record import LandedColumn, LandedFile, LandedPart, Landing
from bankmesh.sources.landing_rejects import reject_schema
from bankmesh.sources.landing_sink import Sink
from bankmesh.sources.parquet_landing import land_parquet
from bankmesh.sources.parsing.line_blocks import BLOCK_BYTES
from bankmesh.sources.parsing.text_conversion import arrow_schema
from bankmesh.sources.record_landing import land_records
from bankmesh.sources.record_readers import open_records
from bankmesh.sources.text_landing import land_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.export_files import DeliveredFile, Delivery
    from bankmesh.sources.landing_parts import EarlierPart, PartPaths


def land(
    obj: LegacyObject,
    exports: Path,
    target: Path,
    *,
    domain: str = "",
    block_bytes: int = BLOCK_BYTES,
    delivery: Delivery | None = None,
    earlier: Iterable[EarlierPart] = (),
) -> Landing:
    """Parse the object's files below `exports` into `target`, an empty folder: rows, rejects, landing.json.

    `delivery` are its files, if they were read before. `earlier` are parts of landings with the same declaration; those
    whose files are delivered unchanged are taken over.

    Returns the Landing with any number of rejects; the caller checks whether they are tolerated. An optional object
    without a file lands as no rows. Raises LegacyFileError if a file is missing, empty, damaged, in another encoding or
    of other columns, or does not have the number of rows in its control file.
    """
    delivered = (delivery or read_delivery(obj, exports)).files
    plan = plan_parts(delivered, earlier)
    files: list[LandedFile] = []
    parts: list[LandedPart] = []
    for planned, paths in zip(plan, part_paths(target, len(plan)), strict=True):
        part = take_over(planned.earlier, paths) if planned.earlier else None
        if part is not None:
            files += [file.record for file in planned.files]
        else:
            part, found = _parse_part(obj, planned.files, paths, block_bytes, keep_empty=len(plan) == 1)
            files += found
        parts.append(part)
        reached("landing-part-made")
    rows_in, rejects = sum(part.rows_in for part in parts), sum(part.rejects for part in parts)
    landing = Landing(
        folder=target,
        domain=domain,
        system=obj.system,
        object=obj.name,
        fingerprint="",
        files=tuple(files),
        rows_in=rows_in,
        rows=sum(part.rows for part in parts),
        rejects=rejects,
        blank_lines=sum(part.blank_lines for part in parts),
        rejects_tolerated=str(obj.rejects_tolerated),
        within_tolerance=obj.rejects_tolerated.allows(rejects, rows_in),
        complete_through=_complete_through(obj, exports, parts),
        columns=tuple(LandedColumn.of(column) for column in obj.columns),
        landed_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
        digest=obj.digest,
        parts=tuple(parts),
    )
    landing.write()
    return landing


def _parse_part(
    declared: LegacyObject, files: Iterable[DeliveredFile], paths: PartPaths, block_bytes: int, *, keep_empty: bool
) -> tuple[LandedPart, list[LandedFile]]:
    """Parse files into the Parquet files of a part; an empty file of rejects is kept only if `keep_empty`."""
    from pyarrow import parquet

    schema = arrow_schema(declared.columns)
    with (
        parquet.ParquetWriter(paths.rows, schema, compression="zstd") as rows,
        parquet.ParquetWriter(paths.rejects, reject_schema(), compression="zstd") as rejects,
    ):
        sink = Sink(rows, rejects)
        for file in files:
            sink.begin(file.record.name)
            try:
                _land_file(with_codes_of_file(declared, file), file, sink, block_bytes)
            except LegacyFileError as error:
                raise LegacyFileError(error.file, error.problem, error.expected, str(sink.current)) from error
            sink.end()
    if not sink.rejects and not keep_empty:
        paths.rejects.unlink()
    part = LandedPart(
        files=len(sink.files),
        rows_in=sink.rows_in,
        rows=sink.rows,
        rejects=sink.rejects,
        blank_lines=sink.blank_lines,
        latest=sink.latest,
        rows_file=_written(paths.rows),
        rejects_file=_written(paths.rejects) if paths.rejects.exists() else None,
        other_records=dict(sink.other_records),
        control_totals=sink.control_totals,
        warnings=tuple(sink.warnings),
        rejected_files=tuple(sink.rejected_files),
    )
    return part, sink.files


def _land_file(obj: LegacyObject, file: DeliveredFile, sink: Sink, block_bytes: int) -> None:
    from bankmesh.sources.fixed_width.fixed_width_landing import land_fixed_width

    name = file.record.name
    if isinstance(obj.format, ParquetFormat):
        land_parquet(obj, file.path, name, sink)
    elif isinstance(obj.format, RecordFormat):
        land_records(obj, open_records(obj, file.path, block_bytes), name, sink)
    elif isinstance(obj.format, FixedWidthFormat):
        land_fixed_width(obj, obj.format, file.path, name, sink, block_bytes)
    else:
        land_text(obj, obj.format, file.path, name, sink, block_bytes)


def with_codes_of_file(obj: LegacyObject, file: DeliveredFile) -> LegacyObject:
    """Return the object with the code tables of a file. Raises LegacyFileError if a column has none or several."""
    if not any(column.codes_by_file for column in obj.columns):
        return obj
    columns = []
    for column in obj.columns:
        codes = codes_of_file(column.codes_by_file, file.record.name) if column.codes_by_file else column.codes
        if isinstance(codes, str):
            raise LegacyFileError(file.path, f"column {column.label}: {codes}", "exactly one code table for each file")
        columns.append(replace(column, codes=codes, codes_by_file=()))
    return replace(obj, columns=tuple(columns))


def _written(path: Path) -> LandedFile:
    return LandedFile(path.name, path.stat().st_size, file_sha256(path))


def _complete_through(obj: LegacyObject, exports: Path, parts: Iterable[LandedPart]) -> dt.date | None:
    landed = [part for part in parts if part.files]
    if obj.complete_through is None or not landed:
        return None
    control = read_control(obj, exports)
    if control is None:
        latest = max((part.latest for part in landed if part.latest), default=None)
        if latest is None or obj.complete_through.otherwise == "unknown":
            return None
        return latest - dt.timedelta(days=obj.complete_through.otherwise == "day_before_last")
    rows_in = sum(part.rows_in for part in landed)
    if control.rows != rows_in:
        problem = f"says {control.rows} rows of {obj.name}; the export has {rows_in}"
        raise LegacyFileError(control.path, problem, "a control file that belongs to the export, and a whole export")
    return control.complete_through
