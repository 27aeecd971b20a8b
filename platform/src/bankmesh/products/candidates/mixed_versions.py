"""Partitions of several versions that stand side by side only because one version is withdrawn: gated before they do.

Each partition passed the gate when it was published, but clauses about the whole table (a trade that is in two months,
say) were evaluated with other neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import Volume
from bankmesh.errors import BankmeshError
from bankmesh.ports import connect
from bankmesh.products.assets import asset_results
from bankmesh.products.candidates.gate_relations import referenced_inputs
from bankmesh.products.inputs import input_snapshot
from bankmesh.quality.gate import GateRelations, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import CheckMix
    from bankmesh.quality.gate import ClauseResult


class MixRefused(BankmeshError):
    """Partitions that would come back do not fit those that would stay; nothing was changed."""

    def __init__(self, port: str, broken: Sequence[ClauseResult], restorable: Sequence[int]) -> None:
        self.port, self.clauses, self.restorable = port, tuple(r.clause.name for r in broken), tuple(restorable)
        reasons = "\n".join(f"  {asset_results.clause_line(result)}" for result in broken)
        back = f"mesh rollback {port} --to {max(restorable)}" if restorable else "publish a good version first"
        super().__init__(
            f"{port}: the partitions that would come back do not fit those that stay. Nothing is changed.\n{reasons}\n"
            f"Go back to one whole version in place of it: {back}."
        )


def mix_check(home: Path, contract: Contract) -> CheckMix:
    """A check for withdrawals: clauses about the whole table hold for rows that were never published side by side.

    The check raises MixRefused, and InputNotPublished if a product that a clause looks rows up in has none.
    """

    def check(relation: str, restorable: tuple[int, ...]) -> None:
        clauses = [c for c in contract.clauses if c.whole_table and not isinstance(c.rule, Volume)]
        if not clauses:
            return
        references = referenced_inputs(clauses)
        pinned = input_snapshot.pin(home, references.values())
        rows = {ref: pinned[source].relation for ref, source in references.items()}
        with connect() as connection:
            relations = GateRelations(relation, references=rows)
            gate = evaluate(contract, relations, connection, {clause.name for clause in clauses})
        if not gate.publishable:
            raise MixRefused(contract.port, asset_results.broken_clauses(gate), restorable)

    return check
