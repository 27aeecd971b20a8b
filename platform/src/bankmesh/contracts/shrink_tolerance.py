"""When a figure has shrunk by more than is tolerated, and who accepted that it did. Pure decisions.

Landings compare themselves with the last accepted landing, candidates of products with the published version; both
decide here. A tolerance is a percentage and exact: 95 of 100 is a loss of 5 %, and 5 % tolerates it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

GUARDED_FROM = 100
"""Rows from which a loss is compared with its tolerance; below, a few rows are too large a share."""


@dataclass(frozen=True)
class AcceptedShrink:
    """A person's decision that what has shrunk in one run is right."""

    why: str
    by: str

    @property
    def note(self) -> str:
        """The decision as a sentence of a message."""
        return f"Accepted by {self.by}: {self.why.rstrip('.')}."

    def to_json(self) -> dict[str, str]:
        """Plain JSON, as commits and landings keep it."""
        return {"why": self.why, "by": self.by}

    @classmethod
    def from_json(cls, document: Mapping[str, str] | None) -> AcceptedShrink | None:
        """The decision that `to_json` wrote; None of nothing."""
        return None if document is None else cls(document["why"], document["by"])


@dataclass(frozen=True)
class CountChange:
    """One count before and after, such as `rows` or `distinct customer_id`."""

    name: str
    before: int
    after: int

    def __str__(self) -> str:
        return f"{self.name} {self.before:,} → {self.after:,}"


def has_shrunk(figure: CountChange, tolerance: Decimal | int) -> bool:
    """Whether a figure fell by more than `tolerance` percent of what it was."""
    return figure.after * 100 < figure.before * (100 - Fraction(tolerance))
