"""Pure decisions about figures that shrink: whether a loss exceeds its tolerance, and who accepted it.

Landings are compared with the last accepted landing, candidates of products with the published version, both by this
module. A tolerance is a percentage and exact: 95 of 100 is a loss of 5 %, and a tolerance of 5 % allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

GUARDED_FROM = 100
"""The least number of rows before at which a loss is evaluated; of fewer, a few rows are too large a share."""


@dataclass(frozen=True)
class AcceptedShrink:
    """A person's decision that the losses of one run are correct."""

    why: str
    by: str

    @property
    def note(self) -> str:
        """The decision as one sentence for messages."""
        return f"Accepted by {self.by}: {self.why.rstrip('.')}."

    def to_json(self) -> dict[str, str]:
        """Return the decision as plain JSON, as commits and landings store it."""
        return {"why": self.why, "by": self.by}

    @classmethod
    def from_json(cls, document: Mapping[str, str] | None) -> AcceptedShrink | None:
        """Return the decision that `to_json` wrote; None for None."""
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
    """Whether a figure fell by more than `tolerance` percent of its value before."""
    return figure.after * 100 < figure.before * (100 - Fraction(tolerance))
