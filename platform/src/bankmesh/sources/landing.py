"""Lands one legacy object: its text files become typed Parquet rows, and rejects that say why.

    LegacyText ──► structure ──► conversion ──► rows.parquet
    (count, hash)     └──────────────┴────────► rejects.parquet     (restricted: holds raw text)

Blocks of text are parsed side by side by a few threads and written in the order of the file, so memory is a handful
of blocks whatever the size of the file, and no copy of a file is ever made.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.conversion import Converter, arrow_schema
from bankmesh.sources.exports import legacy_files, read_control
from bankmesh.sources.landing_record import LandedColumn, LandedFile, Landing
from bankmesh.sources.multiline import inner_lines, parse_multiline
from bankmesh.sources.stream import BLOCK_BYTES, Block, LegacyText
from bankmesh.sources.structure import parse_lines, split_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import polars as pl
    from pyarrow import parquet

    from bankmesh.sources.declaration import LegacyObject
    from bankmesh.sources.structure import Records

THREADS = min(4, os.cpu_count() or 1)

_REJECTS = (("file", "string"), ("line", "int64"), ("raw_text", "string"), ("reason", "string"), ("column", "string"))


@dataclass(frozen=True)
class _Reject:
    line: int
    raw: bytes
    reason: str
    column: str | None


@dataclass(frozen=True)
class _Batch:
    rows: pl.DataFrame
    rejects: list[_Reject]
    inner_lines: int


@dataclass
class _Sink:
    """Where a landing is written to, what was written so far, and what the files were found to hold."""

    row_writer: parquet.ParquetWriter
    reject_writer: parquet.ParquetWriter
    rows: int = 0
    rejects: int = 0
    rows_in: int = 0
    blank_lines: int = 0
    latest: dt.date | None = None
    files: list[LandedFile] = field(default_factory=list)


def land(
    obj: LegacyObject, exports: Path, target: Path, *, domain: str = "", block_bytes: int = BLOCK_BYTES
) -> Landing:
    """Parse the object's files below `exports` into `target`, an empty folder: rows, rejects, landing.json.

    Returns the Landing whatever the number of rejects; whether they are tolerated is for the caller to ask.
    An optional object without a file lands as no rows. Raises LegacyFileError if a file is missing, empty, damaged, in
    another encoding, of other columns, or does not hold the number of rows that its control file says.
    """
    import pyarrow as pa
    from pyarrow import parquet

    paths = legacy_files(obj, exports)
    schema = arrow_schema(obj.columns)
    with (
        parquet.ParquetWriter(target / "rows.parquet", schema, compression="zstd") as rows,
        parquet.ParquetWriter(target / "rejects.parquet", pa.schema(_REJECTS), compression="zstd") as rejects,
    ):
        sink = _Sink(rows, rejects)
        for path in paths:
            _land_file(obj, LegacyText(path, obj.format.encoding, block_bytes), sink)
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


def _land_file(obj: LegacyObject, text: LegacyText, sink: _Sink) -> None:
    body = _without_header(obj, text)
    continued = 0
    for batch in _in_order(_tasks(obj, body)):
        _write(obj, text.path.name, batch, sink)
        continued += batch.inner_lines
    # Counted on the bytes, not from what was landed, so that the two can be held against each other.
    rows_in = text.lines - text.blank_lines - continued - obj.format.header
    if rows_in == 0 and not obj.may_be_empty:
        raise LegacyFileError(text.path, "the file has a header and no rows", "rows (or `may_be_empty: true`)")
    sink.rows_in += rows_in
    sink.blank_lines += text.blank_lines
    sink.files.append(LandedFile(text.path.name, text.size, text.sha256))


def _without_header(obj: LegacyObject, text: LegacyText) -> Iterator[Block]:
    blocks = text.blocks()
    first = next(blocks)
    if not obj.format.header:
        yield first
    else:
        line, _, rest = first.text.partition(b"\n")
        _check_header(obj, text.path, line.removesuffix(b"\r"))
        yield replace(first, text=rest, first_line=first.first_line + 1)
    yield from blocks


def _check_header(obj: LegacyObject, path: Path, line: bytes) -> None:
    found = split_line(line, obj.format)
    if found == list(obj.headers):
        return
    expected = f"{len(obj.columns)} columns: {', '.join(obj.headers)}"
    if found is None:
        raise LegacyFileError(path, "the header line is not well formed", expected)
    if found[0].startswith("\ufeff"):
        raise LegacyFileError(path, "the file begins with a byte order mark", f"none, and {expected}")
    if sorted(found) == sorted(obj.headers):
        problem = f"the columns are in another order: {', '.join(found)}"
    elif not set(found) & set(obj.headers):
        problem = f"the first line is no header: it has {len(found)} fields, none of them a declared column"
    else:
        # A field that is no declared column may be data, in a file without a header, and is not repeated.
        named = [name if name in obj.headers else f"(field {at} is not declared)" for at, name in enumerate(found, 1)]
        problem = f"the header names {len(found)} columns: {', '.join(named)}"
    raise LegacyFileError(path, problem, expected)


def _tasks(obj: LegacyObject, blocks: Iterator[Block]) -> Iterator[Callable[[], _Batch]]:
    convert = Converter(obj.columns)
    width = len(obj.columns)
    if obj.format.multiline:
        # Where a record ends depends on all before it: only the conversion can run ahead.
        for records in parse_multiline(blocks, obj.format, width):
            yield partial(_batch, convert, obj, records)
    else:
        for block in blocks:
            yield partial(_parse_and_convert, convert, obj, block)


def _parse_and_convert(convert: Converter, obj: LegacyObject, block: Block) -> _Batch:
    return _batch(convert, obj, parse_lines(block.text, block.first_line, obj.format, len(obj.columns)))


def _batch(convert: Converter, obj: LegacyObject, records: Records) -> _Batch:
    converted = convert(records.table)
    rejects = [_Reject(bad.line, bad.raw, bad.reason, None) for bad in records.bad]
    rejects += [
        _Reject(int(records.lines[faulty.row]), records.raw(faulty.row), faulty.reason, faulty.column)
        for faulty in converted.faulty
    ]
    rejects.sort(key=lambda reject: reject.line)
    return _Batch(converted.rows, rejects, inner_lines(records) if obj.format.multiline else 0)


def _in_order(tasks: Iterable[Callable[[], _Batch]]) -> Iterator[_Batch]:
    """Run tasks on a few threads and give their results in order, with only a few in flight."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="landing") as pool:
        running: deque[Future[_Batch]] = deque()
        for task in tasks:
            running.append(pool.submit(task))
            if len(running) > THREADS:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _write(obj: LegacyObject, file: str, batch: _Batch, sink: _Sink) -> None:
    import polars as pl
    import pyarrow as pa

    if batch.rows.height:
        rows = batch.rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        sink.row_writer.write_table(rows.cast(sink.row_writer.schema))
    if batch.rejects:
        made = [
            {"file": file, "line": r.line, "raw_text": r.raw.decode(), "reason": r.reason, "column": r.column}
            for r in batch.rejects
        ]
        sink.reject_writer.write_table(pa.Table.from_pylist(made, pa.schema(_REJECTS)))
    sink.rows += batch.rows.height
    sink.rejects += len(batch.rejects)
    rule = obj.complete_through
    if rule is not None and rule.column is not None:
        latest = batch.rows[rule.column].max()
        day = latest.date() if isinstance(latest, dt.datetime) else latest
        if isinstance(day, dt.date) and (sink.latest is None or day > sink.latest):
            sink.latest = day


def _complete_through(obj: LegacyObject, exports: Path, sink: _Sink) -> dt.date | None:
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
