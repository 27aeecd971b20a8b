"""A published version, a decision about it, and the audit log of a home, for tests of audit and receipts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from port_samples import publish_all

from bankmesh.access.audit.chain_file import chain_files
from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, Mask, MaskMethod, Principal, RowFilter
from bankmesh.ports import open_version, port_at

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.ports import OpenVersion

ALICE = Principal(
    "alice@bank.example", frozenset({"retail_analyst"}), {"domains": frozenset()}, "mesh", "bankmesh-development"
)
SUBJECTS = {"id": "party"}


def published(home: Path, rows: int = 3) -> OpenVersion:
    """A product `retail.party` with the columns `id` and `name`, published once."""
    port = port_at(home, "retail.party", 1)
    publish_all(port, range(rows))
    return open_version(port)


def decision(**changes: Any) -> AccessDecision:
    """A decision that shows `id`, masks `name`, and permits the rows of one condition."""
    columns = {
        "id": ColumnDecision("id", ColumnOutcome.SHOW),
        "name": ColumnDecision("name", ColumnOutcome.MASK, Mask(MaskMethod.PARTIAL, "last", 4)),
        "secret": ColumnDecision("secret", ColumnOutcome.WITHHOLD),
    }
    facts: dict[str, Any] = {
        "principal": ALICE,
        "port": "retail.party",
        "purpose": "analytics",
        "columns": columns,
        "row_filter": RowFilter('{"canary":"condition"}', frozenset({"id"})),
        "obligations": frozenset(),
        "reasons": (),
        "policy_digest": "p" * 64,
        "contract_digest": "c" * 64,
    }
    return AccessDecision(**(facts | changes))


def records(home: Path) -> list[dict[str, Any]]:
    """All records of all chains, oldest chain first."""
    return [json.loads(line) for file in chain_files(home) for line in file.read_bytes().splitlines()]
