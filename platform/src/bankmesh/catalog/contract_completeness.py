"""Completeness of a contract: the parts that readers need and the contract leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import (
    ClassificationKept,
    DuplicateValues,
    LosslessCasts,
    NotFinite,
    NullValues,
    ProfileShift,
    SchemaMatches,
    Volume,
)

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract

# Rules that every contract has, or that follow from keys and types.
_STRUCTURAL = (
    ClassificationKept,
    SchemaMatches,
    LosslessCasts,
    NotFinite,
    NullValues,
    DuplicateValues,
    ProfileShift,
    Volume,
)
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
"""The parts that readers need. Names, types, descriptions and classifications of columns are not among them, because a
contract without them is refused. Quality rules are those about values; rules that every contract has do not count."""


def missing_parts(contract: Contract, members: int) -> tuple[str, ...]:
    """Return the parts that the contract leaves out, in order of `PARTS`; `members` counts its named team members."""
    said = {
        "purpose": contract.purpose,
        "usage": contract.usage,
        "limitations": contract.limitations,
        "granularity": contract.granularity,
        # If a contract describes no table, its purpose is used instead.
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
