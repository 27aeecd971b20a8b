"""The results of Cedar's partial evaluation with an unknown row, compiled to a row filter with canonical JSON."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.model import RowFilter
from bankmesh.access.row_filters.filter_translation import translate_condition
from bankmesh.access.row_filters.residual_conditions import (
    FALSE,
    TRUE,
    Condition,
    RowType,
    check_depth,
    is_never_true,
    read_columns,
    simplify_condition,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bankmesh.access.model import Reason

_EVERY_ENTITY = {"op": "All"}
_NO_ROW: Mapping[str, list[Condition]] = {"forbid": [], "permit": []}


@dataclass(frozen=True)
class PartialResult:
    """What partial evaluation of one policy set leaves, as `cedarpy.PartialAuthzResult` holds it.

    Attributes:
        residuals: each policy by its id, with its effect and what is left of its conditions.
        errors: `diagnostics.errors`; policies that are an error for every row.
        reasons: where each policy comes from, by its id.
    """

    residuals: Mapping[str, Any]
    errors: Sequence[str] = ()
    reasons: Mapping[str, Reason] = field(default_factory=dict)


def compile_residuals(results: Iterable[PartialResult], row: RowType) -> RowFilter:
    """Return the filter of the rows that every one of the policy sets permits.

    Raises UntranslatableResidual if a policy is an error for every row, as Cedar would skip it, or if a condition
    cannot be evaluated on columns.
    """
    every: set[str] = set()
    reasons: list[Reason] = []
    for result in results:
        if result.errors:
            raise UntranslatableResidual("a policy is an error for every row")
        policy_set, because = _compile_set(result, row)
        if policy_set != {"forbid": [], "permit": [TRUE]}:
            every.add(_canonical(policy_set))
            reasons += because
    if _canonical(_NO_ROW) in every:
        every = {_canonical(_NO_ROW)}
    return _row_filter([json.loads(policy_set) for policy_set in sorted(every)], reasons)


def permits_no_row(row_filter: RowFilter) -> bool:
    """Whether the filter is known to permit no row at all."""
    return row_filter.residual == _row_filter([_NO_ROW], ()).residual


def _row_filter(every: Sequence[Mapping[str, list[Condition]]], reasons: Iterable[Reason]) -> RowFilter:
    residual = _canonical({"every": every}) if every else ""
    return RowFilter(residual, frozenset(read_columns(every)), tuple(dict.fromkeys(reasons)))


def _compile_set(result: PartialResult, row: RowType) -> tuple[Mapping[str, list[Condition]], list[Reason]]:
    """Return the permits and forbids that depend on the row, sorted, and where they come from."""
    permits: dict[str, Condition] = {}
    forbids: dict[str, Condition] = {}
    reasons = []
    for name, policy in sorted(result.residuals.items()):
        with _refusals_of(name):
            condition = _condition_of(policy, row)
            is_forbid = policy["effect"] == "forbid"
            if condition == FALSE or (not is_forbid and is_never_true(condition)):
                continue
            if condition != TRUE:  # which needs no expression, so that such a decision does not import Polars
                translate_condition(condition, row.columns)
        (forbids if is_forbid else permits)[_canonical(condition)] = condition
        reasons += [result.reasons[name]] if name in result.reasons else []
    if not permits or _canonical(TRUE) in forbids:
        return _NO_ROW, reasons
    if _canonical(TRUE) in permits:
        permits = {_canonical(TRUE): TRUE}
    return {"forbid": [forbids[key] for key in sorted(forbids)], "permit": [permits[key] for key in sorted(permits)]}, (
        reasons
    )


@contextmanager
def _refusals_of(policy: str) -> Iterator[None]:
    """Name the policy in a refusal. Partial evaluation is experimental: a form that it never had is refused, too."""
    try:
        yield
    except UntranslatableResidual as error:
        raise UntranslatableResidual(f"{policy}: {error}") from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UntranslatableResidual(f"{policy}: it is not of the form that Cedar is known to leave") from error


def _condition_of(policy: Mapping[str, Any], row: RowType) -> Condition:
    """Join all conditions of a policy: each `when`, and the negation of each `unless`, in their order."""
    if policy["effect"] not in {"permit", "forbid"} or any(
        policy[part] != _EVERY_ENTITY for part in ("principal", "action", "resource")
    ):
        raise UntranslatableResidual("it has a scope, and Cedar leaves none")
    bodies = [_when(condition) for condition in policy["conditions"]]
    whole = reduce(lambda left, right: {"&&": {"left": left, "right": right}}, bodies, TRUE)
    check_depth(whole)
    return simplify_condition(whole, row)


def _when(condition: Mapping[str, Any]) -> Condition:
    body: Condition = condition["body"]
    match condition["kind"]:
        case "when":
            return body
        case "unless":
            return {"!": {"arg": body}}
    raise UntranslatableResidual(f"it has a condition of the unknown kind {condition['kind']}")


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
