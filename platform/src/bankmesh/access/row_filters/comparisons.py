"""Comparisons, tests of sets and `like` on columns and literals, as Cedar evaluates them.

Everything is compared exactly: no value is cast to a narrower type, and no expression can fail on any data. Timestamps
have microseconds and Cedar's datetimes milliseconds; a column's microseconds are compared, never cut off.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.row_filters.attribute_types import DECIMAL_SCALE, AttributeType
from bankmesh.access.row_filters.three_valued_logic import (
    CERTAIN,
    IMPOSSIBLE,
    Conjunction,
    Truth,
    all_of,
    error,
    join_balanced,
    test_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from bankmesh.contracts.model import ColumnType

LiteralValue = str | int | bool | Decimal | datetime

LONGEST_PATTERN = 1000
MOST_ELEMENTS = 1000
_MICROSECONDS_OF_A_DAY = 86_400_000_000
_DECIMAL_DIGITS = 19


class ComparisonOperator(StrEnum):
    """Cedar's comparisons; the others are written with `!`."""

    LESS = "<"
    LESS_OR_EQUAL = "<="
    EQUAL = "=="

    @property
    def function(self) -> Callable[[Any, Any], Any]:
        """The operator on two expressions, or on two literals."""
        functions: dict[str, Callable[[Any, Any], Any]] = {"<": operator.lt, "<=": operator.le, "==": operator.eq}
        return functions[self.value]


@dataclass(frozen=True)
class Operand:
    """A column or a literal.

    Attributes:
        kind: Cedar's type; None for a column that the rows do not have, which is an error wherever it is read.
        column: the name of the column; empty for a literal.
        is_date: whether it is a column of dates.
        literal: the value of a literal.
    """

    kind: AttributeType | None
    column: str = ""
    is_date: bool = False
    literal: LiteralValue | None = None

    @property
    def defined(self) -> Conjunction:
        """Where it has a value."""
        if self.kind is None:
            return IMPOSSIBLE
        return Conjunction(frozenset({self.column})) if self.column else CERTAIN

    def expression(self) -> pl.Expr:
        """Return it as an expression of the type that its kind is compared in."""
        import polars as pl

        if self.column:
            return pl.col(self.column)
        types: dict[AttributeType, pl.DataType] = {
            AttributeType.STRING: pl.String(),
            AttributeType.LONG: pl.Int64(),
            AttributeType.BOOL: pl.Boolean(),
            AttributeType.DECIMAL: pl.Decimal(_DECIMAL_DIGITS, DECIMAL_SCALE),
            AttributeType.DATETIME: pl.Datetime("us", "UTC"),
        }
        return pl.lit(self.literal, dtype=None if self.kind is None else types[self.kind])

    def microseconds(self) -> pl.Expr:
        """Return a datetime as microseconds since 1970 in 128 bits, which hold every date and timestamp."""
        import polars as pl

        physical = self.expression().to_physical().cast(pl.Int128, strict=False)
        return physical * _MICROSECONDS_OF_A_DAY if self.is_date else physical


ABSENT = Operand(None)
"""A column that the rows do not have; reading it is an error."""


def column_operand(name: str, kind: AttributeType, column_type: ColumnType) -> Operand:
    """Return a column as an operand."""
    return Operand(kind, column=name, is_date=column_type.name == "date")


def compare(comparison: ComparisonOperator, left: Operand, right: Operand) -> Truth:
    """Return a comparison; an error where an operand is null.

    Raises UntranslatableResidual for operands of different types, and for an order of anything but longs and datetimes.
    """
    defined = left.defined & right.defined
    if left.kind is None or right.kind is None:
        return error()
    if left.kind is not right.kind:
        raise UntranslatableResidual(f"it compares a {left.kind} with a {right.kind}")
    return test_of(_compared(comparison, left, right), defined)


