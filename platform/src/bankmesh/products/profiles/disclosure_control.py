"""Pure decisions on what a profile may show: groups of fewer than five rows or subjects are merged, never left out.

A group that is left out could be computed as the difference to the total, so its neighbour takes it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.products.profiles.profile_model import FEWEST, ValueGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class CountedGroup:
    """A group as counted; `subjects` are its distinct subjects, at least, and None if rows belong to no subject."""

    start: str | None
    end: str | None
    rows: int
    subjects: int | None = None

    @property
    def may_be_shown(self) -> bool:
        """Whether enough rows, and enough subjects, are behind it."""
        return self.rows >= FEWEST and (self.subjects is None or self.subjects >= FEWEST)

    def shown(self) -> ValueGroup:
        """Return it without its subjects."""
        return ValueGroup(self.start, self.end, self.rows)


def mask_count(count: int, total: int) -> int | None:
    """Return a count of rows; None if it, or what is left of the total, is one to four rows."""
    return None if 0 < count < FEWEST or 0 < total - count < FEWEST else count


def merge_ranges(counted: Sequence[CountedGroup]) -> tuple[ValueGroup, ...]:
    """Return adjacent ranges, each with enough rows and subjects; empty if all together have too few."""
    merged: list[CountedGroup] = []
    for group in counted:
        if merged and not merged[-1].may_be_shown:
            merged[-1] = _merge(merged[-1], group)
        else:
            merged.append(group)
    while len(merged) > 1 and not merged[-1].may_be_shown:
        last = merged.pop()
        merged[-1] = _merge(merged[-1], last)
    return tuple(group.shown() for group in merged if group.may_be_shown)


def _merge(first: CountedGroup, second: CountedGroup) -> CountedGroup:
    # The same subjects may be in both, so only the greater number is certain.
    subjects = None if first.subjects is None else max(first.subjects, second.subjects or 0)
    return CountedGroup(first.start, second.end, first.rows + second.rows, subjects)


def frequent_values(counted: Iterable[CountedGroup], total: int, most: int) -> tuple[ValueGroup, ...]:
    """Return the most frequent values, at most `most`, then a group of all others if there are any.

    `total` is the number of rows that have a value. Others of one to four rows take in the rarest value shown.
    """
    ordered = sorted((group for group in counted if group.may_be_shown), key=lambda g: (-g.rows, str(g.start)))
    shown = [group.shown() for group in ordered[:most]]
    others = total - sum(group.rows for group in shown)
    while shown and 0 < others < FEWEST:
        others += shown.pop().rows
    return (*shown, ValueGroup(None, None, others)) if shown and others else tuple(shown)
