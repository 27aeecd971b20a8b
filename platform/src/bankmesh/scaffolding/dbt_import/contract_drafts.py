"""Data contracts for the models that become products, from schema.yml, its tests, and the rows of plain dbt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Classification
from bankmesh.names import PortName, port_of_table
from bankmesh.scaffolding.dbt_import.import_names import column_name
from bankmesh.scaffolding.dbt_import.import_report import ImportFinding
from bankmesh.scaffolding.dbt_import.table_facts import promised_type
from bankmesh.scaffolding.dbt_import.yaml_text import proposed, write_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bankmesh.scaffolding.dbt_import.data_test_drafts import ColumnClauses, ModelClauses
    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel, ForeignProject
    from bankmesh.scaffolding.dbt_import.table_facts import TableFacts

_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_UNITS = {"minute": "min", "hour": "h", "day": "d"}
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ContractDraft:
    """What a contract is written from.

    Attributes:
        project: the foreign project.
        domain: the domain of the product.
        model: the model that becomes the product.
        facts: the rows of plain dbt; None where the model could not be built.
        clauses: those of its data tests.
        classes: the proposed class of each column.
    """

    project: ForeignProject
    domain: str
    model: ForeignModel
    facts: TableFacts | None
    clauses: ModelClauses
    classes: Mapping[str, Classification]

    @property
    def port(self) -> PortName:
        """The port of the product."""
        return port_of_table(self.domain, self.model.key)

    @property
    def columns(self) -> dict[str, str]:
        """The columns with their types: those of the rows, else those of schema.yml."""
        if self.facts is not None:
            return {column_name(name): kind for name, kind in self.facts.columns.items()}
        documented = self.model.node.get("columns") or {}
        return {column_name(name): str(column.get("data_type") or "VARCHAR") for name, column in documented.items()}

    def documented(self, column: str) -> Mapping[str, Any]:
        """Return what schema.yml says of a column."""
        columns: Mapping[str, Any] = self.model.node.get("columns") or {}
        return next((found for name, found in columns.items() if name.lower() == column.lower()), {})


def contract_text(draft: ContractDraft) -> str:
    """Return the contract of a product, with what is proposed marked for review."""
    node, port = draft.model.node, draft.port
    described = _line(node.get("description"))
    purpose = described or proposed(f"Rows of {port.product}.", "describe what it is for")
    team, channels = _owner(draft)
    contract: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": port.product_id,
        "name": port.product,
        "domain": port.domain,
        "dataProduct": port.product,
        "version": f"{port.major}.0.0",
        "status": "draft",
    }
    if tags := list(dict.fromkeys(map(str, node.get("tags") or ()))):
        contract["tags"] = tags
    contract |= {
        "description": {"purpose": purpose},
        "team": {"name": team},
        "support": channels,
        "slaProperties": [_freshness(draft), {"property": "retention", "value": 90, "unit": "d"}],
        "customProperties": list(_custom_properties(draft)),
        "schema": [_table(draft, described)],
    }
    return write_yaml(contract)


def contract_findings(draft: ContractDraft) -> Iterator[ImportFinding]:
    """Yield what to review in a contract, and what did not reach it."""
    key, node = draft.model.key, draft.model.node
    if draft.facts is None:
        action = "plain dbt could not build it, so its types are those of schema.yml; check them"
        yield ImportFinding("review", "model without rows", key, action)
    if not draft.clauses.key:
        yield ImportFinding(
            "review", "no key", key, "no column is tested as unique and not_null: name the primaryKey if it has one"
        )
    action = "owners and stewards alone read it, for stewardship: add roles, and the custom property purposes"
    yield ImportFinding("review", "readers", key, action)
    for column, kind in draft.columns.items():
        if promised_type(kind) is None:
            yield ImportFinding(
                "left out", "type", f"{key}.{column}", f"{kind} has no counterpart: cast it in the model"
            )
        if not _COLUMN.fullmatch(column):
            yield ImportFinding("left out", "column name", f"{key}.{column}", "rename it in the model to snake_case")
        if not _line(draft.documented(column).get("description")):
            yield ImportFinding("review", "description", f"{key}.{column}", "schema.yml does not describe it")
        written = draft.documented(column).get("data_type")
        if written and draft.facts is not None and _differs(str(written), kind):
            action = f"schema.yml says {written}, the rows are {kind}; the contract promises the latter"
            yield ImportFinding("review", "type", f"{key}.{column}", action)
    missing = [name for name in node.get("columns") or {} if name.lower() not in {c.lower() for c in draft.columns}]
    for name in missing:
        yield ImportFinding(
            "left out", "column", f"{key}.{name}", "schema.yml describes it, and the model does not deliver it"
        )


def _differs(written: str, kind: str) -> bool:
    promised, found = promised_type(written), promised_type(kind)
    return promised is not None and found is not None and promised != found


def _owner(draft: ContractDraft) -> tuple[str, list[dict[str, Any]]]:
    node = draft.model.node
    group = node.get("group") or (node.get("config") or {}).get("group")
    groups = {found["name"]: found for found in draft.project.manifest.get("groups", {}).values()}
    owner = (groups.get(group) or {}).get("owner") or {}
    channels: list[dict[str, Any]] = []
    if email := owner.get("email"):
        address = email[0] if isinstance(email, list) else email
        channels.append({"channel": str(address), "tool": "email", "scope": "issues"})
    if slack := owner.get("slack"):
        channels.append({"channel": str(slack), "tool": "slack", "scope": "interactive"})
    named = owner.get("name") or (group if owner else None) or (node.get("meta") or {}).get("owner")
    team = str(named) if named else proposed(f"{draft.domain}-data", "no group owns the model")
    return team, channels or [{"channel": f"#{draft.domain}-data", "tool": "slack", "scope": "interactive"}]


def _freshness(draft: ContractDraft) -> dict[str, Any]:
    """Return the promised freshness: that of the slowest source below the model that declares one."""
    declared = [
        limit
        for source in draft.project.sources
        if draft.project.reads_source(draft.model.unique_id, source["unique_id"])
        for limit in (_limit(source.get("freshness") or {}),)
        if limit is not None
    ]
    if declared:
        slowest = max(declared, key=lambda limit: limit["count"] * _SECONDS[limit["period"]])
        return {"property": "freshness", "value": slowest["count"], "unit": _UNITS[slowest["period"]]}
    return {"property": "freshness", "value": 1, "unit": proposed("d", "no source of it declares a freshness")}


def _limit(freshness: Mapping[str, Any]) -> Mapping[str, Any] | None:
    limits = (freshness.get(key) or {} for key in ("error_after", "warn_after"))
    return next((limit for limit in limits if limit.get("count") and limit.get("period") in _SECONDS), None)


def _custom_properties(draft: ContractDraft) -> Iterator[dict[str, Any]]:
    yield {"property": "productType", "value": proposed("aggregate", "or source-aligned, consumer-aligned")}
    consumers = [
        exposure["name"]
        for _, exposure in sorted((draft.project.manifest.get("exposures") or {}).items())
        if draft.model.unique_id in exposure["depends_on"].get("nodes", ())
    ]
    if consumers:
        yield {"property": "consumers", "value": consumers}
    yield from _meta(draft.model.node)


def _meta(documented: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    meta = {**(documented.get("meta") or {}), **((documented.get("config") or {}).get("meta") or {})}
    yield from ({"property": f"x-{key}", "value": value} for key, value in meta.items())


def _table(draft: ContractDraft, described: str) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": draft.port.product,
        "logicalType": "object",
        "physicalType": "table",
        "description": described or f"Rows of {draft.port.product}.",
    }
    table["properties"] = [_column(draft, name, kind) for name, kind in draft.columns.items()]
    has_rows = {
        "id": "has_rows",
        "metric": "rowCount",
        "mustBeGreaterThan": 0,
        "description": "A version without rows is never published.",
    }
    return table | {
        "quality": [*([has_rows] if draft.facts is None or draft.facts.rows else []), *draft.clauses.quality]
    }


def _column(draft: ContractDraft, name: str, kind: str) -> dict[str, Any]:
    documented = draft.documented(name)
    clauses: ColumnClauses = _find(draft.clauses, name)
    promised = promised_type(kind)
    column: dict[str, Any] = {"name": name, "logicalType": promised.logical if promised else "string"}
    if promised and promised.physical:
        column["physicalType"] = promised.physical
    described = _line(documented.get("description"))
    level = {key.lower(): found for key, found in draft.classes.items()}.get(name.lower(), Classification.INTERNAL)
    column["description"] = described or proposed(f"Column {name} of {draft.port.product}.", "describe it")
    column["classification"] = proposed(level.label, "by name and by what it is made from")
    if tags := list(map(str, documented.get("tags") or ())):
        column["tags"] = tags
    is_key = name.lower() == (draft.clauses.key or "").lower()
    column |= {"primaryKey": True, "primaryKeyPosition": 1} if is_key else {}
    column |= {"required": True} if clauses.required else {}
    column |= {"unique": True} if clauses.unique and not is_key else {}
    if properties := list(_meta(documented)):
        column["customProperties"] = properties
    if clauses.relationships:
        column["relationships"] = [{"to": _target(draft, *found)} for found in clauses.relationships]
    return column | ({"quality": clauses.quality} if clauses.quality else {})


def _find(clauses: ModelClauses, column: str) -> ColumnClauses:
    spelled = next((name for name in clauses.columns if name.lower() == column.lower()), column)
    return clauses.columns[spelled]


def _target(draft: ContractDraft, model: ForeignModel, field: str) -> str:
    port = port_of_table(draft.domain, model.key)
    if port.major == 1:
        return f"{port.product}.{field}"
    return f"{port.domain}/{port.contract_file}#/schema/{port.product}/properties/{field}"


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
