"""The gate's entry point: evaluates a contract's clauses on a candidate, before readers can see it.

Fast to import: Great Expectations (3 s) and DuckDB are loaded by the first call of `evaluate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import ClassificationKept, LosslessCasts, ProfileShift, Volume
from bankmesh.errors import UnknownName
from bankmesh.quality import result_messages
from bankmesh.quality.classification_check import ClassificationFlow, check_classification
from bankmesh.quality.clause_results import ClauseResult, GateResult, Outcome, describe_clause, summary
from bankmesh.quality.evaluated_relations import GateRelations
from bankmesh.quality.gx_import import calm_import
from bankmesh.quality.profile_check import check_profile
from bankmesh.quality.volume_check import VolumeChange, check_volume

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Contract

__all__ = [
    "ClassificationFlow",
    "ClauseResult",
    "GateRelations",
    "GateResult",
    "Outcome",
    "VolumeChange",
    "describe_clause",
    "evaluate",
    "refuse_casts",
    "summary",
]


def evaluate(
    contract: Contract,
    relations: GateRelations,
    connection: duckdb.DuckDBPyConnection,
    only: Collection[str] | None = None,
) -> GateResult:
    """Evaluate every clause of the contract (or those named in `only`) on the candidate.

    Never raises because of data: a clause that could not be evaluated is `errored`, and so is every clause if the
    candidate cannot be read. The connection stays open and should be in no transaction; temporary views on it are
    dropped again. Only one call at a time may use a connection.

    Raises:
        UnknownName: `only` names a clause that the contract does not have.

    """
    known = [clause.name for clause in contract.clauses]
    for name in only or ():
        if name not in known:
            raise UnknownName(f"clause of {contract.port}", name, known)
    clauses = tuple(clause for clause in contract.clauses if only is None or clause.name in only)

    compared = {
        clause.name: check_volume(contract, clause, clause.rule, relations.volume, connection)
        for clause in clauses
        if isinstance(clause.rule, Volume)
    }
    compared |= {
        clause.name: check_classification(clause, relations.classification)
        for clause in clauses
        if isinstance(clause.rule, ClassificationKept)
    }
    compared |= {
        clause.name: check_profile(clause, clause.rule, relations.shifts, connection)
        for clause in clauses
        if isinstance(clause.rule, ProfileShift)
    }
    evaluated = tuple(clause for clause in clauses if clause.name not in compared)
    if compared and not evaluated and relations.volume is not None:
        return GateResult(tuple(compared.values()), relations.volume.after.rows, 0.0)

    with calm_import():
        from bankmesh.quality.suite_validation import run

    result = run(contract, evaluated, relations, connection)
    found = {entry.clause.name: entry for entry in result.results} | compared
    return GateResult(tuple(found[clause.name] for clause in clauses), result.rows, result.seconds)


def refuse_casts(contract: Contract, losses: tuple[CastLoss, ...]) -> GateResult:
    """Return the result for a candidate that was not written, because its types cannot be cast to the promised ones."""
    stopped = {clause.name for clause in contract.clauses if isinstance(clause.rule, LosslessCasts)}
    results = tuple(
        ClauseResult(clause, Outcome.FAILED, len(losses), None, None, result_messages.casts(losses, None), None)
        if clause.name in stopped
        else ClauseResult(clause, Outcome.NOT_EVALUATED, None, None, None, _NOTHING_WRITTEN, None)
        for clause in contract.clauses
    )
    return GateResult(results, 0, 0.0)


_NOTHING_WRITTEN = "not evaluated: nothing was written, because types cannot be cast to the promised ones."
