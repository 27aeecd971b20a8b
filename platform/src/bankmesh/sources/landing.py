"""Lands one legacy object: its files become typed Parquet rows, and rejects that say why.

    LegacyText ──► structure ──► conversion ──► rows.parquet
    (count, hash)     └──────────────┴────────► rejects.parquet     (restricted: holds raw text)

Pieces of a file are worked on side by side by a few threads and written in the order of the file, so memory is a
handful of pieces whatever the size of the file, and no copy of a file is ever made.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.conversion import arrow_schema
from bankmesh.sources.declaration import ParquetFormat
from bankmesh.sources.exports import legacy_files, name_of, read_control
from bankmesh.sources.landing_record import LandedColumn, Landing
from bankmesh.sources.parquet_landing import land_parquet
from bankmesh.sources.rejects import reject_schema
from bankmesh.sources.sink import Sink
from bankmesh.sources.stream import BLOCK_BYTES
from bankmesh.sources.text_landing import land_text

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.declaration import LegacyObject


def land(
    obj: LegacyObject, exports: Path, target: Path, *, domain: str = "", block_bytes: int = BLOCK_BYTES
) -> Landing:
    """Parse the object's files below `exports` into `target`, an empty folder: rows, rejects, landing.json.

    Returns the Landing whatever the number of rejects; whether they are tolerated is for the caller to ask.
    An optional object without a file lands as no rows. Raises LegacyFileError if a file is missing, empty, damaged, in
    another encoding, of other columns, or does not hold the number of rows that its control file says.
    """
    from pyarrow import parquet

    paths = legacy_files(obj, exports)
    schema = arrow_schema(obj.columns)
    with (
        parquet.ParquetWriter(target / "rows.parquet", schema, compression="zstd") as rows,
        parquet.ParquetWriter(target / "rejects.parquet", reject_schema(), compression="zstd") as rejects,
    ):
        sink = Sink(rows, rejects)
        for path in paths:
            name = name_of(path, obj, exports)
            if isinstance(obj.format, ParquetFormat):
                land_parquet(obj, path, name, sink)
            else:
                land_text(obj, obj.format, path, name, sink, block_bytes)
    landing = Landing(
        folder=target,
        domain=domain,
        system=obj.system,
        object=obj.name,
        fingerprint="",
        files=tuple(sink.files),
        rows_in=sink.rows_in,
        rows=sink.rows,
        rejects=sink.rejects,
        blank_lines=sink.blank_lines,
        rejects_tolerated=str(obj.rejects_tolerated),
        within_tolerance=obj.rejects_tolerated.allows(sink.rejects, sink.rows_in),
        complete_through=_complete_through(obj, exports, sink),
        columns=tuple(LandedColumn.of(column) for column in obj.columns),
        landed_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
    )
    landing.write()
    return landing


def _complete_through(obj: LegacyObject, exports: Path, sink: Sink) -> dt.date | None:
    if obj.complete_through is None or not sink.files:
        return None
    control = read_control(obj, exports)
    if control is None:
        if sink.latest is None or obj.complete_through.otherwise == "unknown":
            return None
        return sink.latest - dt.timedelta(days=obj.complete_through.otherwise == "day_before_last")
    if control.rows != sink.rows_in:
        problem = f"says {control.rows} rows of {obj.name}; the export has {sink.rows_in}"
        raise LegacyFileError(control.path, problem, "a control file that belongs to the export, and a whole export")
    return control.complete_through
