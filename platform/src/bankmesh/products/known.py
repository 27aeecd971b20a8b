"""The products that this process has loaded, by port: what is asked of their code, and not of Dagster's assets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.products.definition import ProductDefinition

_LOADED: dict[str, ProductDefinition] = {}


def remember(product: ProductDefinition) -> None:
    """Note a product when its asset is made; one that is loaded anew takes the place of the old."""
    _LOADED[product.contract.port] = product


def loaded_products() -> Mapping[str, ProductDefinition]:
    """Every product that was loaded, by port."""
    return dict(_LOADED)
