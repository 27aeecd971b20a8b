"""The products that the contenders build: those of retail that need no other domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.places import ROOT

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


def contested_contracts() -> list[Contract]:
    """First majors of the retail domain; the second major of the customer view reads customer service."""
    from bankmesh.workspace.workspace_contracts import workspace_contracts

    return [c for c in workspace_contracts(ROOT) if c.domain == "retail" and c.major == 1]
