"""Freshness of landings: as fresh as the scheduled products that read them are promised to be.

Freshness is measured from landing, like a product's from publication: an export that has not changed is landed again
by the schedule, and is not late. A landing that no scheduled product reads has no policy; it is landed when its file
changes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.names import is_landing
from bankmesh.products.candidates.gate_relations import sources_of
from bankmesh.products.publication_schedule import schedule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.products.domain_package import Domain
    from bankmesh.products.product_definition import ProductDefinition


def landing_policies(products: Iterable[ProductDefinition], domain: Domain) -> dict[str, dg.FreshnessPolicy]:
    """Return the freshness policy of each landing that a scheduled product of the domain reads."""
    promised = {asset: seconds for contract in domain.contracts for asset, seconds in _promise(contract)}
    reads = {product.asset: [source.asset for source in sources_of(product)] for product in products}
    return {
        landing: dg.FreshnessPolicy.time_window(fail_window=timedelta(seconds=seconds))
        for landing, seconds in strictest(promised, reads).items()
    }


def strictest(promised: Mapping[str, float], reads: Mapping[str, Iterable[str]]) -> dict[str, float]:
    """Return landing → the least of the seconds within which its readers are promised."""
    found: dict[str, float] = {}
    for product, seconds in promised.items():
        for source in reads.get(product, ()):
            if is_landing(source):
                found[source] = min(seconds, found.get(source, seconds))
    return found


def _promise(contract: Contract) -> Iterator[tuple[str, float]]:
    level = contract.service_level("freshness")
    if schedule_of(contract) is not None and level is not None and level.seconds is not None:
        yield contract.port_name.asset, level.seconds
