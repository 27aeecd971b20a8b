"""How much a decision about one column reveals, compared with a decision about a column that it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.masks.mask_rules import strictest
from bankmesh.access.model import ColumnOutcome, MaskMethod
from bankmesh.lineage.model import TransformationSubtype

if TYPE_CHECKING:
    from collections.abc import Collection

    from bankmesh.access.model import ColumnDecision, Mask


_BY_EQUALITY = frozenset({TransformationSubtype.JOIN, TransformationSubtype.GROUP_BY})
_WITHOUT_CHANGE = _BY_EQUALITY | {
    TransformationSubtype.IDENTITY, TransformationSubtype.FILTER, TransformationSubtype.SORT
}  # fmt: skip


def keeps_mask(
    ways: Collection[TransformationSubtype], given: ColumnDecision, allowed: ColumnDecision, *, is_required: bool
) -> bool:
    """Whether a column that depends in these ways on another reveals no more of it than a reader of it may learn.

    Joins and groups use only which values are equal. That is what a pseudonym shows, so they carry every mask but a
    pseudonym: readers could join and group by the pseudonyms themselves. A mask that shows a part of a value is kept
    only by a value that is carried unchanged: the last digits of what is made from it may be its first ones. `redact`
    shows where a value is missing, which a transform can decide by a value; a column that `is_required` has no nulls.
    """
    if allowed.outcome is ColumnOutcome.SHOW or (
        allowed.mask and allowed.mask.method is MaskMethod.PSEUDONYM and _BY_EQUALITY.issuperset(ways)
    ):
        return True
    if given.mask is None or given.mask.method is MaskMethod.NULL:
        return reveals_no_more(given, allowed)
    if given.mask.method is MaskMethod.REDACT:
        return is_required or (_WITHOUT_CHANGE.issuperset(ways) and reveals_no_more(given, allowed))
    return is_carried(ways) and reveals_no_more(given, allowed)


def reveals_no_more(given: ColumnDecision, allowed: ColumnDecision) -> bool:
    """Whether a reader of one column learns no more of a value than a reader of the other does.

    A withheld column and one masked by `null` reveal nothing. Of two masks, one reveals no more than the other if its
    result can be computed from the other's: `redact` from every mask but `null`, and otherwise only a mask of the same
    method that hides at least as much. A pseudonym cannot be computed from the last four digits, nor these from it.
    """
    if _reveals_nothing(given) or allowed.outcome is ColumnOutcome.SHOW:
        return True
    if _reveals_nothing(allowed) or given.mask is None or allowed.mask is None:
        return False
    return _can_be_computed(given.mask, allowed.mask)


def _reveals_nothing(decision: ColumnDecision) -> bool:
    return decision.outcome is ColumnOutcome.WITHHOLD or (
        decision.mask is not None and decision.mask.method is MaskMethod.NULL
    )


def _can_be_computed(coarse: Mask, fine: Mask) -> bool:
    if coarse.method is MaskMethod.REDACT:
        return True
    return coarse.method is fine.method and strictest([coarse, fine]) == coarse


def is_carried(ways: Collection[TransformationSubtype]) -> bool:
    """Whether a column that depends in these ways on another has its values unchanged."""
    return TransformationSubtype.IDENTITY in ways and _WITHOUT_CHANGE.issuperset(ways)


def spell(decision: ColumnDecision, *, is_derived: bool = False) -> str:
    """Return the decision in words: `shows`, `masks by partial(last: 4)`, `withholds`."""
    if decision.outcome is ColumnOutcome.MASK:
        derived = " (a value made from it)" if is_derived else ""
        return f"masks by {decision.mask}{derived}" if decision.mask else "masks"
    return "shows" if decision.outcome is ColumnOutcome.SHOW else "withholds"
