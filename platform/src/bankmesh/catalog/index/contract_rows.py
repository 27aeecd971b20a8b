"""Index rows of one contract: pure functions."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bankmesh.catalog.contract_completeness import PARTS, missing_parts
from bankmesh.catalog.index import tables
from bankmesh.contracts import enforcement_points
from bankmesh.contracts.coverage import coverage
from bankmesh.ports import contract_digest
from bankmesh.workspace.deprecation import deprecation_of
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from bankmesh.catalog.index.index_rows import Row, Rows
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Publication

TEAM, SUPPORT, MEMBER = "team", "support", "member"
_NO_PROMISE = enforcement_points.NOTHING.removeprefix("!")


def contract_rows(contract: Contract, root: Path, newest: Publication | None, since: datetime | None = None) -> Rows:
    """Return the rows of a contract, with the newest published version, which readers get."""
    port = contract.port
    members = list(team_members(contract))
    return {
        tables.products: [_product(contract, root, len(members), newest, since)],
        tables.owners: [{"port": port, "name": name, "role": role} for name, role in _owners(contract, members)],
        tables.columns: [
            {
                "dataset": port,
                "position": position,
                "name": column.name,
                "type": str(column.type),
                "description": column.description,
                "classification": column.classification.label,
                "required": column.required,
                "key_position": column.primary_key_position,
                "tags": list(column.tags),
            }
            for position, column in enumerate(contract.columns, start=1)
        ],
        tables.consumers: [{"port": port, "consumer": name} for name in dict.fromkeys(contract.consumers)],
        tables.deprecations: [
            {"port": port, "end_of_support": ending.end_of_support, "replaced_by": ending.replaced_by}
            for ending in [deprecation_of(contract)]
            if ending is not None
        ],
        tables.status_changes: [
            {
                "port": port,
                "position": position,
                "status": step.status.value,
                "changed_on": step.on,
                "changed_by": step.by,
                "why": step.why,
            }
            for position, step in enumerate(contract.lifecycle, start=1)
        ],
        tables.declassifications: [
            {
                "port": port,
                "column_name": column.name,
                "method": reason.method,
                "rule": reason.rule,
                "why": reason.why,
                "subjects": reason.subjects,
            }
            for column in contract.columns
            if (reason := column.declassification) is not None
        ],
    }


def _product(contract: Contract, root: Path, members: int, newest: Publication | None, since: datetime | None) -> Row:
    promises = [entry for entry in coverage(contract) if entry.reason != _NO_PROMISE]
    return {
        "port": contract.port,
        "product": contract.product,
        "domain": contract.domain,
        "name": contract.name,
        "major": contract.major,
        "contract_version": contract.version,
        "status": contract.status.value,
        "product_type": contract.product_type,
        "owner": contract.owner,
        "purpose": contract.purpose,
        "usage": contract.usage,
        "limitations": contract.limitations,
        "granularity": contract.granularity,
        "table_description": contract.table_description,
        "tags": list(contract.tags),
        "classification": contract.classification.label,
        "freshness_seconds": _seconds(contract, "freshness"),
        "retention_seconds": _seconds(contract, "retention"),
        "file": relative(contract.file, root),
        "contract_digest": contract_digest(contract.text),
        "clauses": len(contract.clauses),
        "promises": len(promises),
        "promises_enforced": sum(entry.enforced for entry in promises),
        "parts": len(PARTS),
        "parts_missing": list(missing_parts(contract, members)),
        "newest_version": newest.version if newest else None,
        "newest_at": newest.published_at.timestamp() if newest else None,
        "newest_rows": newest.rows if newest else None,
        "fresh_since": since.timestamp() if since else None,
    }


def relative(file: str, root: Path) -> str:
    """Return a file's path relative to the workspace, the same on every machine."""
    path = PurePath(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def team_members(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield name and role of each team member that the contract names."""
    document, _ = documents.parse(contract.file, contract.text)
    team: Any = document.data.get("team") if isinstance(document.data, dict) else None
    members = team.get("members") if isinstance(team, dict) else None
    for member in members if isinstance(members, list) else ():
        if isinstance(member, dict) and (name := member.get("name") or member.get("username")):
            yield str(name), str(member.get("role") or MEMBER)


def _owners(contract: Contract, members: list[tuple[str, str]]) -> list[tuple[str, str]]:
    support = [(channel.channel, SUPPORT) for channel in contract.support]
    return list(dict.fromkeys([(contract.owner, TEAM), *members, *support]))


def _seconds(contract: Contract, prop: str) -> float | None:
    level = contract.service_level(prop)
    return level.seconds if level else None
