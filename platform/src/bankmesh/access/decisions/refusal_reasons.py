"""Why a read is refused before any policy is evaluated, and who could read instead: pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.model import Reason
from bankmesh.access.policies.contract_policies import clause_place, listed_roles
from bankmesh.access.registry.reader_registry import OWNER, PRODUCT_ROLE, STEWARD, STEWARDSHIP
from bankmesh.errors import UnknownName, shorten_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.access.model import Principal
    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.contracts.model import Contract


def purpose_refusals(
    registry: ReaderRegistry, principal: Principal, contract: Contract, purpose: str
) -> tuple[Reason, ...]:
    """Return why the principal may not read for the purpose; empty if its roles and its client hold it."""
    if purpose not in registry.purposes:
        return (Reason(str(UnknownName("purpose", purpose, registry.purposes)).rstrip(".")),)
    if PRODUCT_ROLE in principal.roles and principal.issuer:
        return (Reason(f"no token can carry the role {PRODUCT_ROLE}, which is that of products"),)
    if registry.active_roles(principal, purpose):
        return ()
    return (*_missing_purpose(registry, principal, purpose), who_could(registry, contract, purpose))


def _missing_purpose(registry: ReaderRegistry, principal: Principal, purpose: str) -> Iterator[Reason]:
    client = registry.clients.get(principal.client)
    if client is None:
        known = shorten_list(sorted(registry.clients))
        yield Reason(f"the client {principal.client or 'of the token'} is not listed in roles.yaml; listed: {known}")
    elif not registry.purposes.covers(client.purposes, purpose):
        yield Reason(f"the client {client.name} is not used for {purpose}", client.place)
    if not principal.roles:
        yield Reason("the reader has no role")
    for name in sorted(principal.roles):
        role = registry.roles.get(name)
        if role is None:
            yield Reason(f"the role {name} is not listed in roles.yaml")
        elif not registry.purposes.covers(role.purposes, purpose):
            held = shorten_list(sorted(role.purposes)) or "no purpose"
            yield Reason(f"the role {name} does not hold {purpose}; it holds {held}", role.place)


def who_could(registry: ReaderRegistry, contract: Contract, purpose: str) -> Reason:
    """Return the reason that names the roles which may read the product for a purpose."""
    roles = admitted_roles(registry, contract, purpose)
    if roles:
        return Reason(
            f"{contract.port} may be read for {purpose} by {shorten_list(roles)}", clause_place(contract, "roles:")
        )
    allowed = shorten_list(contract.purposes) or f"{STEWARDSHIP} by its owners and stewards alone"
    return Reason(
        f"no role may read {contract.port} for {purpose}; its contract allows {allowed}",
        clause_place(contract, "roles:"),
    )


def admitted_roles(registry: ReaderRegistry, contract: Contract, purpose: str) -> tuple[str, ...]:
    """Return the roles that hold a purpose and that the contract admits for it."""
    covers = registry.purposes.covers
    named = listed_roles(contract, purpose, registry.purposes)
    team = [OWNER, STEWARD] if covers((STEWARDSHIP,), purpose) else []
    return tuple(
        name
        for name in dict.fromkeys([*named, *team])
        if name in registry.roles and covers(registry.roles[name].purposes, purpose)
    )
