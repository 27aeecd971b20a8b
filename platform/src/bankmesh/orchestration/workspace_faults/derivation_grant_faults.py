"""Faults of derivation grants over all contracts: for nothing that exists, not by the owner, or without effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.duties.duty_faults import grant_faults
from bankmesh.products.inputs.duty_guard import find_used_lifts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bankmesh.access.duties.model import Lift
    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Fault
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.settings import Settings


def derivation_grant_faults(
    loaded: Sequence[ProductDefinition], contracts: Mapping[str, Contract], settings: Settings
) -> Iterator[Fault]:
    """Yield the faults of grants; whether a grant has an effect is known for products that are `loaded`."""
    granted = {grant.product for source in contracts.values() for grant in source.derivation_grants}
    used: set[Lift] = set()
    checked: set[str] = set()
    for product in loaded:
        if product.contract.port in granted:
            used |= find_used_lifts(product, contracts, settings)
            checked.add(product.contract.port)
    yield from grant_faults(contracts, used, checked)
