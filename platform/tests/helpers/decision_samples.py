"""Decisions built by hand, for tests of what follows from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.model import (
    AccessDecision,
    ColumnDecision,
    ColumnOutcome,
    Mask,
    Principal,
    Reason,
    RowFilter,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WITHHELD = (Reason("it is withheld from the role analyst"),)


def reader(*roles: str, domains: Iterable[str] = ()) -> Principal:
    return Principal("ada@bank.example", frozenset(roles or ("analyst",)), {"domains": frozenset(domains)})


def decision_on(
    outcomes: Mapping[str, ColumnOutcome | Mask],
    *,
    port: str = "retail.party",
    row_filter: RowFilter | None = None,
    principal: Principal | None = None,
    purpose: str = "service",
) -> AccessDecision:
    """A decision of these outcomes; a mask means that the column is masked by it."""
    columns = {name: _on_column(name, outcome) for name, outcome in outcomes.items()}
    everything = row_filter or RowFilter()
    return AccessDecision(
        principal or reader(), port, purpose, columns, everything, frozenset(), (), "p" * 64, "c" * 64
    )


def _on_column(name: str, outcome: ColumnOutcome | Mask) -> ColumnDecision:
    if isinstance(outcome, Mask):
        return ColumnDecision(name, ColumnOutcome.MASK, outcome)
    return ColumnDecision(name, outcome, None, WITHHELD if outcome is ColumnOutcome.WITHHOLD else ())
