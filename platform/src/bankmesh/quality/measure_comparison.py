"""Compares a measure with the bound of a clause. Pure: no data, no library.

The comparison is exact. A count, a whole number and a decimal are compared with the bound as written, a percentage as
an exact fraction. A double is compared with the double nearest to the bound, as DuckDB compares a column of doubles:
`0.1` in a contract equals a tenth that was computed in doubles.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.exact_numbers import Number, as_double, spell_exactly
from bankmesh.contracts.model import NONE_AT_ALL, Comparison, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bankmesh.contracts.model import Clause

Measure = int | float | Decimal | Fraction

_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.BE: lambda measure, value: measure == value,
    Operator.NOT_BE: lambda measure, value: measure != value,
    Operator.GREATER: lambda measure, value: measure > value,
    Operator.GREATER_OR_EQUAL: lambda measure, value: measure >= value,
    Operator.LESS: lambda measure, value: measure < value,
    Operator.LESS_OR_EQUAL: lambda measure, value: measure <= value,
    # Both ends belong to the range.
    Operator.BETWEEN: lambda measure, value: value[0] <= measure <= value[1],
    Operator.NOT_BETWEEN: lambda measure, value: not value[0] <= measure <= value[1],
}

_PHRASES = {
    Operator.BE: "must be {}",
    Operator.NOT_BE: "must not be {}",
    Operator.GREATER: "must be more than {}",
    Operator.GREATER_OR_EQUAL: "must be at least {}",
    Operator.LESS: "must be less than {}",
    Operator.LESS_OR_EQUAL: "must be at most {}",
    Operator.BETWEEN: "must be between {} and {}",
    Operator.NOT_BETWEEN: "must not be between {} and {}",
}


def comparison_of(clause: Clause) -> Comparison:
    """Return the comparison of the clause's measure; without one, the measure must be zero."""
    return clause.comparison or NONE_AT_ALL


def holds(measure: Measure, operator: str, value: Number | Sequence[Number]) -> bool:
    """Whether a finite `measure` satisfies the comparison; a range includes both ends."""
    bounds = [_bound(bound, measure) for bound in value] if isinstance(value, list | tuple) else _bound(value, measure)
    return _HOLDS[Operator(operator)](Fraction(measure), bounds)


def _bound(value: Any, measure: Measure) -> Fraction | float:  # noqa: ANN401 - a number of a contract
    nearest = as_double(value) if isinstance(measure, float) else value
    return nearest if nearest in _BEYOND else Fraction(nearest)


_BEYOND = (float("inf"), float("-inf"))  # bounds beyond all doubles: not a Fraction, but comparable


def in_unit(count: Number, rows: int, unit: str) -> Measure:
    """Return a count of rows in the unit of a comparison: unchanged, or as a percentage of `rows`; 0 for zero rows."""
    if unit != "percent":
        return count
    return Fraction(100 * int(count), rows) if rows else 0


def phrase(comparison: Comparison) -> str:
    """Return the comparison in words: `must be at most 5 %`."""
    between = comparison.operator in {Operator.BETWEEN, Operator.NOT_BETWEEN}
    values = comparison.value if between else [comparison.value]
    text = _PHRASES[comparison.operator].format(*map(_bound_text, values))
    return f"{text} %" if comparison.unit == "percent" else text


def number(value: object, comparison: Comparison | None = None) -> str:
    """Return a number for people: with thousands separators, and no more digits than are significant.

    All digits are kept if rounding would change whether the number satisfies the comparison.
    """
    if isinstance(value, Decimal):
        return spell_exactly(value, grouping=",")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    short = f"{value:,.6g}"
    if comparison is None or not math.isfinite(value):
        return short
    held = [holds(one, comparison.operator, comparison.value) for one in (value, float(short.replace(",", "")))]
    return short if held[0] is held[1] else f"{value:,}"


def _bound_text(value: object) -> str:
    """Return a bound with all its digits."""
    return number(Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else value)
