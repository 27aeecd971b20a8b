"""A measure held against what a clause asks of it. Pure: no data, no library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import NONE_AT_ALL, Comparison, Operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.contracts.model import Clause

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
    """What the clause's measure is held against; a measure without a comparison must be zero."""
    return clause.comparison or NONE_AT_ALL


def holds(measure: float, operator: str, value: object) -> bool:
    """Whether `measure` satisfies the comparison; for a range both ends belong to it."""
    return _HOLDS[Operator(operator)](measure, value)


def in_unit(count: float, rows: int, unit: str) -> float:
    """A count of rows in the unit of a comparison: as it is, or as a percentage of `rows`; of zero rows, 0."""
    if unit != "percent":
        return count
    return 100.0 * count / rows if rows else 0.0


def phrase(comparison: Comparison) -> str:
    """The comparison in words: `must be at most 5 %`."""
    between = comparison.operator in {Operator.BETWEEN, Operator.NOT_BETWEEN}
    values = comparison.value if between else [comparison.value]
    text = _PHRASES[comparison.operator].format(*map(number, values))
    return f"{text} %" if comparison.unit == "percent" else text


def number(value: object) -> str:
    """A number as people read it: thousands apart, no more digits than tell something."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
