"""The Cedar schema of a workspace, generated from its contracts.

Every product has a type of rows, `<domain>::<product>_v<major>`, whose attributes are the columns that Cedar can hold.
A column that may be null is an optional attribute: strict validation refuses a condition that does not test for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.access.policies.model import COLUMN, DOMAIN, MASK, PRODUCT, PURPOSE, READ, READER, ROLE, SHOW
from bankmesh.access.row_filters.attribute_types import attribute_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.contracts.model import Column, Contract
    from bankmesh.names import PortName

_RESERVED = frozenset({"true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"})

_NO_ROW = "Row"
"""The type of the rows of a workspace without products: an action needs at least one type of resource."""


def row_type(port: PortName) -> str:
    """Return the type of the rows of a port: `retail::party_v1`; a domain named like a word of Cedar gets a `_`."""
    domain = f"{port.domain}_" if port.domain in _RESERVED else port.domain
    return f"{domain}::{port.product}_v{port.major}"


def build_schema(contracts: Iterable[Contract]) -> dict[str, Any]:
    """Return the schema in Cedar's JSON form."""
    namespaces: dict[str, Any] = {}
    rows = []
    for contract in contracts:
        name = row_type(contract.port_name)
        rows.append(name)
        domain, _, product = name.rpartition("::")
        types = namespaces.setdefault(domain, {"entityTypes": {}, "actions": {}})
        attributes = {column.name: found for column in contract.columns if (found := _attribute(column))}
        types["entityTypes"][product] = {"memberOfTypes": [PRODUCT], "shape": _record(attributes)}
    return {"": _common(rows), **namespaces}


def _attribute(column: Column) -> dict[str, Any] | None:
    found = attribute_type(column.type)
    if found is None:
        return None
    kind: dict[str, Any] = (
        {"type": "Extension", "name": found.value} if found.value.islower() else {"type": found.value}
    )
    return kind if column.required else {**kind, "required": False}


def _common(rows: list[str]) -> dict[str, Any]:
    text, number = {"type": "String"}, {"type": "Long"}
    names = {"type": "Set", "element": text}
    context = _record({"purpose": {"type": "Entity", "name": PURPOSE}})
    on_columns = {"appliesTo": {"principalTypes": [READER], "resourceTypes": [COLUMN], "context": context}}
    on_rows = {"appliesTo": {"principalTypes": [READER], "resourceTypes": rows or [_NO_ROW], "context": context}}
    column = {"name": text, "product": text, "domain": text, "classification": text, "sensitivity": number}
    return {
        "entityTypes": {
            READER: {
                "memberOfTypes": [ROLE],
                "shape": _record({"roles": names, "clearance": number, "domains": names, "kind": text}),
            },
            ROLE: {},
            PURPOSE: {"memberOfTypes": [PURPOSE]},
            _NO_ROW: {},
            DOMAIN: {},
            PRODUCT: {"memberOfTypes": [DOMAIN]},
            COLUMN: {"memberOfTypes": [PRODUCT], "shape": _record({**column, "subject": {**text, "required": False}})},
        },
        "actions": {SHOW: on_columns, MASK: on_columns, READ: on_rows},
    }


def _record(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Record", "attributes": attributes}
