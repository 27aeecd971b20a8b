"""The clause `profile`: how far the values of columns have shifted since the version before. It only warns.

A shift is the total variation distance of two distributions p and q over the same values or ranges, nulls included:
half the sum of |p - q|, the least share of rows that would need another value to make them equal (Levin, Peres,
Wilmer: Markov Chains and Mixing Times, proposition 4.2). Unlike the population stability index it is defined where a
value has no rows, and is a percentage.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.shrink_tolerance import GUARDED_FROM
from bankmesh.quality import result_messages
from bankmesh.quality.clause_results import ClauseResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from bankmesh.contracts.clause_rules import ProfileShift
    from bankmesh.contracts.model import Clause


@dataclass(frozen=True)
class ShiftedColumns:
    """The shift of each compared column, from 0 to 1, since `version` of `rows` rows; both None for a first version."""

    version: int | None
    rows: int | None
    shifts: Mapping[str, float]


def total_variation(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the total variation distance of two distributions over the same groups, from 0 to 1."""
    return sum(abs(p - q) for p, q in zip(before, after, strict=True)) / 2


def check_profile(
    clause: Clause,
    rule: ProfileShift,
    measure: Callable[[ProfileShift, duckdb.DuckDBPyConnection], ShiftedColumns] | None,
    connection: duckdb.DuckDBPyConnection,
) -> ClauseResult:
    """Evaluate the clause; a shift that cannot be measured is a warning, too, because this clause never blocks."""
    started = time.perf_counter()
    head = f"profile{result_messages.scope(clause)}"
    try:
        found = measure(rule, connection) if measure is not None else None
    except Exception as error:  # noqa: BLE001 - becomes the clause's outcome
        return _result(
            clause, Outcome.WARNED, f"{head}: shifts could not be measured ({type(error).__name__}).", started
        )
    if found is None:
        return _result(clause, Outcome.WARNED, f"{head}: shifts could not be measured; nothing to compare.", started)
    if found.version is None or found.rows is None:
        return _result(clause, Outcome.PASSED, f"{head}: there is no version before to compare with.", started)
    if found.rows < GUARDED_FROM:
        text = f"{head}: version {found.version} has {found.rows:,} rows; compared from {GUARDED_FROM} rows on."
        return _result(clause, Outcome.PASSED, text, started)
    percent = {name: 100 * shift for name, shift in found.shifts.items()}
    limits = dict(rule.limits)
    above = {name: shift for name, shift in percent.items() if shift > limits[name]}
    outcome = Outcome.WARNED if above else Outcome.PASSED
    text = f"{head}: {_describe(above or percent, limits, found.version, is_above=bool(above))}"
    return _result(clause, outcome, text, started, max(percent.values(), default=0.0))


def _describe(shifts: Mapping[str, float], limits: Mapping[str, object], version: int, *, is_above: bool) -> str:
    ordered = sorted(shifts.items(), key=lambda item: (-item[1], item[0]))
    if not is_above:
        largest = f", at most {ordered[0][1]:.1f} % ({ordered[0][0]})" if ordered else ""
        return f"no column has shifted more than it may since version {version}{largest}."
    named = ", ".join(f"{name} {shift:.1f} % (at most {limits[name]} %)" for name, shift in ordered)
    return f"shifted since version {version}, in percent of the rows: {named}."


def _result(
    clause: Clause, outcome: Outcome, message: str, started: float, observed: float | None = None
) -> ClauseResult:
    rounded = None if observed is None else round(observed, 2)
    return ClauseResult(clause, outcome, rounded, None, None, message, time.perf_counter() - started)
