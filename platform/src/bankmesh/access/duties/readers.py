"""Who may read a product by its contract: roles with purposes, and the products of its own domain and its consumers.

The team of a product reads what its own transform makes of an input, for stewardship. That right comes with the right
of the product to read the input, so it is no part of what is compared along lineage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.policies.contract_policies import consuming_ports, listed_roles
from bankmesh.access.policies.probe_readers import reader_with_roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.access.model import Principal
    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.contracts.model import Contract


def admits_product(source: Contract, reader: Contract) -> bool:
    """Whether a contract lets another product read it: one of its own domain, or one of its `consumers`."""
    return reader.domain == source.domain or reader.port in consuming_ports(source)


def allows_purpose(contract: Contract, purpose: str, registry: ReaderRegistry) -> bool:
    """Whether a contract allows its rows to be read for a purpose, by anyone."""
    return registry.purposes.covers(contract.purposes, purpose)


def admitted_readers(contract: Contract, registry: ReaderRegistry) -> Iterator[tuple[str, str]]:
    """Yield each role with each purpose for which it may read, by its contract and by the purposes that it holds."""
    for name, role in registry.roles.items():
        for purpose in registry.purposes.expand(role.purposes):
            if name in listed_roles(contract, purpose, registry.purposes):
                yield name, purpose


def readers_with(role: str, purpose: str, registry: ReaderRegistry, domains: Iterable[str]) -> Iterator[Principal]:
    """Yield readers who hold a role: alone, as one who works for the domains, and with each other role for the purpose.

    Readers may have several roles, and then see by the highest clearance of those that hold the purpose.
    """
    yield reader_with_roles(registry, (role,), purpose, ())
    yield reader_with_roles(registry, (role,), purpose, domains)
    for name, other in registry.roles.items():
        if name != role and registry.purposes.covers(other.purposes, purpose):
            yield reader_with_roles(registry, (role, name), purpose, ())
