"""Contracts for tests: what the standard requires is filled in, so that a test states only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.names import parse_port_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def contract_text(
    port: str,
    columns: Mapping[str, str | Mapping[str, Any]],
    *,
    quality: Sequence[Mapping[str, Any]] = (),
    properties: Mapping[str, Any] | None = None,
    **document: Any,  # noqa: ANN401 - keys of the standard
) -> str:
    """Return the YAML of an ODCS 3.1.0 contract.

    Args:
        port: `domain.product` or `domain.product@2`; it gives id, domain, name and, unless one is given, the version.
        columns: by name, a `logicalType` or properties of the column. A description and the class `internal` are added.
        quality: clauses of the table.
        properties: custom properties; `productType` is `aggregate` unless one is given.
        document: further keys of the document, or other values of those that are filled in: `status`, `team`, `tags`.

    Example:
        >>> print(contract_text("shop.sale", {"sale_id": {"logicalType": "integer", "primaryKey": True}}))
        ... # doctest: +SKIP

    """
    name = parse_port_name(port)
    table: dict[str, Any] = {"name": name.product, "properties": [_column(*item) for item in columns.items()]}
    if quality:
        table["quality"] = [dict(clause) for clause in quality]
    custom = {"productType": "aggregate"} | dict(properties or {})
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": name.product_id,
        "domain": name.domain,
        "name": name.product,
        "version": f"{name.major}.0.0",
        "status": "active",
        "description": {"purpose": f"Rows of {name.product}."},
        "team": {"name": f"{name.domain}-data"},
        "support": [{"channel": f"{name.domain}-help"}],
        **document,
        "customProperties": [{"property": key, "value": value} for key, value in custom.items()],
        "schema": [table],
    }
    return yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=200)


def write_contract(folder: Path, port: str, columns: Mapping[str, str | Mapping[str, Any]], **options: Any) -> Path:  # noqa: ANN401 - those of `contract_text`
    """Write `contract_text(...)` under the file name of the port; returns the file."""
    file = folder / parse_port_name(port).contract_file
    file.write_text(contract_text(port, columns, **options), encoding="utf-8")
    return file


def _column(name: str, given: str | Mapping[str, Any]) -> dict[str, Any]:
    own = {"logicalType": given} if isinstance(given, str) else dict(given)
    return {"name": name, "description": f"The {name.replace('_', ' ')}.", "classification": "internal"} | own
