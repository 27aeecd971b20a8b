"""File statistics for the Delta log, taken from Parquet footers so that readers can skip files.

Delta protocol, section "Per-file Statistics": a `minValues` entry may be lower and a `maxValues` entry higher than any
actual value, never the reverse. Statistics may always be left out, and are where they could be wrong:

* floating point (NaN has no place in an order), booleans and nested columns;
* columns that the caller does not name, because everyone who may read any column can read the log;
* decimals of more than 15 digits, which a reader that parses JSON numbers as doubles would round;
* columns for which a writer left out the statistics of some row group.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pyarrow as pa
    import pyarrow.parquet as pq

# The length to which Delta's writers truncate strings, and the character that makes a truncated maximum greater again.
_PREFIX = 32
_GREATEST = "\U0010ffff"
# Any decimal of 15 significant digits survives a conversion to double and back.
_DOUBLE_DIGITS = 15


def null_counts(footer: pq.FileMetaData) -> dict[str, int]:
    """Return the nulls in each flat column of a file; columns whose writer did not count them are absent."""
    counts: dict[str, int] = {}
    for name, chunks in _flat_columns(footer):
        known = [found.null_count for found in chunks if found is not None and found.has_null_count]
        if len(known) == len(chunks):
            counts[name] = sum(known)
    return counts


def delta_statistics(footer: pq.FileMetaData, schema: pa.Schema, columns: Collection[str]) -> str:
    """Return the `stats` text of a file's add action; least and greatest values for `columns` only."""
    least: dict[str, str] = {}
    greatest: dict[str, str] = {}
    for name, chunks in _flat_columns(footer):
        if name not in columns or not _is_ordered(schema.field(name).type):
            continue
        bounds = _bounds(chunks)
        if bounds is None:
            continue
        low, high = _lower(bounds[0]), _upper(bounds[1])
        if low is not None:
            least[name] = low
        if high is not None:
            greatest[name] = high
    parts = {
        "numRecords": str(footer.num_rows),
        "minValues": _object(least),
        "maxValues": _object(greatest),
        "nullCount": json.dumps(null_counts(footer), ensure_ascii=False),
    }
    return _object(parts)


def _flat_columns(footer: pq.FileMetaData) -> Iterator[tuple[str, list[pq.Statistics | None]]]:
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    for index in range(footer.num_columns):
        column = footer.schema.column(index)
        # The path of a nested leaf has more parts than its name, and it counts items where Delta expects rows.
        flat = column.max_repetition_level == 0 and column.max_definition_level <= 1
        if flat and column.path == column.name:
            yield column.name, [group.column(index).statistics for group in groups if group.num_rows]


def _is_ordered(kind: pa.DataType) -> bool:
    import pyarrow.types as of

    checks = (of.is_integer, of.is_date, of.is_timestamp, of.is_decimal, of.is_string)
    return any(check(kind) for check in checks)


def _bounds(chunks: list[pq.Statistics | None]) -> tuple[Any, Any] | None:
    """Return least and greatest value over all row groups; None if unknown or if there are only nulls."""
    lows, highs = [], []
    for found in chunks:
        if found is None:
            return None
        if not found.has_min_max:
            if found.has_null_count and found.num_values == 0:
                continue
            return None
        try:
            lows.append(found.min)
            highs.append(found.max)
        except (ValueError, OverflowError):
            # A bound truncated inside a character, or a timestamp beyond the year 9999.
            return None
    return (min(lows), max(highs)) if lows else None


def _lower(value: object) -> str | None:
    """Return a JSON value that is at most `value`."""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, str):
        return _text(value[:_PREFIX])
    return _plain(value)


def _upper(value: object) -> str | None:
    """Return a JSON value that is at least `value`."""
    if isinstance(value, datetime):
        try:
            # Delta writes milliseconds, so a fraction of a millisecond is rounded up.
            return _moment(value + timedelta(microseconds=-value.microsecond % 1000))
        except OverflowError:
            return None
    if isinstance(value, str):
        if len(value) <= _PREFIX:
            return _text(value)
        cut = value[:_PREFIX] + _GREATEST
        return _text(cut) if cut >= value else None
    return _plain(value)


def _plain(value: object) -> str | None:
    if isinstance(value, Decimal):
        digits = value.normalize().as_tuple().digits
        return format(value, "f") if len(digits) <= _DOUBLE_DIGITS else None
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _moment(value: datetime) -> str:
    return json.dumps(value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z")


def _text(value: str) -> str:
    # Never as escapes: the JSON reader of delta_scan and delta-rs decodes an escaped surrogate pair (any character
    # beyond U+FFFF) as other characters, and then skips files that hold the requested rows.
    return json.dumps(value, ensure_ascii=False)


def _object(parts: dict[str, str]) -> str:
    return "{" + ",".join(f"{_text(name)}:{value}" for name, value in parts.items()) + "}"
