"""Masks as Polars expressions. None of them can fail, whatever the value: a failure would quote what it hides.

The expressions of pseudonyms hold a derived key. They are evaluated by `bankmesh.access.relations` alone, and never
become part of a plan or a text that a reader gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.masks.mask_rules import fits
from bankmesh.access.model import MaskMethod
from bankmesh.contracts.column_types import polars_type

if TYPE_CHECKING:
    import polars as pl

    from bankmesh.access.masks.pseudonyms import Pseudonyms
    from bankmesh.access.model import Mask
    from bankmesh.contracts.model import ColumnType

HIDDEN = "***"
"""What is shown instead of a text, or of its hidden part; its length does not depend on what it hides."""

_INVISIBLE = r"[\p{M}\p{C}\p{Z}\x{115F}\x{1160}\x{2800}\x{3164}\x{FFA0}]"
"""Marks, controls, formats, spaces and blank letters: they fill a value up without hiding anything of it."""


_DIGITS_OF_LONG = 18
"""Every number of so many digits before the point fits into 64 bits."""


def mask_expression(column: str, kind: ColumnType, mask: Mask, pseudonyms: Pseudonyms | None) -> pl.Expr:
    """Return the masked values of a column of type `kind`, under its name, in the type of `masked_type`.

    A mask that does not suit the type gives null. Raises KeyUnavailable for a pseudonym if there are no `pseudonyms`.
    """
    import polars as pl

    value = pl.col(column)
    if mask.method is MaskMethod.NULL or fits(mask, kind) is not None:
        return pl.when(value.is_null()).then(value).alias(column)  # a literal would be one row, whatever the table has
    made: pl.Expr
    match mask.method:
        case MaskMethod.REDACT:
            made = pl.when(value.is_not_null()).then(pl.lit(HIDDEN))
        case MaskMethod.PSEUDONYM:
            made = _pseudonym(column, kind, pseudonyms)
        case MaskMethod.PARTIAL:
            made = _partial(value if kind.name == "string" else _digits(value), mask)
        case _:
            made = _generalised(value, kind, mask)
    return made.alias(column)


def _pseudonym(column: str, kind: ColumnType, pseudonyms: Pseudonyms | None) -> pl.Expr:
    import polars as pl
    from polars_hash import CryptographicHashingNameSpace

    from bankmesh.access.masks.pseudonyms import NO_KEYS

    if pseudonyms is None:
        raise NO_KEYS
    value = pl.col(column)
    if kind.name in {"date", "timestamp"}:
        value = value.to_physical()
    elif kind.name == "decimal":
        value = value.cast(pl.Int128)
    made: pl.Expr = CryptographicHashingNameSpace(value.cast(pl.String)).hmac_sha256(
        key=pseudonyms.derived_key(column, kind)
    )
    return made


def _digits(number: pl.Expr) -> pl.Expr:
    """Return the digits of a whole number; a sign is no character that could stay hidden in place of a digit."""
    import polars as pl

    return number.cast(pl.String).str.strip_prefix("-")


def _partial(text: pl.Expr, mask: Mask) -> pl.Expr:
    """Show some characters of a text, if at least as many visible ones stay hidden."""
    import polars as pl

    visible, size = text.str.replace_all(_INVISIBLE, ""), mask.size or 0
    hidden = pl.lit(HIDDEN)
    shown = hidden + visible.str.slice(-size) if mask.option == "last" else visible.str.slice(0, size) + hidden
    return pl.when(visible.str.len_chars() >= 2 * size).then(shown).when(text.is_not_null()).then(hidden)


def _generalised(value: pl.Expr, kind: ColumnType, mask: Mask) -> pl.Expr:
    import polars as pl

    size = mask.size or 1
    match mask.option:
        case "month" | "year":
            day = value.cast(pl.Date)
            later = day.dt.day() if mask.option == "month" else day.dt.ordinal_day()
            return (day.to_physical() - later + 1).cast(pl.Date)
        case "years":
            return _band(value, kind, size)
        case "prefix":
            visible = value.str.replace_all(_INVISIBLE, "")
            shown = visible.str.slice(0, size)
            hidden = pl.lit(HIDDEN)
            return pl.when(visible.str.len_chars() > size).then(shown).when(value.is_not_null()).then(hidden)
        case _:
            return _rounded(value, kind, size)


def _band(value: pl.Expr, kind: ColumnType, width: int) -> pl.Expr:
    """Name the band of an age, or of the year of a date: `30-39`."""
    import polars as pl

    number = value.dt.year() if kind.name in {"date", "timestamp"} else value
    first = number.cast(pl.Int128) // width * width  # as wide as needed for the ends of a band beyond any long
    return pl.concat_str(first.cast(pl.String), pl.lit("-"), (first + (width - 1)).cast(pl.String))


def _rounded(value: pl.Expr, kind: ColumnType, unit: int) -> pl.Expr:
    """Round towards zero, because the result then fits into the type whatever the value is."""
    import polars as pl

    if kind.name == "double":
        units = value / float(unit)
        towards_zero = pl.when(value < 0).then(units.ceil()).otherwise(units.floor())
        return towards_zero * float(unit) + 0.0  # without the sign of a zero
    exact = pl.Int128 if kind.precision - kind.scale > _DIGITS_OF_LONG else pl.Int64
    whole, step = value.cast(exact), pl.lit(unit, dtype=exact)
    rounded = pl.when(whole < 0).then((whole + (step - 1)) // step * step).otherwise(whole // step * step)
    return rounded.cast(polars_type(kind))
