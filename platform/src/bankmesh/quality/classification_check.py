"""The clause `classification`: decided on the lineage of the build, before any data is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.quality.clause_results import ClauseResult, Outcome

if TYPE_CHECKING:
    from bankmesh.contracts.model import Clause

_SHOWN = 5


@dataclass(frozen=True)
class ClassificationFlow:
    """The flow of confidentiality from the inputs of one build to its columns.

    Attributes:
        losses: one sentence for each column that is less confidential than its inputs.
        unknown: inputs whose classifications are not known, each with the reason.
        widened: one sentence for each duty to an input that its columns do not keep.
    """

    losses: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    widened: tuple[str, ...] = ()


def check_classification(clause: Clause, flow: ClassificationFlow | None) -> ClauseResult:
    """Evaluate the clause; errored if the classification of an input is unknown, or without lineage."""
    if flow is None:
        return _result(clause, Outcome.ERRORED, None, "could not be evaluated: the gate received no lineage.")
    if flow.losses:
        advice = "Classify each at least as high, or give it a `declassification` that a rule of the contract proves."
        return _result(clause, Outcome.FAILED, len(flow.losses), f"classification: {_some(flow.losses)}. {advice}")
    if flow.widened:
        return _result(clause, Outcome.FAILED, len(flow.widened), f"duties to inputs: {_some(flow.widened)}")
    if flow.unknown:
        return _result(clause, Outcome.ERRORED, None, f"could not be evaluated: {_some(flow.unknown)}.")
    kept = "classification: no column is less confidential than what it is made from."
    return _result(clause, Outcome.PASSED, 0, kept)


def _some(texts: tuple[str, ...]) -> str:
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more


def _result(clause: Clause, outcome: Outcome, observed: int | None, message: str) -> ClauseResult:
    return ClauseResult(clause, outcome, observed, None, None, message, None)
