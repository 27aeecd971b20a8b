"""A contract as a document of its own: what the repository says, with a server from which the data can be read.

`datacontract lint` accepts it, and `datacontract test` holds the published version against it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from bankmesh.contracts import documents

if TYPE_CHECKING:
    from bankmesh.catalog.export.ports import PortFacts

SERVER = "bankmesh"


def standalone_contract(port: PortFacts) -> dict[str, Any]:
    """The document; without the server where nothing is published that anybody may read.

    Servers that the contract names itself stand behind ours, so that ours is the one taken by default.
    """
    document, _ = documents.parse(port.contract.file, port.contract.text)
    data: dict[str, Any] = copy.deepcopy(document.data)
    for table in data["schema"]:
        _spell_out_uniqueness(table)
    servers = [_server(port)] if port.location is not None and port.contract.status.has_port else []
    servers += [server for server in data.pop("servers", []) if server.get("server") != SERVER]
    return _with_servers(data, servers) if servers else data


def _server(port: PortFacts) -> dict[str, Any]:
    return {
        "server": SERVER,
        "type": "local",
        "description": f"The Delta table behind {port.contract.port}; readers get its newest version.",
        "path": port.location,
        "format": "delta",
    }


def _with_servers(data: dict[str, Any], servers: list[dict[str, Any]]) -> dict[str, Any]:
    """The document with its servers before the schema, where the standard lists them."""
    head = {key: value for key, value in data.items() if key != "schema"}
    return {**head, "servers": servers, "schema": data["schema"]}


def _spell_out_uniqueness(table: dict[str, Any]) -> None:
    """A column that may be null and is unique otherwise says so in a query.

    The standard does not say whether two nulls are one value twice. Here they are not compared; others count them.
    """
    for column in table["properties"]:
        nullable = not column.get("required") and not column.get("primaryKey")
        if column.get("unique") is True and nullable:
            del column["unique"]
            rule = {
                "id": f"{column['name']}__unique",
                "type": "sql",
                "query": "select count(${column}) - count(distinct ${column}) from ${table}",
                "mustBe": 0,
                "description": f"{column['name']} is unique where it is not null.",
                "dimension": "uniqueness",
            }
            column["quality"] = [*column.get("quality", []), rule]
