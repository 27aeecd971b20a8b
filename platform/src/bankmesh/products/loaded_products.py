"""The products that this process has loaded, by port, with their code, which Dagster's assets do not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.products.product_definition import ProductDefinition

_LOADED: dict[str, ProductDefinition] = {}
_NEAR: dict[str, Path] = {}


def remember(product: ProductDefinition, near: Path) -> None:
    """Register a product when its asset is created; a product that is loaded again replaces the old one.

    `near` is a folder of its workspace.
    """
    _LOADED[product.contract.port] = product
    _NEAR[product.contract.port] = near


def workspace_folders() -> Mapping[str, Path]:
    """Return a folder of the workspace that each product was loaded from, by port."""
    return dict(_NEAR)


def loaded_products() -> Mapping[str, ProductDefinition]:
    """Return every product that was loaded, by port."""
    return dict(_LOADED)
