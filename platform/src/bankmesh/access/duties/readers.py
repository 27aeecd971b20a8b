"""Who may read a product by its contract: roles with purposes, and the products of its own domain and its consumers.

The team of a product reads what its own transform makes of an input, for stewardship. That right comes with the right
of the product to read the input, so it is no part of what is compared along lineage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.model import Principal
from bankmesh.access.registry.reader_registry import PRODUCT_ROLE
from bankmesh.names import parse_port_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.access.model import AttributeValue
    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.contracts.model import Contract, Role

_READ = "read"


def product_principal(contract: Contract) -> Principal:
    """Return the principal as which a product reads its inputs."""
    attributes: dict[str, AttributeValue] = {"domains": frozenset({contract.domain}), "kind": "product"}
    return Principal(f"product:{contract.port}", frozenset({PRODUCT_ROLE}), attributes)


def role_principal(roles: frozenset[str], purpose: str, registry: ReaderRegistry) -> Principal:
    """Return a reader with these roles, through a client that may read for the purpose; it has no other attribute."""
    clients = (name for name, client in registry.clients.items() if registry.purposes.covers(client.purposes, purpose))
    return Principal(f"any:{'+'.join(sorted(roles))}", roles, client=next(clients, ""))


def admits_product(source: Contract, reader: Contract) -> bool:
    """Whether a contract lets another product read it: one of its own domain, or one of its `consumers`."""
    return reader.domain == source.domain or reader.port in {_port(name) for name in source.consumers}


def _port(consumer: str) -> str:
    try:
        return str(parse_port_name(consumer))
    except ValueError:
        return consumer  # a team or a role


def allows_purpose(contract: Contract, purpose: str, registry: ReaderRegistry) -> bool:
    """Whether a contract allows its rows to be read for a purpose, by anyone."""
    return registry.purposes.covers(contract.purposes, purpose)


def admits_role(contract: Contract, role: str, purpose: str, registry: ReaderRegistry) -> bool:
    """Whether a contract lists a role as a reader for a purpose."""
    return any(
        entry.role == role and registry.purposes.covers(_purposes(contract, entry), purpose)
        for entry in contract.roles
        if entry.access == _READ
    )


def admitted_readers(contract: Contract, registry: ReaderRegistry) -> Iterator[tuple[str, str]]:
    """Yield each role with each purpose for which it may read, by its contract and by the purposes that it holds."""
    for name, role in registry.roles.items():
        for purpose in registry.purposes.expand(role.purposes):
            if admits_role(contract, name, purpose, registry):
                yield name, purpose


def companions(role: str, purpose: str, registry: ReaderRegistry) -> Iterator[frozenset[str]]:
    """Yield the role alone, and with each other role that holds the purpose: a reader may have both."""
    yield frozenset({role})
    for name, other in registry.roles.items():
        if name != role and registry.purposes.covers(other.purposes, purpose):
            yield frozenset({role, name})


def _purposes(contract: Contract, entry: Role) -> tuple[str, ...]:
    return entry.purposes or contract.purposes
