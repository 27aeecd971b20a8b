"""A build as the operation calls it: its arguments, its protocol, and its result besides the files that it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bankmesh.lineage.model import StepLineage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.openlineage.attempt_facts import CodeFacts
    from bankmesh.products.inputs.pinned_inputs import PinnedInput


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


@dataclass(frozen=True)
class BuildRequest:
    """The arguments of a build: pinned inputs, the folder to write to, and the partitions to write (None: all rows).

    `shows_errors` is for trials on synthetic rows: errors of the user's code are shown in full, although they may quote
    values.
    """

    inputs: Mapping[str, PinnedInput]
    target: Path
    partitions: tuple[str, ...] | None
    shows_errors: bool = False


class Build(Protocol):
    """Writes the candidate's Parquet files into `request.target`, cast to the contract's types."""

    def __call__(self, request: BuildRequest) -> BuildResult:
        """Raises TransformError if the user's code fails or delivers other columns, CastsRefused for other types."""