def order_kinds(comparison: ComparisonOperator, kind: AttributeType | None, allowed: Sequence[AttributeType]) -> None:
    """Raise UntranslatableResidual if values of the type have no order in Cedar's operator."""
    if comparison is not ComparisonOperator.EQUAL and kind is not None and kind not in allowed:
        raise UntranslatableResidual(f"`{comparison}` has no meaning for a {kind}")


def contains(elements: Sequence[Operand], searched: Operand) -> Truth:
    """Return whether a set contains a value; an error where the value or an element is null.

    Raises UntranslatableResidual for a set of other types than the value's, or of more than 1,000 elements.
    """
    import polars as pl

    if len(elements) > MOST_ELEMENTS:
        raise UntranslatableResidual(
            f"a set of it has {len(elements):,} elements; at most {MOST_ELEMENTS:,} can be tested"
        )
    if searched.kind is None or any(element.kind is None for element in elements):
        return error()
    for element in elements:
        if element.kind is not searched.kind:
            raise UntranslatableResidual(f"it searches a {searched.kind} in a set with a {element.kind}")
    defined = all_of(each.defined for each in (searched, *elements))
    if not elements:
        return test_of(pl.lit(value=False), defined)
    is_listed = searched.column and not any(element.column for element in elements)
    if is_listed and searched.kind in {AttributeType.STRING, AttributeType.LONG}:
        # A list of Python values, as Polars skips files through it but not through a series.
        return test_of(pl.col(searched.column).is_in([element.literal for element in elements]), defined)
    equal = [_compared(ComparisonOperator.EQUAL, element, searched) for element in elements]
    return test_of(join_balanced(operator.or_, equal), defined)


def match_pattern(text: Operand, pattern: Sequence[str | None]) -> Truth:
    """Return Cedar's `like`; None in the pattern matches any characters, each text itself.

    Raises UntranslatableResidual for a pattern of more than 1,000 parts, and for anything but a string.
    """
    if text.kind is None:
        return error()
    if text.kind is not AttributeType.STRING:
        raise UntranslatableResidual(f"`like` has no meaning for a {text.kind}")
    if sum(1 if part is None else len(part) for part in pattern) > LONGEST_PATTERN:
        raise UntranslatableResidual(f"a pattern of it has more than {LONGEST_PATTERN:,} characters")
    regex = "".join(".*" if part is None else "".join(f"\\x{{{ord(each):x}}}" for each in part) for part in pattern)
    return test_of(text.expression().str.contains(rf"\A(?s:{regex})\z", strict=False), text.defined)


def _compared(comparison: ComparisonOperator, left: Operand, right: Operand) -> pl.Expr:
    import polars as pl

    if not left.column and not right.column:
        return pl.lit(bool(comparison.function(left.literal, right.literal)))
    if left.is_date and not right.column:
        return _compared_date(comparison, left, right)
    if right.is_date and not left.column:
        return _compared_date(comparison, right, left, is_flipped=True)
    values = [side.microseconds() if left.is_date != right.is_date else side.expression() for side in (left, right)]
    compared: pl.Expr = comparison.function(*values)
    return compared


def _compared_date(
    comparison: ComparisonOperator, column: Operand, literal: Operand, *, is_flipped: bool = False
) -> pl.Expr:
    """Compare a column of dates with a moment as dates, so that statistics of the column still skip files."""
    import polars as pl

    moment = literal.literal
    if not isinstance(moment, datetime):
        raise UntranslatableResidual("it compares a date with something else")
    date, day = column.expression(), pl.lit(moment.date(), dtype=pl.Date)
    is_midnight = moment.time() == datetime.min.time()
    if comparison is ComparisonOperator.EQUAL:
        return date == day if is_midnight else pl.lit(value=False)
    if is_flipped:
        return day <= date if comparison is ComparisonOperator.LESS_OR_EQUAL and is_midnight else day < date
    return date < day if comparison is ComparisonOperator.LESS and is_midnight else date <= day
