"""Conversion of values that a file stores typed to the declared type, only where it loses nothing.

The table of `bankmesh.contracts.delivered_types` applies, as for products. A declaration differs in two ways: it names
the time zone of a local time, and it accepts no decimal for a double.

| declared | stored as | a value that is a fault of the row |
| --- | --- | --- |
| `long`, `integer` | whole numbers, decimals, floating point | with a fraction, or out of range |
| `decimal(p,s)` | whole numbers, decimals, floating point | with more places or digits; over 15 digits of a double |
| `double` | floating point, whole numbers | NaN, infinity, a whole number beyond 2^53 that a double cannot hold |
| `boolean` | booleans | none |
| `date` | dates, timestamps without zone | not at midnight |
| `timestamp` | timestamps; local ones if `timezone` is declared | finer than microseconds; a skipped or repeated hour |

Text is not covered here: it is read like that of a text file. No other pair is accepted: no number as a boolean or a
string, no boolean, date, time or duration as a number, no struct, list or bytes as anything, no zoned time as a date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.delivered_types import Conversion, conversion, polars_delivered
from bankmesh.contracts.polars_casts import cast_or_null, same_or_null
from bankmesh.sources.parsing.temporal_bounds import to_utc, within_calendar

if TYPE_CHECKING:
    import polars as pl

    from bankmesh.sources.declarations.source_declaration import SourceColumn


def is_text(stored: pl.DataType) -> bool:
    """Whether a column of that type holds text, or nothing at all."""
    import polars as pl

    return isinstance(stored, (pl.String, pl.Categorical, pl.Enum, pl.Null))


def needs_timezone(column: SourceColumn, stored: pl.DataType) -> bool:
    """Whether stored values are local times without a known zone."""
    import polars as pl

    local = isinstance(stored, pl.Datetime) and stored.time_zone is None
    return local and column.type.name == "timestamp" and column.timezone is None


def typed_value(name: str, column: SourceColumn, stored: pl.DataType) -> pl.Expr | None:
    """Return the declared value of a typed one, null where it does not fit; None if the types are incompatible."""
    import polars as pl

    value = pl.col(name)
    if column.type.name == "boolean":
        return value if stored == pl.Boolean else None
    return _number(value, column, stored) if stored.is_numeric() else _temporal(value, column, stored)


def _number(value: pl.Expr, column: SourceColumn, stored: pl.DataType) -> pl.Expr | None:
    import polars as pl

    delivered = polars_delivered(stored)
    is_double = column.type.name == "double"
    if conversion(delivered, column.type) is Conversion.REFUSED or (is_double and stored.is_decimal()):
        return None
    made = cast_or_null(value, delivered, stored, column.type)
    return pl.when(made.is_finite()).then(made) if is_double else made


def _temporal(value: pl.Expr, column: SourceColumn, stored: pl.DataType) -> pl.Expr | None:
    import polars as pl

    if column.type.name == "date" and stored == pl.Date:
        return within_calendar(value)
    if not isinstance(stored, pl.Datetime) or column.type.name not in ("date", "timestamp"):
        return None
    if column.type.name == "timestamp":
        moment = same_or_null(value, stored, pl.Datetime("us", stored.time_zone))
        if stored.time_zone is not None:
            return within_calendar(moment.dt.convert_time_zone("UTC"))
        return None if column.timezone is None else within_calendar(to_utc(moment, column.timezone))
    return within_calendar(same_or_null(value, stored, pl.Date())) if stored.time_zone is None else None
