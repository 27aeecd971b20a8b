"""Casts as DuckDB SQL, with a sequence for each checked column that counts the rows whose value is lost.

A sequence is the only counter that a `copy` can use without writing it: `nextval` runs only in the branch of a `case`
that a lost value takes, on the very rows that are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import duckdb_type
from bankmesh.contracts.delivered_types import EXACT_UNITS, FIRST_DAY, LAST_DAY, Conversion, conversion
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from bankmesh.contracts.build_casts import Cast
    from bankmesh.contracts.delivered_types import DeliveredType
    from bankmesh.contracts.model import ColumnType


def projection(cast: Cast, sequence: str | None) -> str:
    """Return a select item: the column as promised, null where its value is lost; `sequence` counts those rows."""
    name, target = sql_name(cast.column), duckdb_type(cast.promised)
    if sequence is None:
        return f"cast({name} as {target}) as {name}"
    lost = is_lost(name, cast.delivered, cast.promised)
    counted = f"case when nextval('{sequence}') > 0 then null::{target} end"
    return f"case when {lost} then {counted} else {cast_or_null(name, cast.delivered, cast.promised)} end as {name}"


def is_lost(value: str, delivered: DeliveredType, promised: ColumnType, depth: int = 0) -> str:
    """Return the condition that a value, or an item of a list, is lost; false for null."""
    how = conversion(delivered, promised)
    if how is Conversion.UNCHANGED:
        return "false"
    if delivered.item is not None and promised.item is not None:
        item = f"e{depth}"
        lost = is_lost(item, delivered.item, promised.item, depth + 1)
        return f"coalesce(len(list_filter({value}, lambda {item}: {lost})) > 0, false)"
    if how is Conversion.ONLY_NULLS:
        return f"{value} is not null"
    made = cast_or_null(value, delivered, promised, depth)
    if how in {Conversion.RANGE, Conversion.CALENDAR}:
        return f"({value} is not null and {made} is null)"
    return f"try_cast({made} as {delivered.spelling}) is distinct from {value}"


def cast_or_null(value: str, delivered: DeliveredType, promised: ColumnType, depth: int = 0) -> str:
    """Return the value as promised; null where it is out of range. `is_lost` decides whether it is the same value."""
    target = duckdb_type(promised)
    if delivered.item is not None and promised.item is not None:
        item = f"e{depth}"
        made = cast_or_null(item, delivered.item, promised.item, depth + 1)
        return f"list_transform({value}, lambda {item}: {made})::{target}"
    how = conversion(delivered, promised)
    if how is Conversion.ONLY_NULLS:
        return f"null::{target}"
    if how is Conversion.NEAREST:
        units = min(EXACT_UNITS[delivered.bits], 10**promised.precision)
        fits = f"round(abs({value}::double) * 1e{promised.scale}) < {units}"
        return f"case when {fits} then try_cast({value} as {target}) end"
    made = f"try_cast({value} as {target})"
    return f"case when {made} between {_BOUNDS[promised.name]} then {made} end" if promised.name in _BOUNDS else made


_FIRST, _LAST = FIRST_DAY.isoformat(), LAST_DAY.isoformat()
_BOUNDS = {
    "date": f"date '{_FIRST}' and date '{_LAST}'",
    "timestamp": f"timestamptz '{_FIRST} 00:00:00+00' and timestamptz '{_LAST} 23:59:59.999999+00'",
}
