"""Input of the bare contender: landed files, promised columns, and paths. Nothing else is shared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.contested import contested_contracts
from bench.places import ROOT, World

if TYPE_CHECKING:
    from pathlib import Path

LANDED = (
    *("core_banking.account", "core_banking.client", "core_banking.disp", "core_banking.loan", "core_banking.card"),
    *("core_banking.district", "core_banking.trans", "core_banking.card_purchase", "crm.client", "crm.consent"),
)


def write_plan(world: World) -> Path:
    """Write the plan next to the bare contender's folder."""
    path = world.folder / "plan.json"
    path.write_text(json.dumps(make_plan(world), indent=2), encoding="utf-8")
    return path


def make_plan(world: World) -> dict[str, Any]:
    """Return paths and types, read from the landings and the contracts."""
    from bankmesh.contracts.column_types import duckdb_type
    from bankmesh.ports import delta_extension_path
    from bankmesh.products.dbt.dbt_models import profile_file

    return {
        "dbt_project": str(ROOT / "dbt_project"),
        "profiles": str(profile_file(ROOT / "dbt_project").parent),
        "transforms": str(ROOT / "domains/retail/src/retail/defs"),
        "rules": str(ROOT / "bench/rules"),
        "delta_extension": str(delta_extension_path()),
        "out": str(world.bare),
        "landed": {name: _landed(world, name) for name in LANDED},
        "products": {
            contract.name: {
                "columns": [{"name": c.name, "type": duckdb_type(c.type)} for c in contract.columns],
                "partition_by": contract.partitioning.column if contract.partitioning else None,
            }
            for contract in contested_contracts()
        },
    }


def _landed(world: World, name: str) -> dict[str, Any]:
    from bankmesh.sources import current_landing

    system, table = name.split(".")
    landing = current_landing(world.home, "retail", system, table)
    if landing is None:
        raise RuntimeError(f"{name} is not landed in {world.home}")
    through = landing.complete_through
    paths = [str(path) for path in landing.rows_paths]
    return {"paths": paths, "complete_through": through.isoformat() if through else None}
