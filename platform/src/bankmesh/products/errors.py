"""Errors of a build that its callers report in ways of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, NotPublished
from bankmesh.quality.gate import describe_clause

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import Input
    from bankmesh.quality.gate import GateResult


class CandidateRefused(BankmeshError):
    """A candidate breaks its contract and is not published; `folder` keeps its files for inspection.

    `is_comparable` is whether `mesh diff` can compare it with a published version.
    """

    def __init__(self, contract: Contract, gate: GateResult, folder: Path, *, is_comparable: bool = False) -> None:
        self.contract, self.gate, self.folder = contract, gate, folder
        lines = [
            f"{contract.port} is not published: {len(gate.broken)} of {len(gate.results)} clauses failed.",
            *(f"  {describe_clause(result)}" for result in gate.broken),
            f"Readers keep the last good version. The candidate is kept in {folder.name} of the port.",
            *([f"`mesh diff {contract.port} --to candidate` shows what would have changed."] if is_comparable else []),
        ]
        super().__init__("\n".join(lines))


class InputNotPublished(NotPublished):
    """An input has no published version, or no landing, to read yet."""

    def __init__(self, source: Input, error: NotPublished) -> None:
        self.source = source
        super().__init__(error.product, error.version, error.available)
