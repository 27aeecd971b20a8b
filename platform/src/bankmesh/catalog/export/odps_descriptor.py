"""Product descriptors of the Open Data Product Standard 1.0.0: one for each product, over all its majors.

Source of the format: bitol-io/open-data-product-standard, `schema/odps-json-schema-v1.0.0.json`.

Each major that has a port is an output port, identified by its version, as in the standard. Input ports are the inputs
of the newest version of each major, as its commit recorded them; an unpublished product has none. The standard requires
a URL of a support channel and a contract of an input. So channels without a URL and legacy objects, which have no
contract, are left out of those lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.workspace.workspace_contracts import find_contract
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.catalog.export.port_description import PortFacts
    from bankmesh.contracts.model import Contract

API_VERSION = "v1.0.0"
KIND = "DataProduct"
_MEMBER = ("username", "name", "description", "role", "dateIn", "dateOut", "replacedByUsername")


def product_descriptor(ports: Sequence[PortFacts]) -> dict[str, Any]:
    """Return the descriptor of one product from its majors, oldest first; keys without a value are left out.

    Identity, status, description and team are those of the default major, which readers get without naming one.
    """
    contracts = [port.contract for port in ports]
    lead = find_contract(contracts, contracts[0].product, None)
    document = documents.parse(lead.file, lead.text)[0].data
    living = [port for port in ports if port.contract.status.has_port]
    descriptor: dict[str, Any] = _without_blanks(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "id": lead.product,
            "name": lead.name,
            "version": lead.version,
            "status": lead.status.value,
            "domain": lead.domain,
            "tenant": document.get("tenant"),
            "description": {"purpose": lead.purpose, "limitations": lead.limitations, "usage": lead.usage},
            "authoritativeDefinitions": document.get("authoritativeDefinitions"),
            "tags": list(dict.fromkeys(tag for contract in contracts for tag in contract.tags)),
            "inputPorts": _inputs(living),
            "outputPorts": [_output(port) for port in living],
            "support": _support(lead),
            "team": _team(document),
            "productCreatedTs": document.get("contractCreatedTs"),
            "customProperties": _properties(
                productType=lead.product_type,
                legacyObjects=sorted({name for port in living for name in port.legacy}),
            ),
        }
    )
    return descriptor


def _inputs(ports: Sequence[PortFacts]) -> list[dict[str, Any]]:
    found = sorted({facts for port in ports for facts in port.inputs})
    return [{"name": f.port, "version": f.contract_version, "contractId": f.product} for f in found]


def _output(port: PortFacts) -> dict[str, Any]:
    contract, made = port.contract, port.publication
    output: dict[str, Any] = _without_blanks(
        {
            "name": contract.name,
            "description": " ".join(contract.table_description.split()),
            "type": "tables",
            "version": contract.version,
            "contractId": contract.product,
            "inputContracts": [{"id": f.product, "version": f.contract_version} for f in port.inputs],
            "tags": list(contract.tags),
            "customProperties": _properties(
                port=contract.port,
                status=contract.status.value,
                classification=contract.classification.label,
                endOfSupport=contract.custom.get("endOfSupport"),
                replacedBy=contract.custom.get("replacedBy"),
                location=port.location,
                format="delta" if port.location else None,
                publishedVersion=made.version if made else None,
                publishedAt=made.published_at.isoformat() if made else None,
                rows=made.rows if made else None,
            ),
        }
    )
    return output


def _support(contract: Contract) -> list[dict[str, Any]]:
    return [
        _without_blanks({"channel": channel.channel, "url": channel.url, "tool": channel.tool, "scope": channel.scope})
        for channel in contract.support
        if channel.url
    ]


def _team(document: dict[str, Any]) -> dict[str, Any]:
    team = document["team"]
    return {
        "name": team["name"],
        "description": team.get("description"),
        "members": [{key: member.get(key) for key in _MEMBER} for member in team.get("members") or []],
    }


def _properties(**values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever YAML can hold
    return [{"property": name, "value": value} for name, value in values.items() if value not in (None, [])]


def _without_blanks(value: Any) -> Any:  # noqa: ANN401 - whatever YAML can hold
    """Return the value without keys whose value is None or empty, at any depth."""
    if isinstance(value, dict):
        kept = {key: _without_blanks(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part is not None and part not in ("", [], {})}
    return [_without_blanks(part) for part in value] if isinstance(value, list) else value
