"""Names of the platform as Dagster's asset keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.names import landing_asset, legacy_asset

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import Input, ProductDefinition


def asset_key(asset: str) -> dg.AssetKey:
    """Return the key that a text such as `retail/party/v2` represents."""
    return dg.AssetKey(asset.split("/"))


def contract_key(contract: Contract) -> dg.AssetKey:
    """Return the key of the port that a contract describes."""
    return dg.AssetKey(contract.port_name.asset_path)


def key_of(item: Input | ProductDefinition) -> dg.AssetKey:
    """Return the key of a product, or of the asset that an input comes from."""
    return asset_key(item.asset)


def legacy_key(system: str, name: str) -> dg.AssetKey:
    """Return the key of a legacy object, which more than one domain may read."""
    return asset_key(legacy_asset(system, name))


def landing_key(domain: str, system: str, name: str) -> dg.AssetKey:
    """Return the key of a landed legacy object, internal to its domain."""
    return asset_key(landing_asset(domain, system, name))
