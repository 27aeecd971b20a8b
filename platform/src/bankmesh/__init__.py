"""Bankmesh: data products of a bank on Dagster, built from data contracts.

    from bankmesh import DataMeshClient             readers
    type: bankmesh.PolarsDataProduct                domain engineers, in `defs.yaml`
    type: bankmesh.DbtDataProducts
    type: bankmesh.LegacySources
    type: bankmesh.Operations

The names of `__all__` are imported on first access, so that reading a product does not load Dagster.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.client import DataMeshClient, DataProduct, DeprecatedMajor
    from bankmesh.orchestration.components.dbt_products import DbtDataProducts
    from bankmesh.orchestration.components.legacy_sources import LegacySources
    from bankmesh.orchestration.components.operations_component import Operations
    from bankmesh.orchestration.components.polars_product import PolarsDataProduct
    from bankmesh.workspace.stage_access import ProposedProduct, RetiredProduct

__all__ = [
    "DataMeshClient",
    "DataProduct",
    "DbtDataProducts",
    "DeprecatedMajor",
    "LegacySources",
    "Operations",
    "PolarsDataProduct",
    "ProposedProduct",
    "RetiredProduct",
]

_HOMES = {
    "DataMeshClient": "bankmesh.client",
    "DataProduct": "bankmesh.client",
    "DbtDataProducts": "bankmesh.orchestration.components.dbt_products",
    "DeprecatedMajor": "bankmesh.client",
    "LegacySources": "bankmesh.orchestration.components.legacy_sources",
    "Operations": "bankmesh.orchestration.components.operations_component",
    "PolarsDataProduct": "bankmesh.orchestration.components.polars_product",
    "ProposedProduct": "bankmesh.workspace.stage_access",
    "RetiredProduct": "bankmesh.workspace.stage_access",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bankmesh' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
