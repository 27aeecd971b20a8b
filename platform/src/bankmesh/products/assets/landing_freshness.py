"""Freshness of landings: as fresh as the scheduled products that read them are promised to be.

Freshness is measured from landing, like a product's from publication: an export that has not changed is landed again
by the schedule, and is not late. A landing that no scheduled product reads has no policy; it is landed when its file
changes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import yaml

from bankmesh.products.assets.publication_schedule import clock_of
from bankmesh.products.assets.refresh_decisions import is_landing
from bankmesh.products.product_definition import product_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.domain_package import Domain

_PRODUCTS = {"bankmesh.PolarsDataProduct", "bankmesh.DbtDataProducts"}


def landing_policies(context: dg.ComponentLoadContext, domain: Domain) -> dict[dg.AssetKey, dg.FreshnessPolicy]:
    """Return the freshness policy of each landing that a scheduled product of the domain reads."""
    promised = {key: seconds for contract in domain.contracts for key, seconds in _promise(contract)}
    if not promised:
        return {}
    specs = [
        spec for folder in _product_folders(context) for spec in context.build_defs(folder).resolve_all_asset_specs()
    ]
    reads = {spec.key: [dep.asset_key for dep in spec.deps] for spec in specs}
    return {
        landing: dg.FreshnessPolicy.time_window(fail_window=timedelta(seconds=seconds))
        for landing, seconds in strictest(promised, reads).items()
    }


def strictest(
    promised: Mapping[dg.AssetKey, float], reads: Mapping[dg.AssetKey, Iterable[dg.AssetKey]]
) -> dict[dg.AssetKey, float]:
    """Return landing → the least of the seconds within which its readers are promised."""
    found: dict[dg.AssetKey, float] = {}
    for product, seconds in promised.items():
        for source in reads.get(product, ()):
            if is_landing(source):
                found[source] = min(seconds, found.get(source, seconds))
    return found


def _promise(contract: Contract) -> Iterator[tuple[dg.AssetKey, float]]:
    level = contract.service_level("freshness")
    if clock_of(contract) is not None and level is not None and level.seconds is not None:
        yield product_key(contract.domain, contract.name, contract.major), level.seconds


def _product_folders(context: dg.ComponentLoadContext) -> list[Path]:
    files = sorted(context.defs_module_path.rglob("defs.yaml"))
    return [file.parent for file in files if file.parent != context.path and _is_product(file)]


def _is_product(file: Path) -> bool:
    try:
        documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except yaml.YAMLError:
        return False  # reported, with its line, when the component itself is loaded
    return any(isinstance(document, dict) and document.get("type") in _PRODUCTS for document in documents)
