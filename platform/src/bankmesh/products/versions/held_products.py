"""Loaded products that are held: a version that their code built was withdrawn, and they were not resumed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.ports import hold_of, port_at
from bankmesh.products.loaded_products import loaded_products, workspace_folders
from bankmesh.settings import current_settings
from bankmesh.workspace.withdrawn_inputs import LogFacts, withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    import dagster as dg

    from bankmesh.ports import Decision


def held_products(near: Path | None = None) -> dict[str, Decision]:
    """Return held products by port, each with the decision that holds it; only those loaded from `near`, if given.

    Read from the Delta log and from the code that this process has loaded; products of other code are not included.
    """
    found: dict[str, Decision] = {}
    products, folders = loaded_products(), workspace_folders()
    for port, product in sorted(products.items()):
        if near is not None and folders[port] != near:
            continue
        contract = product.contract
        home = current_settings(folders[port]).home
        decision = hold_of(port_at(home, contract.product, contract.major), product.code_version)
        if decision is not None:
            found[port] = decision
    return found


def outdated_assets(keys: Container[dg.AssetKey]) -> dict[dg.AssetKey, float]:
    """Return which of these loaded products have rows from a withdrawn version of an input, and when it was withdrawn.

    A product that reads a withdrawn version only through a product in between follows when that one is rebuilt.
    """
    products, folders = loaded_products(), workspace_folders()
    logs: dict[Path, LogFacts] = {}
    found: dict[dg.AssetKey, float] = {}
    for port, product in products.items():
        if product.key in keys:
            home = current_settings(folders[port]).home
            direct = [item for item in withdrawn_inputs(logs.setdefault(home, LogFacts(home)), port) if not item.via]
            if direct:
                found[product.key] = max(item.withdrawal.at.timestamp() for item in direct)
    return found


def held_assets(keys: Container[dg.AssetKey]) -> dict[dg.AssetKey, Decision]:
    """Return the held ones of these assets, each with the decision that holds it; see `held_products`."""
    products = loaded_products()
    held = {products[port].key: decision for port, decision in held_products().items()}
    return {key: decision for key, decision in held.items() if key in keys}
