"""Lands one file of records with named fields: each kind of file has a reader, and all readers land in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bankmesh.errors import LegacyFileError
from bankmesh.sources.landing_record import LandedFile
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.landing_sink import ParsedBatch, Reject
from bankmesh.sources.parsing.ordered_pool import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from bankmesh.sources.declarations.source_declaration import LegacyObject, SourceColumn
    from bankmesh.sources.landing_sink import Sink
    from bankmesh.sources.parsing.record_structure import BadRecord, Positions
    from bankmesh.sources.parsing.text_conversion import Converter


class StoredFile(Protocol):
    """The size in bytes and the SHA-256 of a file, complete once all of it was read."""

    @property
    def size(self) -> int:
        """The bytes read so far."""
        ...

    @property
    def sha256(self) -> str:
        """Their hash."""
        ...


class RecordReader(Protocol):
    """One file of an object, read once from start to end in bounded memory.

    Its counts hold after `batches` is exhausted and all of them are converted.
    """

    path: Path

    @property
    def stored(self) -> StoredFile:
        """The file as it is stored."""
        ...

    @property
    def rows_in(self) -> int:
        """The object's records with all damaged ones, counted apart from the batches."""
        ...

    @property
    def blank_lines(self) -> int:
        """Lines that hold nothing."""
        ...

    @property
    def other_records(self) -> Mapping[str, int]:
        """The records that are not the object's, by type."""
        ...

    @property
    def control_totals(self) -> int:
        """The totals of the file that agreed with its records."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What is unlikely in text of the declared encoding; no values."""
        ...

    def batches(self) -> Iterator[Callable[[], ParsedBatch]]:
        """Yield the conversion of each batch of records, which may run on another thread.

        Raises LegacyFileError if the file is empty, damaged, cut short, or disagrees with its totals.
        """
        ...


@dataclass(frozen=True)
class FieldRecords:
    """A batch of records: the fields of those that are well formed, and the others.

    `table` has the columns `c0`, `c1`, ... in the order of the object's columns in the file, as text unless the
    converter is made for typed ones; null is an absent field. Each of its rows has a line (or number) of the file, from
    1, and a text for its reject, which `raw` returns in UTF-8.
    """

    table: pa.Table
    lines: Positions
    raw: Callable[[int], bytes]
    bad: Sequence[BadRecord] = ()


def convert_records(convert: Converter, records: FieldRecords, columns: Sequence[SourceColumn]) -> ParsedBatch:
    """Convert a batch to typed rows; a record that cannot be converted is a reject with all its faults.

    `columns` are all columns of the object; those that hold a line are added.
    """
    import numpy as np
    import polars as pl

    converted = convert(records.table)
    rejects = [Reject(bad.line, bad.raw, (RecordFault(None, bad.reason),)) for bad in records.bad]
    rejects += [
        Reject(int(records.lines[faulty.row]), records.raw(faulty.row), faulty.faults) for faulty in converted.faulty
    ]
    rejects.sort(key=lambda reject: reject.line)
    landed = np.delete(records.lines, [faulty.row for faulty in converted.faulty])
    lines = [pl.Series(column.name, landed, pl.Int64) for column in columns if column.line_of is not None]
    return ParsedBatch(converted.rows.with_columns(lines), rejects)


def land_records(obj: LegacyObject, reader: RecordReader, name: str, sink: Sink) -> None:
    """Land the object's records of a file, which is called `name` in all records. Raises LegacyFileError."""
    for batch in in_order(reader.batches()):
        sink.write(obj, name, batch)
    if reader.rows_in == 0 and not obj.may_be_empty:
        what = f"{obj.record} records" if obj.record else "records"
        raise LegacyFileError(reader.path, f"the file has no {what}", f"{what} (or `may_be_empty: true`)")
    sink.rows_in += reader.rows_in
    sink.blank_lines += reader.blank_lines
    sink.control_totals += reader.control_totals
    sink.other_records.update(reader.other_records)
    sink.warn(name, reader.warnings)
    sink.files.append(LandedFile(name, reader.stored.size, reader.stored.sha256))
