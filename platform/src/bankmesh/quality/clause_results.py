"""Results of a gate, clause by clause, and their JSON in a version's metadata."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.shrink_tolerance import AcceptedShrink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Clause, Contract


class Outcome(StrEnum):
    """The outcome of a clause; a failing clause of severity warning is `warned`, of severity error `failed`.

    `not evaluated` is a clause of a candidate that was not written, because another clause stopped the write.
    """

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERRORED = "errored"
    NOT_EVALUATED = "not evaluated"

    @property
    def blocks(self) -> bool:
        """Whether the outcome blocks publication, whatever the clause's severity."""
        return self in {Outcome.FAILED, Outcome.ERRORED, Outcome.NOT_EVALUATED}


@dataclass(frozen=True)
class ClauseResult:
    """The result of one clause.

    `observed` is the measure in the comparison's unit (rows, percent, or whatever a SQL measure counts); None if there
    is none or if it could reveal a value of a column above `internal`. `failing_rows` is None for rules that do not
    count rows. `rows` is the number of rows evaluated. `seconds` is the time of a clause with queries of its own, None
    for clauses that share the one scan. `accepted` is the decision without which the clause would have failed.
    """

    clause: Clause
    outcome: Outcome
    observed: float | int | str | None
    failing_rows: int | None
    rows: int | None
    message: str
    seconds: float | None
    accepted: AcceptedShrink | None = None


def describe_clause(result: ClauseResult) -> str:
    """Return a clause that does not hold, with its outcome and its line in the contract; no values."""
    return f"{result.clause.name} ({result.outcome.value}): {result.message}  [{result.clause.place}]"


@dataclass(frozen=True)
class GateResult:
    """The results of all clauses of a contract, in its order, on a candidate of `rows` rows; evaluated in `seconds`."""

    results: tuple[ClauseResult, ...]
    rows: int
    seconds: float

    @property
    def publishable(self) -> bool:
        """Whether the candidate may be published: no clause failed, and every clause could be evaluated.

        An errored clause blocks whatever its severity, because it is unknown whether it holds.
        """
        return not any(result.outcome.blocks for result in self.results)

    @property
    def broken(self) -> tuple[ClauseResult, ...]:
        """The clauses that failed or could not be evaluated, in the contract's order."""
        return tuple(result for result in self.results if result.outcome in {Outcome.FAILED, Outcome.ERRORED})

    @property
    def counts(self) -> dict[str, int]:
        """The number of clauses by outcome, with every outcome present."""
        counts = dict.fromkeys(map(str, Outcome), 0)
        for result in self.results:
            counts[str(result.outcome)] += 1
        return counts

    def to_json(self) -> dict[str, Any]:
        """Return the result as plain JSON values; without values from columns above `internal`."""
        return {
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "counts": self.counts,
            "clauses": [_clause_json(result) for result in self.results],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], contract: Contract) -> GateResult:
        """Return the result that `to_json` wrote, for the clauses that `contract` has now.

        A clause that the contract has lost since is left out, because no check is left to report it.
        """
        clauses = {clause.name: clause for clause in contract.clauses}
        results = [
            _clause_result(entry, clauses[entry["name"]]) for entry in document["clauses"] if entry["name"] in clauses
        ]
        return cls(tuple(results), document["rows"], document["seconds"])


def summary(result: GateResult) -> dict[str, Any]:
    """Return a summary for the metadata of a run or a version: `publishable`, counts, names of failing clauses."""
    broken = {
        str(outcome): [entry.clause.name for entry in result.results if entry.outcome is outcome]
        for outcome in (Outcome.WARNED, Outcome.FAILED, Outcome.ERRORED, Outcome.NOT_EVALUATED)
    }
    return {
        "publishable": result.publishable,
        "rows": result.rows,
        "seconds": round(result.seconds, 3),
        "clauses": len(result.results),
        **result.counts,
        "names": {outcome: names for outcome, names in broken.items() if names},
    }


def _clause_json(result: ClauseResult) -> dict[str, Any]:
    accepted = {"accepted": result.accepted.to_json()} if result.accepted else {}
    return accepted | {
        "name": result.clause.name,
        "severity": str(result.clause.severity),
        "outcome": str(result.outcome),
        "observed": result.observed,
        "failing_rows": result.failing_rows,
        "rows": result.rows,
        "message": result.message,
        "seconds": None if result.seconds is None else round(result.seconds, 3),
    }


def _clause_result(entry: Mapping[str, Any], clause: Clause) -> ClauseResult:
    return ClauseResult(
        clause=clause,
        outcome=Outcome(entry["outcome"]),
        observed=entry["observed"],
        failing_rows=entry["failing_rows"],
        rows=entry["rows"],
        message=entry["message"],
        seconds=entry["seconds"],
        accepted=AcceptedShrink.from_json(entry.get("accepted")),
    )
