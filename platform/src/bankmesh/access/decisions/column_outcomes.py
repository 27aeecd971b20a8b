"""The outcome of one column, from the answers of both sides: a pure function.

What may not even be masked may not be shown. The outcome is the lesser of both sides, the mask the strictest of those
sides that mask: so a domain can never loosen what the hub masks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.masks.mask_rules import fits, parse_mask, strictest
from bankmesh.access.model import ColumnDecision, ColumnOutcome, Mask, MaskMethod, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bankmesh.access.decisions.cedar_requests import ColumnAnswer
    from bankmesh.access.policies.model import CedarPolicy
    from bankmesh.contracts.model import Column

_LEAST_FIRST = (ColumnOutcome.WITHHOLD, ColumnOutcome.MASK, ColumnOutcome.SHOW)


def side_outcome(show: ColumnAnswer, mask: ColumnAnswer) -> ColumnOutcome:
    """Return what one side gives of a column."""
    if mask.is_forbidden:
        return ColumnOutcome.WITHHOLD
    if show.is_allowed:
        return ColumnOutcome.SHOW
    return ColumnOutcome.MASK if mask.is_allowed else ColumnOutcome.WITHHOLD


def decide_column(
    column: Column, sides: Sequence[tuple[str, ColumnAnswer, ColumnAnswer]], withheld: Reason
) -> ColumnDecision:
    """Return the decision on a column; each side is its name and its answers about showing and masking.

    `withheld` is the reason where no forbid withholds it: that no permit holds.
    """
    outcomes = [(side_outcome(show, mask), show, mask) for _, show, mask in sides]
    least = min((outcome for outcome, _, _ in outcomes), key=_LEAST_FIRST.index)
    decisive = [(show, mask) for outcome, show, mask in outcomes if outcome is least]
    if least is ColumnOutcome.MASK:
        return _masked(column, decisive)
    if least is ColumnOutcome.SHOW:
        policies = [policy for show, _ in decisive for policy in show.determining]
        return ColumnDecision(column.name, least, None, policy_reasons(policies))
    forbids = [policy for show, mask in decisive for answer in (mask, show) for policy in _forbids(answer)]
    return ColumnDecision(column.name, least, None, policy_reasons(forbids) or (withheld,))


def _masked(column: Column, decisive: Iterable[tuple[ColumnAnswer, ColumnAnswer]]) -> ColumnDecision:
    masks: list[Mask] = []
    policies: list[CedarPolicy] = []
    for show, mask in decisive:
        policies += [*_forbids(show), *mask.determining]
        masks += _side_masks(column, show, mask)
    chosen = strictest(masks)
    problem = mask_problem(chosen, column)
    reasons = policy_reasons(policies)
    if problem is None:
        return ColumnDecision(column.name, ColumnOutcome.MASK, chosen, reasons)
    hidden = Mask(MaskMethod.NULL)
    return ColumnDecision(column.name, ColumnOutcome.MASK, hidden, (*reasons, Reason(problem, column.place)))


def _side_masks(column: Column, show: ColumnAnswer, mask: ColumnAnswer) -> list[Mask]:
    """Return the masks that one side demands: a policy that names none demands the column's own.

    Forbids alone demand one where the column would else be shown. Where it would be masked anyway, the permits' mask
    stays, of those that name one if any does, and forbids can only make it stricter.
    """
    own = default_mask(column)
    of_forbids = [_named_mask(policy) or own for policy in _forbids(show)]
    if show.is_only_forbidden:
        return of_forbids
    named = [found for policy in mask.determining if (found := _named_mask(policy)) is not None]
    return [strictest(named) if named else own, *of_forbids]


def _named_mask(policy: CedarPolicy) -> Mask | None:
    written = policy.annotations.get("mask")
    return parse_mask(written) if written else None


def default_mask(column: Column) -> Mask:
    """Return the mask of a column for which no policy names one: the contract's, else redact for texts, else null."""
    if column.mask is not None:
        return parse_mask(column.mask)
    return Mask(MaskMethod.REDACT if column.type.name == "string" else MaskMethod.NULL)


def mask_problem(mask: Mask, column: Column) -> str | None:
    """Return why a column cannot be masked so, and is null instead; None if it can."""
    if mask.method is MaskMethod.PSEUDONYM and column.subject is None:
        return f"{column.name} names no subject in the contract, so it has no pseudonym"
    return fits(mask, column.type)


def policy_reasons(policies: Iterable[CedarPolicy]) -> tuple[Reason, ...]:
    """Return each policy as a reason, without repetitions."""
    return tuple(dict.fromkeys(_reason(policy) for policy in policies))


def _reason(policy: CedarPolicy) -> Reason:
    why = policy.annotations.get("why")
    if not policy.text and why:
        return Reason(why, policy.place)
    return Reason(f"{policy.label}: {why}" if why else policy.label, policy.place)


def _forbids(answer: ColumnAnswer) -> tuple[CedarPolicy, ...]:
    return answer.determining if answer.is_forbidden else ()
