"""Totals that a file states, as exact numbers, and their comparison with the records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from bankmesh.contracts.model import Classification
from bankmesh.sources.declarations import number_formats

if TYPE_CHECKING:
    import polars as pl

    from bankmesh.sources.declarations.number_formats import NumberSpelling
    from bankmesh.sources.declarations.source_declaration import SourceColumn


@dataclass(frozen=True)
class ColumnSum:
    """The sum of a column over some records, and the number of records that hold something unreadable in its place."""

    total: Fraction
    unreadable: int

    @classmethod
    def zero(cls) -> Self:
        """Return the sum over no records."""
        return cls(Fraction(0), 0)

    def __add__(self, other: ColumnSum) -> ColumnSum:
        return ColumnSum(self.total + other.total, self.unreadable + other.unreadable)


def stated_number(text: str | None, numbers: NumberSpelling, decimals: int | None, scale: int) -> Fraction | None:
    """Return the number of a text; None if it is not written as declared, with at most `scale` decimals."""
    pattern = number_formats.decimal_pattern(0 if decimals else scale, numbers)
    if text is None or re.fullmatch(pattern, text) is None:
        return None
    if numbers.thousands is not None:
        text = text.replace(numbers.thousands, "")
    text = number_formats.plain_sign(text.replace(numbers.decimal, "."), numbers)
    return Fraction(text) / Fraction(10 ** (decimals or 0))


def describe_difference(
    stated: Fraction,
    found: ColumnSum,
    total: str,
    decimals: int | None,
    column: SourceColumn | None,
) -> str | None:
    """Return how a stated total differs from the records; None if it does not.

    Both numbers are shown, unless the column is classified above `internal`: a sum over one record is its value.
    """
    if stated == found.total and not found.unreadable:
        return None
    more = f"; records without a readable value: {found.unreadable:,}" if found.unreadable else ""
    if column is not None and column.classification > Classification.INTERNAL:
        hidden = f"the file has another (not shown: the column is {column.classification.label})"
        return f"states a number {total}; {hidden}{more}"
    places = max(column.type.scale if column else 0, decimals or 0)
    return f"states {as_number(stated, places)} {total}; the file has {as_number(found.total, places)}{more}"


def as_number(value: Fraction, places: int) -> str:
    """Return an exact decimal for people: `-1,234.50`."""
    # Built from text, a Decimal is exact in any context.
    return f"{Decimal(f'{int(value * 10**places)}e-{places}'):,f}"


def sum_of_values(values: pl.Series) -> ColumnSum:
    """Return the exact sum of whole or decimal numbers; null counts as zero."""
    import pyarrow as pa
    from pyarrow import compute

    arrow = values.to_arrow()
    scale = arrow.type.scale if pa.types.is_decimal(arrow.type) else 0
    if pa.types.is_int32(arrow.type):
        arrow = arrow.cast(pa.int64())
    # 76 digits hold the sum of any block of numbers of 38 digits.
    total = compute.sum(arrow.cast(pa.decimal256(76, scale))).as_py()
    return ColumnSum.zero() if total is None else ColumnSum(Fraction(total), 0)
