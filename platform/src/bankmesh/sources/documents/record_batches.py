"""Collects the records of a batch, one at a time, and converts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from bankmesh.errors import LegacyFileError
from bankmesh.sources.landing_sink import ParsedBatch, Reject
from bankmesh.sources.record_landing import FieldRecords, convert_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.landing_rejects import RecordFault
    from bankmesh.sources.parsing.text_conversion import Converter

Raw = TypeVar("Raw")
Item = TypeVar("Item")


class BatchBuilder(Generic[Raw]):
    """A batch in the making; `records` counts everything that was added to it.

    A record's raw form is kept, and written as text only if it becomes a reject.
    """

    def __init__(self, obj: LegacyObject, convert: Converter, write: Callable[[Raw], bytes]) -> None:
        """Start an empty batch."""
        self.records = 0
        self._obj, self._convert, self._write = obj, convert, write
        self._texts: list[list[str | None]] = []
        self._lines: list[int] = []
        self._raws: list[Raw] = []
        self._rejects: list[Reject] = []

    def add(self, line: int, raw: Raw, read: list[str | None] | tuple[RecordFault, ...]) -> None:
        """Add a record: its texts in the order of the object's columns, or its faults."""
        if isinstance(read, tuple):
            self.reject(line, raw, read)
            return
        self.records += 1
        self._texts.append(read)
        self._lines.append(line)
        self._raws.append(raw)

    def reject(self, line: int, raw: Raw, faults: Sequence[RecordFault]) -> None:
        """Add a record that cannot be landed."""
        self.records += 1
        self._rejects.append(Reject(line, self._write(raw), tuple(faults)))

    def finish(self) -> ParsedBatch:
        """Convert the records."""
        import numpy as np
        import pyarrow as pa

        columns = zip(*self._texts, strict=True) if self._texts else ((),) * len(self._obj.in_file)
        table = pa.table({f"c{at}": pa.array(texts, pa.string()) for at, texts in enumerate(columns)})
        records = FieldRecords(table, np.array(self._lines, np.int64), lambda row: self._write(self._raws[row]))
        parsed = convert_records(self._convert, records, self._obj.columns)
        rejects = sorted([*parsed.rejects, *self._rejects], key=lambda reject: reject.line)
        return ParsedBatch(parsed.rows, rejects)


def build_batches(
    items: Iterable[Item],
    start: Callable[[], BatchBuilder[Raw]],
    add: Callable[[BatchBuilder[Raw], Item], None],
    most: int,
) -> Iterator[Callable[[], ParsedBatch]]:
    """Yield the conversion of batches of about `most` records, to which `add` adds those of each item.

    If the items end in a LegacyFileError, the records before it come first, so that its message can name their faults.
    """
    batch = start()
    try:
        for item in items:
            add(batch, item)
            if batch.records >= most:
                yield batch.finish
                batch = start()
    except LegacyFileError:
        yield batch.finish
        raise
    yield batch.finish
