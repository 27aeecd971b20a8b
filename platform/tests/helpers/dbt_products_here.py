"""The dbt products of this repository, and what their models may read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shop_workspace import REPOSITORY

from bankmesh.contracts.column_types import duckdb_type
from bankmesh.sources import read_systems
from bankmesh.workspace.dbt_project_files import DbtProjectPlace
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from pathlib import Path

PRODUCTS = sorted(
    (file.parts[-3], file.stem)
    for file in (REPOSITORY / "dbt_project" / "models").glob("*/products/*.sql")
    if not file.parts[-3].startswith("_")
)
"""Domain and model of each."""


def place_of(domain: str, base: Path) -> DbtProjectPlace:
    """The project as a domain sees it, its manifest below `base`."""
    return DbtProjectPlace(REPOSITORY / "dbt_project", domain, base / "dbt_here" / domain)


@cache
def schemas_of(root: Path) -> dict[str, dict[str, str]]:
    """What dbt models of any domain of a workspace may read, by the names that they give it."""
    found = {
        f"{c.domain}.{c.port_name.table}": {column.name: duckdb_type(column.type) for column in c.columns}
        for c in readable_contracts(root)
    }
    for folder in sorted(root.glob("domains/*/src/*/sources")):
        for system in read_systems(folder):
            for item in system.objects:
                columns = {column.name: duckdb_type(column.type) for column in item.columns}
                found[f"{system.name}.{item.name}"] = columns | {"complete_through": "DATE"}
    return found
