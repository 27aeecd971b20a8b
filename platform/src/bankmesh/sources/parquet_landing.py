"""Lands one Parquet file: columns are found by name, and rows are checked against the declared types in pieces."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.number_formats import PLAIN_NUMBERS
from bankmesh.sources.export_files import file_sha256
from bankmesh.sources.landing_record import LandedFile
from bankmesh.sources.parsing.ordered_pool import in_order
from bankmesh.sources.parsing.stored_value_conversion import is_text, needs_timezone, typed_value
from bankmesh.sources.parsing.text_conversion import Converter
from bankmesh.sources.record_landing import FieldRecords, convert_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl
    import pyarrow as pa
    from pyarrow import parquet

    from bankmesh.sources.declarations.source_declaration import LegacyObject, SourceColumn
    from bankmesh.sources.landing_sink import ParsedBatch, Sink

ROWS_AT_ONCE = 1 << 17


def land_parquet(obj: LegacyObject, path: Path, name: str, sink: Sink, rows_at_once: int = ROWS_AT_ONCE) -> None:
    """Land the Parquet file at `path`, named `name` in all records.

    A reject's line is the number of its row in the file, from 1, and its raw text is the row as JSON. Raises
    LegacyFileError if the file is damaged, has other columns, or stores a column in a type that cannot become the
    declared one.
    """
    with _open(path) as file:
        # From the footer, not counted from the rows that were read, so that the two can be compared.
        rows_in = file.metadata.num_rows
        for batch in in_order(_tasks(obj, path, file, rows_at_once)):
            sink.write(obj, name, batch)
    if rows_in == 0 and not obj.may_be_empty:
        raise LegacyFileError(path, "the file has no rows", "rows (or `may_be_empty: true`)")
    sink.rows_in += rows_in
    sink.files.append(LandedFile(name, path.stat().st_size, file_sha256(path)))


def _open(path: Path) -> parquet.ParquetFile:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _pieces(path: Path, file: parquet.ParquetFile, rows_at_once: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    try:
        for piece in file.iter_batches(rows_at_once):
            piece.validate(full=True)  # a damaged page may hold text that is not UTF-8
            yield piece
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> LegacyFileError:
    # The text of Arrow's error may hold values.
    return LegacyFileError(path, f"is not valid Parquet ({type(error).__name__})", "an undamaged Parquet file")


def _tasks(
    obj: LegacyObject, path: Path, file: parquet.ParquetFile, rows_at_once: int
) -> Iterator[Callable[[], ParsedBatch]]:
    columns = obj.in_file
    places = _places(columns, path, file.schema_arrow.names)
    convert = Converter(columns, _typed(columns, path, file.schema_arrow, places))
    at = 1
    for piece in _pieces(path, file, rows_at_once):
        yield partial(_batch, convert, piece, places, at, obj.columns)
        at += piece.num_rows


def _batch(
    convert: Converter, piece: pa.RecordBatch, places: list[int], first_row: int, columns: tuple[SourceColumn, ...]
) -> ParsedBatch:
    import numpy as np
    import pyarrow as pa

    found = {f"c{at}": _plain(piece.column(place)) for at, place in enumerate(places)}
    rows = first_row + np.arange(piece.num_rows)
    return convert_records(convert, FieldRecords(pa.table(found), rows, partial(_as_json, piece)), columns)


def _plain(values: pa.Array) -> pa.Array:
    import pyarrow as pa

    coded = pa.types.is_dictionary(values.type) or pa.types.is_null(values.type)
    return values.cast(pa.large_string()) if coded else values


def _as_json(piece: pa.RecordBatch, row: int) -> bytes:
    [values] = piece.slice(row, 1).to_pylist()
    return json.dumps(values, default=str, ensure_ascii=False).encode()


def _places(columns: tuple[SourceColumn, ...], path: Path, found: list[str]) -> list[int]:
    """Return the position in the file of each declared column, in any order."""
    places = [[at for at, name in enumerate(found) if column.heads(name)] for column in columns]
    missing = [column.label for column, at in zip(columns, places, strict=True) if not at]
    twice = [column.label for column, at in zip(columns, places, strict=True) if len(at) > 1]
    taken = {at for several in places for at in several}
    undeclared = [name for at, name in enumerate(found) if at not in taken]
    problems = [
        f"{problem} {', '.join(names)}"
        for problem, names in (("it lacks", missing), ("it has twice", twice), ("not declared are", undeclared))
        if names
    ]
    if not problems and len(taken) < len(columns):
        problems = ["one of its columns matches two declared ones"]
    if problems:
        expected = f"{len(columns)} columns: {', '.join(column.label for column in columns)}"
        raise LegacyFileError(path, f"the columns differ: {'; '.join(problems)}", expected)
    return [at for [at] in places]


def _typed(columns: tuple[SourceColumn, ...], path: Path, schema: pa.Schema, places: list[int]) -> dict[int, pl.Expr]:
    """Return the typed values, by position, of the columns that are not stored as text."""
    typed: dict[int, pl.Expr] = {}
    for at, (column, place) in enumerate(zip(columns, places, strict=True)):
        arrow = schema.field(place).type
        stored = _stored(arrow)
        problem = f"column {column.label} is stored as {arrow}"
        if stored is not None and is_text(stored):
            if not column.formats and column.type.name in {"date", "timestamp"}:
                raise LegacyFileError(path, problem, f"a {column.type}, or a `format` by which to read text as one")
            continue
        options = [key for key, is_set in _text_options(column).items() if is_set]
        if options:
            raise LegacyFileError(path, problem, f"text, which {' and '.join(options)} of the declaration are for")
        if stored is not None and needs_timezone(column, stored):
            raise LegacyFileError(path, problem, "a `timezone` of the column, which its local times need")
        value = None if stored is None else typed_value(f"c{at}", column, stored)
        if value is None:
            raise LegacyFileError(path, problem, f"a type that can be read as {column.type} without loss")
        typed[at] = value
    return typed


def _text_options(column: SourceColumn) -> dict[str, bool]:
    return {
        "`codes`": column.codes is not None,
        "`pattern`": column.pattern is not None,
        "`format`": bool(column.formats),
        "`read`": column.read != "plain",
        "`decimal`, `thousands` or `minus`": column.numbers != PLAIN_NUMBERS,
    }


def _stored(arrow: pa.DataType) -> pl.DataType | None:
    """Return Polars' type for an Arrow type, None if there is none."""
    import polars as pl
    import pyarrow as pa

    try:
        return pl.DataFrame(pa.table({"c": pa.array([], arrow)})).dtypes[0]
    except (pl.exceptions.PolarsError, pa.ArrowException, NotImplementedError, TypeError, ValueError):
        return None
