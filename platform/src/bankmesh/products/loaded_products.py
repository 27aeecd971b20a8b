"""The products that this process has loaded, by port: what is asked of their code, and not of Dagster's assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.products.product_definition import ProductDefinition

_LOADED: dict[str, ProductDefinition] = {}
_NEAR: dict[str, Path] = {}


def remember(product: ProductDefinition, near: Path) -> None:
    """Note a product when its asset is made; one that is loaded anew takes the place of the old.

    `near` is a folder of its workspace.
    """
    _LOADED[product.contract.port] = product
    _NEAR[product.contract.port] = near


def workspace_folders() -> Mapping[str, Path]:
    """A folder of the workspace that each product was loaded from, by port."""
    return dict(_NEAR)


def loaded_products() -> Mapping[str, ProductDefinition]:
    """Every product that was loaded, by port."""
    return dict(_LOADED)
