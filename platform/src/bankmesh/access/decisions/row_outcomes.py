"""Which rows may be read: the filter that both sides' residuals give, and the policies that it follows from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bankmesh.access.decisions.column_outcomes import policy_reasons
from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.policies.model import PolicyEffect
from bankmesh.access.row_filters.filter_compiler import PartialResult, compile_residuals, permits_no_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bankmesh.access.decisions.access_policy import PolicySide, PortPolicy
    from bankmesh.access.model import RowFilter
    from bankmesh.access.policies.model import CedarPolicy
    from bankmesh.access.row_filters.residual_conditions import RowType

_ALWAYS: Mapping[str, Any] = {
    "effect": "permit",
    "principal": {"op": "All"},
    "action": {"op": "All"},
    "resource": {"op": "All"},
    "conditions": [],
}


_KEY = "policy"
_LABEL = f"{_KEY}: "


@dataclass(frozen=True)
class RowOutcome:
    """The rows that a reader may see.

    Attributes:
        row_filter: the filter.
        determining: the policies that permit some rows or forbid some.
        denied_by: the first side that permits no row; None if each permits some.
    """

    row_filter: RowFilter
    determining: tuple[CedarPolicy, ...]
    denied_by: PolicySide | None

    @property
    def forbids(self) -> tuple[CedarPolicy, ...]:
        """The policies that forbid some rows."""
        return tuple(policy for policy in self.determining if policy.effect is PolicyEffect.FORBID)


def combine_rows(port: PortPolicy, residuals: Sequence[tuple[PolicySide, Mapping[str, Any]]]) -> RowOutcome:
    """Return the rows that both sides permit. Raises UntranslatableResidual, with the place of the policy."""
    row = port.row
    sides = [(side, _effective(side, found, row)) for side, found in residuals]
    results = [
        PartialResult(found, (), {key: policy_reasons([side.policies[key]])[0] for key in found})
        for side, found in sides
    ]
    empty = (side for (side, _), result in zip(sides, results, strict=True) if _permits_nothing(result, row))
    determining = tuple(side.policies[key] for side, found in sides for key in found)
    return RowOutcome(compile_residuals(results, row), determining, next(empty, None))


def _permits_nothing(result: PartialResult, row: RowType) -> bool:
    return permits_no_row(compile_residuals([result], row))


def _effective(side: PolicySide, residuals: Mapping[str, Any], row: RowType) -> dict[str, Any]:
    """Return the residuals without those that hold for no row of the type, in the order of the policies."""
    return {key: residuals[key] for key in side.policies if key in residuals and _holds(side, key, residuals[key], row)}


def _holds(side: PolicySide, key: str, residual: Mapping[str, Any], row: RowType) -> bool:
    """Raises UntranslatableResidual, with the place of the policy."""
    try:
        return _holds_for_some(json.dumps(residual, sort_keys=True), row)
    except UntranslatableResidual as error:
        raise UntranslatableResidual(f"{side.policies[key].place}: {str(error).removeprefix(_LABEL)}") from None


@lru_cache(maxsize=4096)
def _holds_for_some(written: str, row: RowType) -> bool:
    """Whether a residual, as JSON, permits or forbids a row of the type. Raises UntranslatableResidual."""
    residual = json.loads(written)
    is_permit = residual["effect"] == PolicyEffect.PERMIT.value
    alone = {_KEY: residual} if is_permit else {"always": _ALWAYS, _KEY: residual}
    found = compile_residuals([PartialResult(alone)], row)
    return not permits_no_row(found) if is_permit else not found.is_everything
