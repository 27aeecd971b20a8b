"""A contract as a standalone ODCS document, with a server from which the data can be read.

`datacontract lint` accepts it, and `datacontract test` of the published version gives the same results as the gate. An
exported file has no reader of its own, so it has examples of values for public columns alone.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from bankmesh.access.metadata_decisions import shows_value
from bankmesh.catalog.export.exported_rules import exported_rules, option_rules, uniqueness_rule, whole_pattern
from bankmesh.contracts.column_types import nullable
from bankmesh.contracts.exact_numbers import plain_numbers
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from bankmesh.catalog.export.port_description import PortFacts
    from bankmesh.contracts.model import Contract
    from bankmesh.yaml.documents import Document

SERVER = "bankmesh"


def standalone_contract(port: PortFacts) -> dict[str, Any]:
    """Return the document; it has no Bankmesh server if there is no published version that may be read.

    Servers that the contract itself names come after it, so that tools use the Bankmesh server by default.
    """
    document, _ = documents.parse(port.contract.file, port.contract.text)
    data: dict[str, Any] = copy.deepcopy(document.data)
    _spell_out_rules(data, document, port.contract)
    _leave_out_examples(data, port.contract)
    servers = [_server(port)] if port.location is not None and port.contract.status.has_port else []
    servers += [server for server in data.pop("servers", []) if server.get("server") != SERVER]
    return plain_numbers(_with_servers(data, servers) if servers else data)  # type: ignore[no-any-return]


def _server(port: PortFacts) -> dict[str, Any]:
    return {
        "server": SERVER,
        "type": "local",
        "description": f"The Delta table of {port.contract.port}; readers get its newest version.",
        "path": port.location,
        "format": "delta",
    }


def _with_servers(data: dict[str, Any], servers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the document with its servers before the schema, where the standard lists them."""
    head = {key: value for key, value in data.items() if key != "schema"}
    return {**head, "servers": servers, "schema": data["schema"]}


def _spell_out_rules(data: dict[str, Any], document: Document, contract: Contract) -> None:
    """Rules, uniqueness and patterns as `exported_rules` makes them; `data` is a copy of the document's own."""
    table = data["schema"][0]
    _set_rules(table, exported_rules(document, ("schema", 0), None, contract))
    for index, spelled in enumerate(table["properties"]):
        column = contract.column(spelled["name"])
        rules = exported_rules(document, ("schema", 0, "properties", index), column, contract)
        if spelled.get("unique") is True and nullable(column):
            del spelled["unique"]
            rules.append(uniqueness_rule(column))
        if options := spelled.get("logicalTypeOptions"):
            rules.extend(option_rules(column, options, contract))
            if not options:
                del spelled["logicalTypeOptions"]
        _set_rules(spelled, rules)
        for options in (spelled.get("logicalTypeOptions"), spelled.get("items", {}).get("logicalTypeOptions")):
            if options and options.get("pattern"):
                options["pattern"] = whole_pattern(options["pattern"])


def _leave_out_examples(data: dict[str, Any], contract: Contract) -> None:
    """Remove the examples of columns that are not shown to everybody; `data` is a copy of the document's own."""
    for spelled in data["schema"][0]["properties"]:
        if not shows_value(None, contract.column(spelled["name"])):
            for owner in (spelled, spelled.get("items")):
                if isinstance(owner, dict):
                    owner.pop("examples", None)


def _set_rules(owner: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    if rules:
        owner["quality"] = [{key: value for key, value in rule.items() if value is not None} for rule in rules]
