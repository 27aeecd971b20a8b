"""How complete a contract is: which of the parts that a reader looks for it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import (
    ClassificationKept,
    DuplicateValues,
    LosslessCasts,
    NotFinite,
    NullValues,
    SchemaMatches,
    Volume,
)

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract

# Rules that every contract has, or that come from keys and types.
_STRUCTURAL = (ClassificationKept, SchemaMatches, LosslessCasts, NotFinite, NullValues, DuplicateValues, Volume)
PARTS = (
    "purpose",
    "usage",
    "limitations",
    "granularity",
    "table description",
    "tags",
    "steward or owner by name",
    "support channel",
    "roles",
    "freshness",
    "retention",
    "primary key",
    "quality rules",
)
"""What a reader looks for. Names, types, descriptions and classifications of columns are not among these: without them
a contract is refused. Quality rules are those about values; that a key is unique and that
rows do not vanish goes without saying."""


def missing_parts(contract: Contract, members: int) -> tuple[str, ...]:
    """The parts that the contract leaves out, in order of `PARTS`; `members` are those of the team that it names."""
    said = {
        "purpose": contract.purpose,
        "usage": contract.usage,
        "limitations": contract.limitations,
        "granularity": contract.granularity,
        # Where a contract describes no table, its purpose stands in.
        "table description": contract.table_description != contract.purpose,
        "tags": contract.tags,
        "steward or owner by name": members,
        "support channel": contract.support,
        "roles": contract.roles,
        "freshness": contract.service_level("freshness"),
        "retention": contract.service_level("retention"),
        "primary key": contract.primary_key,
        "quality rules": any(not isinstance(clause.rule, _STRUCTURAL) for clause in contract.clauses),
    }
    return tuple(part for part in PARTS if not said[part])
