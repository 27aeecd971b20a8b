"""Casts as Polars expressions: the promised value, or null if the delivered value would not survive."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import polars_type
from bankmesh.contracts.delivered_types import EXACT_UNITS, FIRST_DAY, LAST_DAY, Conversion, TypeFamily, conversion

if TYPE_CHECKING:
    import polars as pl

    from bankmesh.contracts.delivered_types import DeliveredType
    from bankmesh.contracts.model import ColumnType


_EPOCH = date(1970, 1, 1)


def cast_or_null(value: pl.Expr, delivered: DeliveredType, stored: pl.DataType, promised: ColumnType) -> pl.Expr:
    """Return `value`, stored as `stored`, cast to the promised type; null if it does not survive the cast.

    The pair of types must not be a refused one. In a list, each item is cast by itself.
    """
    import polars as pl

    if delivered.item is not None and promised.item is not None and isinstance(stored, pl.List | pl.Array):
        inner: pl.DataType = stored.inner  # type: ignore[assignment]
        as_list = value.cast(pl.List(inner)) if isinstance(stored, pl.Array) else value
        return as_list.list.eval(cast_or_null(pl.element(), delivered.item, inner, promised.item))
    how, target = conversion(delivered, promised), polars_type(promised)
    if how is Conversion.NEAREST:
        return _nearest_decimal(value, delivered, stored, promised)
    compared = how is Conversion.COMPARED
    made = same_or_null(value, stored, target) if compared else value.cast(target, strict=False)
    return _within_calendar(made, promised) if promised.name in {"date", "timestamp"} else made


def _within_calendar(made: pl.Expr, promised: ColumnType) -> pl.Expr:
    """Null values outside the years 1 to 9999, compared as numbers: Polars raises on the year of a day far outside."""
    import polars as pl

    first, last = FIRST_DAY - _EPOCH, LAST_DAY - _EPOCH + timedelta(days=1)
    unit = timedelta(days=1) if promised.name == "date" else timedelta(microseconds=1)
    return pl.when(made.to_physical().is_between(first // unit, last // unit, closed="left")).then(made)


def is_lost(value: pl.Expr, made: pl.Expr, delivered: DeliveredType) -> pl.Expr:
    """Return whether a row had a value, or a list an item, that `cast_or_null` made null."""
    if delivered.kind is TypeFamily.LIST:
        return made.list.drop_nulls().list.len() < value.list.drop_nulls().list.len()
    return value.is_not_null() & made.is_null()


def same_or_null(value: pl.Expr, stored: pl.DataType, target: pl.DataType) -> pl.Expr:
    """Return the value in another type, null unless the cast back gives the original."""
    import polars as pl

    made = value.cast(target, strict=False)
    return pl.when(made.cast(stored, strict=False) == value).then(made)


def _nearest_decimal(value: pl.Expr, delivered: DeliveredType, stored: pl.DataType, promised: ColumnType) -> pl.Expr:
    """Cast to the decimal whose nearest double is stored (14.36), if the promised scale has only one such decimal."""
    import polars as pl

    units, limit = 10**promised.scale, EXACT_UNITS[delivered.bits]
    double = value.cast(pl.Float64)
    # Compared before the cast, because Polars raises on a value just beyond the range, whatever `strict` is.
    fits = (double.abs() * units).round(0) < min(limit, 10**promised.precision)
    made = pl.when(fits).then(double).cast(pl.Decimal(promised.precision, promised.scale), strict=False)
    return pl.when(made.cast(pl.Float64).cast(stored) == value).then(made)
