"""Source declarations for dbt, generated from contracts and source declarations so that nobody writes them.

`source('core_banking', 'trans')` is a landed legacy object of the domain, `source('retail', 'party')` a
published product of any domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.sources import LegacySystem

_HEADER = "# Generated from contracts and source declarations; changes are overwritten.\n"


def write_dbt_inputs(
    project: Path, domain: str, systems: Iterable[LegacySystem], contracts: Iterable[Contract]
) -> Path:
    """Write `models/_ports/<domain>/inputs.yml`, only if it changed, so that dbt's partial parse stays warm."""
    target = project / "models" / "_ports" / domain / "inputs.yml"
    text = _HEADER + yaml.safe_dump(dbt_sources(systems, contracts), sort_keys=False, allow_unicode=True)
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text)
    return target


def dbt_sources(systems: Iterable[LegacySystem], contracts: Iterable[Contract]) -> dict[str, Any]:
    """The document, in dbt's `sources` form."""
    landed = [
        {
            "name": system.name,
            "schema": system.name,
            "description": system.description,
            "tables": [
                {
                    "name": o.name,
                    "description": o.description,
                    "columns": [{"name": c.name, "description": c.description} for c in o.columns],
                }
                for o in system.objects
            ],
        }
        for system in systems
    ]
    domains: dict[str, list[dict[str, Any]]] = {}
    for contract in sorted(contracts, key=lambda c: (c.domain, c.name, c.major)):
        domains.setdefault(contract.domain, []).append(_product_table(contract))
    published = [{"name": domain, "schema": domain, "tables": tables} for domain, tables in domains.items()]
    return {"version": 2, "sources": landed + published}


def _product_table(contract: Contract) -> dict[str, Any]:
    name = contract.name if contract.major == 1 else f"{contract.name}_v{contract.major}"
    return {
        "name": name,
        "description": contract.table_description,
        "columns": [{"name": c.name, "description": c.description} for c in contract.columns],
    }
