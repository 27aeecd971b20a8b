"""The gate for partitions of several versions that are combined only because one version is withdrawn.

Each partition passed the gate when it was published, but clauses about the whole table (a trade that is in two months,
say) were evaluated together with other partitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import ProfileShift, Volume
from bankmesh.errors import BankmeshError
from bankmesh.ports import connect
from bankmesh.products.candidates.gate_relations import referenced_inputs
from bankmesh.products.inputs import pinned_inputs
from bankmesh.quality.gate import GateRelations, describe_clause, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import CheckMix
    from bankmesh.quality.gate import ClauseResult


class MixRefused(BankmeshError):
    """Partitions that a withdrawal would restore break clauses together with those that stay; nothing was changed."""

    def __init__(self, port: str, broken: Sequence[ClauseResult], restorable: Sequence[int]) -> None:
        self.port, self.clauses, self.restorable = port, tuple(r.clause.name for r in broken), tuple(restorable)
        reasons = "\n".join(f"  {describe_clause(result)}" for result in broken)
        back = f"mesh rollback {port} --to {max(restorable)}" if restorable else "publish a good version first"
        super().__init__(
            f"{port}: the restored partitions do not fit those that stay. Nothing is changed.\n{reasons}\n"
            f"Go back to one whole version instead: {back}."
        )


def mix_check(home: Path, contract: Contract) -> CheckMix:
    """Return a check for withdrawals: clauses about the whole table hold for rows that were never published together.

    The check raises MixRefused, and InputNotPublished if a product that a clause looks rows up in has no version.
    """

    def check(relation: str, restorable: tuple[int, ...]) -> None:
        clauses = [c for c in contract.clauses if c.whole_table and not isinstance(c.rule, ProfileShift | Volume)]
        if not clauses:
            return
        references = referenced_inputs(clauses)
        pinned = pinned_inputs.pin(home, references.values())
        rows = {ref: pinned[source].relation for ref, source in references.items()}
        with connect() as connection:
            relations = GateRelations(relation, references=rows)
            gate = evaluate(contract, relations, connection, {clause.name for clause in clauses})
        if not gate.publishable:
            raise MixRefused(contract.port, gate.broken, restorable)

    return check
