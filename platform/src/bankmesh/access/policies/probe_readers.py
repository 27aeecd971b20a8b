"""Readers that represent people and products when policies are checked, tested and explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.model import Principal
from bankmesh.access.policies.contract_policies import consuming_ports, product_principal_id
from bankmesh.access.registry.reader_registry import PRODUCT_KIND, PRODUCT_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.access.decisions.access_policy import AccessPolicy
    from bankmesh.access.registry import ReaderRegistry


@dataclass(frozen=True)
class PolicyProbe:
    """One reader, port and purpose; `role` is empty for a product."""

    principal: Principal
    role: str
    port: str
    purpose: str


def reader_with_roles(
    registry: ReaderRegistry, roles: Iterable[str], purpose: str, domains: Iterable[str], client: str = ""
) -> Principal:
    """Return a reader with these roles; without a client, through the first one that may read for the purpose."""
    held = frozenset(roles)
    attributes = {"domains": frozenset(domains)}
    return Principal(f"role:{'+'.join(sorted(held))}", held, attributes, client or client_for(registry, purpose))


def client_for(registry: ReaderRegistry, purpose: str) -> str:
    """Return a client that may read for a purpose; for one that none may, the first, so that the refusal names it."""
    covers = registry.purposes.covers
    named = (each.name for each in registry.clients.values() if covers(each.purposes, purpose))
    return next(named, next(iter(registry.clients), ""))


def product_reader(port: str) -> Principal:
    """Return a product as a reader of its inputs."""
    domain = port.partition(".")[0]
    return Principal(
        product_principal_id(port),
        frozenset({PRODUCT_ROLE}),
        {"domains": frozenset({domain}), "kind": PRODUCT_KIND},
    )


def list_readers(policy: AccessPolicy, port: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each role that can read a column of a port, as one that works for its domain, with its purposes."""
    domain = policy.ports[port].contract.domain
    found = []
    for role in policy.registry.roles:
        held = policy.registry.purposes.expand(policy.registry.roles[role].purposes)
        readers = {purpose: reader_with_roles(policy.registry, (role,), purpose, (domain,)) for purpose in held}
        usable = tuple(each for each in held if not decide(policy, readers[each], port, each).is_refused)
        found += [(role, usable)] if usable else []
    return tuple(found)


def list_role_probes(policy: AccessPolicy) -> Iterator[PolicyProbe]:
    """Yield every role, port and purpose that the role holds, as a reader who works for all domains."""
    domains = frozenset(port.contract.domain for port in policy.ports.values())
    yield from _role_probes(policy, domains)


def list_all_probes(policy: AccessPolicy) -> Iterator[PolicyProbe]:
    """Yield what `list_role_probes` does, the same readers without a domain, and products as readers of products."""
    yield from list_role_probes(policy)
    yield from _role_probes(policy, frozenset())
    for port, found in policy.ports.items():
        for name in (port, *consuming_ports(found.contract)):
            yield from (PolicyProbe(product_reader(name), "", port, purpose) for purpose in found.contract.purposes)


def _role_probes(policy: AccessPolicy, domains: frozenset[str]) -> Iterator[PolicyProbe]:
    registry = policy.registry
    for name, role in registry.roles.items():
        for purpose in registry.purposes.expand(role.purposes):
            reader = reader_with_roles(registry, (name,), purpose, domains)
            yield from (PolicyProbe(reader, name, port, purpose) for port in policy.ports)
