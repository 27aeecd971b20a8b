"""The result of a build besides the files that it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.lineage.model import StepLineage

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.openlineage.attempt_facts import CodeFacts


@dataclass(frozen=True)
class BuildResult:
    """What a build reports besides the files that it wrote.

    Attributes:
        lineage: where each column comes from, by the names that the build gives its inputs.
        code: the code that did it.
        rows: rows that the engine reports as written; None where the engine does not count them.
        losses: values that did not survive the cast to the promised type, counted on the rows that were written.
    """

    lineage: StepLineage
    code: CodeFacts | None = None
    rows: int | None = None
    losses: tuple[CastLoss, ...] = ()


def or_underivable(derive: Callable[[], StepLineage], contract: Contract) -> StepLineage:
    """Return the result of `derive`; if it fails, every column is underivable, because lineage never fails a build."""
    try:
        return derive()
    except Exception as error:  # noqa: BLE001 - a failed derivation does not affect the product
        reason = f"its lineage could not be derived ({type(error).__name__})"
        names = [column.name for column in contract.columns]
        return StepLineage(dict.fromkeys(names, frozenset()), underivable=dict.fromkeys(names, reason))
