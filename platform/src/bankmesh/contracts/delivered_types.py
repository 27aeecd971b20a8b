"""Which delivered type may become which promised type, decided from schemas before a row is written.

One table for dbt models, Polars transforms and landed files. A value stays in its family: text stays text, a boolean a
boolean, a number a number, a date a date, a timestamp a timestamp.

| delivered | promised | conversion |
| --- | --- | --- |
| text | string | unchanged |
| boolean | boolean | unchanged |
| whole number | integer, long, decimal | unchanged where every value fits, else checked for range |
| whole number | double | unchanged up to 53 bits, else compared |
| decimal | integer, long, decimal | range where no place is cut off, else compared |
| decimal | double | unchanged up to 15 digits, else compared |
| floating point | double | unchanged |
| floating point | integer, long | compared |
| floating point | decimal | the one decimal whose nearest double it is, below 15 digits; else a loss |
| date | date | checked for the years 1 to 9999 |
| timestamp without zone | date | compared: only midnight is a date; years 1 to 9999 |
| timestamp with zone | timestamp | years 1 to 9999; compared where it is finer than microseconds |
| list | array | as its items |
| only nulls | any | unchanged |
| anything else | any | refused |

*Compared* means: the value is cast, cast back, and must equal the original. The years 1 to 9999 are those that Python,
Delta and every engine of the platform support: other readers see DuckDB's `infinity` as a day of the year 5881580.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from bankmesh.contracts.model import ColumnType


class TypeFamily(StrEnum):
    """Families of delivered types."""

    TEXT = "text"
    BOOLEAN = "boolean"
    WHOLE = "whole number"
    DECIMAL = "decimal"
    FLOAT = "floating point"
    DATE = "date"
    LOCAL = "timestamp without zone"
    INSTANT = "timestamp with zone"
    LIST = "list"
    NULLS = "nulls"
    OTHER = "other"


class Conversion(StrEnum):
    """What a cast can do to a value, and so what must be verified on each row."""

    UNCHANGED = "unchanged"
    CALENDAR = "calendar"
    RANGE = "range"
    COMPARED = "compared"
    NEAREST = "nearest"
    ONLY_NULLS = "only nulls"
    REFUSED = "refused"


@dataclass(frozen=True)
class DeliveredType:
    """The type of a delivered column, independent of the engine.

    `spelling` is the engine's own name of the type, for messages. `least` and `greatest` bound a whole number;
    `precision` and `scale` belong to a decimal; `bits` to floating point; `unit` (s, ms, us, ns) to a timestamp;
    `item` to a list.
    """

    kind: TypeFamily
    spelling: str
    least: int = 0
    greatest: int = 0
    precision: int = 0
    scale: int = 0
    bits: int = 0
    unit: str = "us"
    item: DeliveredType | None = None


_EXACT_IN_DOUBLE = 2**53
_DOUBLE_DIGITS = 15
_WHOLE_BITS = {"integer": 31, "long": 63}
EXACT_UNITS = {64: 1 << 52, 32: 1 << 23, 16: 1 << 10}
"""By bits of a floating point type: below this many units of the last place, distinct decimals have distinct values."""


FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
"""The range of dates that every reader supports; timestamps are limited to the same days in UTC."""


def conversion(delivered: DeliveredType, promised: ColumnType) -> Conversion:
    """Return what casting `delivered` to `promised` can do to a value; for lists, to an item."""
    if delivered.kind is TypeFamily.NULLS:
        return Conversion.UNCHANGED
    if delivered.item is not None or promised.item is not None:
        if delivered.item is None or promised.item is None:
            return _unless_null_literal(delivered)
        return conversion(delivered.item, promised.item)
    found = _conversion(delivered, promised)
    return _unless_null_literal(delivered) if found is Conversion.REFUSED else found


def _unless_null_literal(delivered: DeliveredType) -> Conversion:
    """DuckDB types a column of untyped nulls as INTEGER, so such a column is decided by its values."""
    return Conversion.ONLY_NULLS if delivered.spelling == "INTEGER" else Conversion.REFUSED


_SAME_FAMILY = {(TypeFamily.TEXT, "string"), (TypeFamily.BOOLEAN, "boolean"), (TypeFamily.FLOAT, "double")}
_NUMBERS = {"integer", "long", "decimal", "double"}


def _conversion(delivered: DeliveredType, promised: ColumnType) -> Conversion:
    if (delivered.kind, promised.name) in _SAME_FAMILY:
        return Conversion.UNCHANGED
    if delivered.kind is TypeFamily.DATE and promised.name == "date":
        return Conversion.CALENDAR
    if delivered.kind is TypeFamily.LOCAL and promised.name == "date":
        return Conversion.COMPARED
    if delivered.kind is TypeFamily.INSTANT and promised.name == "timestamp":
        return {"us": Conversion.CALENDAR, "ns": Conversion.COMPARED}.get(delivered.unit, Conversion.RANGE)
    return _of_number(delivered, promised) if promised.name in _NUMBERS else Conversion.REFUSED


def _of_number(delivered: DeliveredType, promised: ColumnType) -> Conversion:
    match delivered.kind:
        case TypeFamily.WHOLE:
            return _of_whole(delivered, promised)
        case TypeFamily.DECIMAL:
            return _of_decimal(delivered, promised)
        case TypeFamily.FLOAT:
            return Conversion.NEAREST if promised.name == "decimal" else Conversion.COMPARED
        case _:
            return Conversion.REFUSED


def _of_whole(delivered: DeliveredType, promised: ColumnType) -> Conversion:
    if promised.name == "double":
        widest = max(-delivered.least, delivered.greatest)
        return Conversion.UNCHANGED if widest <= _EXACT_IN_DOUBLE else Conversion.COMPARED
    low, high = _bounds(promised)
    return Conversion.UNCHANGED if low <= delivered.least and delivered.greatest <= high else Conversion.RANGE


def _of_decimal(delivered: DeliveredType, promised: ColumnType) -> Conversion:
    if promised.name == "double":
        return Conversion.UNCHANGED if delivered.precision <= _DOUBLE_DIGITS else Conversion.COMPARED
    if delivered.scale > promised.scale:
        return Conversion.COMPARED
    greatest = 10 ** (delivered.precision - delivered.scale) - 1
    return Conversion.UNCHANGED if greatest <= _bounds(promised)[1] else Conversion.RANGE


def _bounds(promised: ColumnType) -> tuple[int, int]:
    """Return the least and the greatest whole number of a promised type."""
    if promised.name == "decimal":
        greatest: int = 10 ** (promised.precision - promised.scale) - 1
        return -greatest, greatest
    bits = _WHOLE_BITS[promised.name]
    return -(2**bits), 2**bits - 1


def explain_refusal(delivered: DeliveredType, promised: ColumnType) -> str:
    """Return why a delivered type cannot become a promised one, and what to write in the transform instead."""
    own, aim = (delivered.item or delivered), (promised.item or promised)
    match own.kind, aim.name:
        case TypeFamily.LOCAL, "timestamp":
            return "the instant depends on a time zone; name the zone in the transform"
        case TypeFamily.INSTANT, "date":
            return "the date depends on a time zone; truncate it to a date in the transform, in the intended zone"
        case TypeFamily.DATE, "timestamp":
            return "a date is not an instant; compute the timestamp in the transform, with its time zone"
        case TypeFamily.TEXT, _:
            return f"text is not cast to {aim.name}; cast it in the transform, where a value that does not fit fails"
        case _:
            return f"a {own.kind} is not a {aim.name}; convert it in the transform"


# --- The types of the engines ----------------------------------------------------------------------------


def polars_delivered(dtype: pl.DataType) -> DeliveredType:
    """Return a Polars data type as a DeliveredType."""
    import polars as pl

    spelling = str(dtype)
    if isinstance(dtype, pl.Decimal):
        return DeliveredType(TypeFamily.DECIMAL, spelling, precision=dtype.precision or 38, scale=dtype.scale)
    if isinstance(dtype, pl.Datetime):
        kind = TypeFamily.LOCAL if dtype.time_zone is None else TypeFamily.INSTANT
        return DeliveredType(kind, spelling, unit=dtype.time_unit)
    if isinstance(dtype, pl.List | pl.Array):
        return DeliveredType(TypeFamily.LIST, spelling, item=polars_delivered(dtype.inner))  # type: ignore[arg-type]
    if dtype.is_integer():
        bits, signed = int(re.sub(r"\D", "", spelling)), dtype.is_signed_integer()
        return _whole(spelling, bits, signed=signed)
    if dtype.is_float():
        return DeliveredType(TypeFamily.FLOAT, spelling, bits=int(re.sub(r"\D", "", spelling)))
    plain = (
        ((pl.String, pl.Categorical, pl.Enum), TypeFamily.TEXT),
        (pl.Boolean, TypeFamily.BOOLEAN),
        (pl.Date, TypeFamily.DATE),
        (pl.Null, TypeFamily.NULLS),
    )
    return DeliveredType(next((kind for types, kind in plain if isinstance(dtype, types)), TypeFamily.OTHER), spelling)


_DUCKDB_WHOLE = {
    "TINYINT": (8, True), "SMALLINT": (16, True), "INTEGER": (32, True), "BIGINT": (64, True), "HUGEINT": (128, True),
    "UTINYINT": (8, False), "USMALLINT": (16, False), "UINTEGER": (32, False), "UBIGINT": (64, False),
    "UHUGEINT": (128, False),
}  # fmt: skip
_DUCKDB_PLAIN = {
    "VARCHAR": TypeFamily.TEXT, "JSON": TypeFamily.TEXT, "UUID": TypeFamily.TEXT, "BOOLEAN": TypeFamily.BOOLEAN,
    "FLOAT": TypeFamily.FLOAT, "DOUBLE": TypeFamily.FLOAT, '"NULL"': TypeFamily.NULLS, "DATE": TypeFamily.DATE,
    "TIMESTAMP": TypeFamily.LOCAL, "TIMESTAMP_S": TypeFamily.LOCAL, "TIMESTAMP_MS": TypeFamily.LOCAL,
    "TIMESTAMP_NS": TypeFamily.LOCAL, "TIMESTAMP WITH TIME ZONE": TypeFamily.INSTANT,
}  # fmt: skip
_DUCKDB_UNITS = {"TIMESTAMP_S": "s", "TIMESTAMP_MS": "ms", "TIMESTAMP_NS": "ns"}
_DUCKDB_BITS = {"FLOAT": 32, "DOUBLE": 64}
_DUCKDB_LIST = re.compile(r"(.+)\[\d*\]", re.DOTALL)
_DUCKDB_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def duckdb_delivered(spelling: str) -> DeliveredType:
    """Return a DuckDB type, as `describe` spells it, as a DeliveredType."""
    if found := _DUCKDB_LIST.fullmatch(spelling):
        return DeliveredType(TypeFamily.LIST, spelling, item=duckdb_delivered(found[1]))
    if found := _DUCKDB_DECIMAL.fullmatch(spelling):
        return DeliveredType(TypeFamily.DECIMAL, spelling, precision=int(found[1]), scale=int(found[2]))
    if spelling in _DUCKDB_WHOLE:
        bits, signed = _DUCKDB_WHOLE[spelling]
        return _whole(spelling, bits, signed=signed)
    kind = TypeFamily.TEXT if spelling.startswith("ENUM(") else _DUCKDB_PLAIN.get(spelling, TypeFamily.OTHER)
    return DeliveredType(kind, spelling, bits=_DUCKDB_BITS.get(spelling, 0), unit=_DUCKDB_UNITS.get(spelling, "us"))


def _whole(spelling: str, bits: int, *, signed: bool) -> DeliveredType:
    least, greatest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return DeliveredType(TypeFamily.WHOLE, spelling, least=least, greatest=greatest)
