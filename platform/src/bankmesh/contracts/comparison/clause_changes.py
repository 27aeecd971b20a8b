"""Comparison rules for clauses: what is checked, how strictly, and with which severity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import DuplicateValues, InvalidValues, NullValues, ProfileShift, Volume
from bankmesh.contracts.comparison.contract_change import Change, breaking, compatible
from bankmesh.contracts.model import Clause, Comparison, Contract, Operator, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def compare_clauses(old: Contract, new: Contract) -> Iterator[Change]:
    """Yield the clauses that were added, removed, or keep their name and promise more or less."""
    gone_columns = {c.name for c in old.columns} - {c.name for c in new.columns}
    before, after = {c.name: c for c in old.clauses}, {c.name: c for c in new.clauses}
    for name, clause in before.items():
        if name not in after and not gone_columns.intersection(clause.columns) and not _is_reported_elsewhere(clause):
            yield breaking("clause-removed", name, f"clause {name} was removed", clause.place)
    for name, clause in after.items():
        if name not in before:
            if not _is_reported_elsewhere(clause):
                yield compatible("clause-added", name, f"clause {name} is new", clause.place)
        else:
            yield from _clause(before[name], clause)


def _is_reported_elsewhere(clause: Clause) -> bool:
    """Whether `column-made-...` or `primary-key-changed` already reports the clause as added or removed."""
    return clause.name == "primary_key_unique" or (
        isinstance(clause.rule, NullValues) and clause.name == f"{clause.rule.column}__required"
    )


def _clause(was: Clause, now: Clause) -> Iterator[Change]:
    """Yield the changes of a clause that keeps its name."""
    name = now.name
    if was.severity != now.severity:
        lowered = now.severity is Severity.WARNING
        rule = "severity-lowered" if lowered else "severity-raised"
        message = f"clause {name} was of severity {was.severity} and is of {now.severity}"
        yield Change(rule, lowered, name, message, now.place)
    if was.whole_table != now.whole_table:
        weaker = was.whole_table
        message = f"clause {name} now covers {'only what a run builds' if weaker else 'the whole table'}"
        yield Change("clause-weakened" if weaker else "clause-strengthened", weaker, name, message, now.place)
    same_measure = (was.rule, was.comparison) == (now.rule, now.comparison)
    if same_measure and (was.description, was.dimension) != (now.description, now.dimension):
        message = f"description or dimension of clause {name} changed"
        yield compatible("description-changed", name, message, now.place)
    yield from _measure(was, now)


def _measure(was: Clause, now: Clause) -> Iterator[Change]:
    name, before, after = now.name, was.rule, now.rule
    if isinstance(before, InvalidValues) and isinstance(after, InvalidValues):
        yield from _valid_values(now, before, after)
        blank = replace(before, valid_values=None), replace(after, valid_values=None)
        if blank[0] != blank[1]:
            yield _weighed(now, f"bounds of clause {name} changed", stronger=_narrower(blank[1], blank[0]))
    elif isinstance(before, Volume) and isinstance(after, Volume):
        if before != after:
            stronger = after.tolerance <= before.tolerance and set(after.distinct) >= set(before.distinct)
            yield _weighed(now, f"clause {name}: {was.description}; now {now.description}", stronger=stronger)
    elif isinstance(before, ProfileShift) and isinstance(after, ProfileShift):
        if before != after:
            limits = dict(after.limits)
            stronger = all(name in limits and limits[name] <= most for name, most in before.limits)
            yield _weighed(now, f"clause {name} limits other shifts than before", stronger=stronger)
    elif before != after and not (name == "primary_key_unique" and isinstance(after, DuplicateValues)):
        yield _weighed(now, f"clause {name} measures something else", stronger=False)
    if was.comparison != now.comparison:
        stronger = _stricter(now.comparison, was.comparison)
        yield _weighed(
            now, f"clause {name} allows {'less' if stronger else 'more, or other,'} than before", stronger=stronger
        )


def _weighed(clause: Clause, message: str, *, stronger: bool) -> Change:
    rule = "clause-strengthened" if stronger else "clause-weakened"
    return Change(rule, not stronger, clause.name, message, clause.place)


def _valid_values(clause: Clause, was: InvalidValues, now: InvalidValues) -> Iterator[Change]:
    """Consumers enumerate valid values (a CASE without ELSE, a one-hot encoding), so a new one breaks them."""
    before, after = was.valid_values, now.valid_values
    if before is None or after is None:
        if before is not None or after is not None:
            yield _weighed(clause, f"{clause.name} got or lost its valid values", stronger=before is None)
        return
    for value in after:
        if value not in before:
            message = f"{value} is now a valid value of {was.column}"
            yield breaking("valid-values-added", clause.name, message, clause.place)
    for value in before:
        if value not in after:
            message = f"{value} is no longer a valid value of {was.column}"
            yield compatible("valid-values-removed", clause.name, message, clause.place)


def _narrower(now: InvalidValues, was: InvalidValues) -> bool:
    """Whether everything that `now` allows, `was` allowed."""
    if was.pattern not in (None, now.pattern):
        return False  # pattern implication is not decided, so the clause counts as weaker
    least = ("min_length", "minimum", "exclusive_minimum")
    most = ("max_length", "maximum", "exclusive_maximum")
    kept = all(_at_least(getattr(now, key), getattr(was, key)) for key in least)
    return kept and all(_at_least(getattr(was, key), getattr(now, key), most=True) for key in most)


def _at_least(high: object, low: object, *, most: bool = False) -> bool:
    """Whether bound `high` is at or above `low`; a missing bound allows everything."""
    missing_now, missing_before = (low, high) if most else (high, low)
    if missing_before is None:
        return True
    if missing_now is None:
        return False
    return type(high) is type(low) and bool(high >= low)  # type: ignore[operator]


def _stricter(now: Comparison | None, was: Comparison | None) -> bool:
    """Whether every measure that `now` accepts, `was` accepted too; False where that cannot be decided."""
    if now is None or was is None or now.unit != was.unit:
        return False
    span_now, span_was = _span(now), _span(was)
    return span_now is not None and span_was is not None and span_was[0] <= span_now[0] and span_now[1] <= span_was[1]


_OPEN = float("inf")
_Edge = tuple[float, int]


def _span(comparison: Comparison) -> tuple[_Edge, _Edge] | None:
    """Return the measures that a comparison accepts as an interval; the second number of an edge marks it as open.

    None for the negations, whose accepted values are not one interval.
    """
    value = comparison.value
    low: _Edge = (-_OPEN, 0)
    high: _Edge = (_OPEN, 0)
    match comparison.operator:
        case Operator.BE:
            span = (value, 0), (value, 0)
        case Operator.GREATER:
            span = (value, 1), high
        case Operator.GREATER_OR_EQUAL:
            span = (value, 0), high
        case Operator.LESS:
            span = low, (value, -1)
        case Operator.LESS_OR_EQUAL:
            span = low, (value, 0)
        case Operator.BETWEEN:
            span = (value[0], 0), (value[1], 0)
        case _:
            return None
    return span
