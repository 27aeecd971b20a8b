"""Roles, clients and issuers of tokens as plain values, and what a principal may read for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.access.model import Principal
    from bankmesh.access.registry.purpose_tree import PurposeTree
    from bankmesh.errors import Place

PRODUCT_ROLE = "data_product"
"""The role of a product that reads its inputs. No file lists it, so that no token can carry it."""
OWNER, STEWARD, STEWARDSHIP = "data_owner", "data_steward", "stewardship"
"""The platform's roles for work on the products of a reader's own domains, and the purpose of that work."""
AUDITOR = "governance_auditor"
"""The platform's role that sees who read what, and no rows."""
OF_DOMAINS = frozenset({OWNER, STEWARD})
"""The roles that have rights in the domains of their token alone."""
PRODUCT_KIND, PERSON_KIND = "product", "person"
"""The kinds of readers, which policies read as `principal.kind`."""


@dataclass(frozen=True)
class ReaderRole:
    """A role: what it may read for, and the classification up to which values are shown to it."""

    name: str
    description: str
    purposes: frozenset[str]
    clearance: Classification
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Client:
    """An application that reads in the name of people or of itself, and what it is used for."""

    name: str
    description: str
    purposes: frozenset[str]
    place: Place = field(compare=False)


@dataclass(frozen=True)
class IssuerMapping:
    """How the claims of an issuer's tokens become roles, domains and a client.

    Attributes:
        issuer: the claim `iss` of its tokens.
        roles_claim: the claim that lists the groups or roles of the reader.
        roles: the role of each value of that claim; other values give none.
        domains_claim: the claim that lists the domains of owners and stewards; None if there is none.
        client_claim: the claim that names the application.
        clients: the client of each value of that claim; other values give none.
        place: its position in `roles.yaml`.
    """

    issuer: str
    roles_claim: str
    roles: Mapping[str, str] = field(hash=False)
    domains_claim: str | None
    client_claim: str
    clients: Mapping[str, str] = field(hash=False)
    place: Place = field(compare=False)


@dataclass(frozen=True)
class ReaderRegistry:
    """Who may read for what, in a workspace; `digest` is the SHA-256 of the files."""

    roles: Mapping[str, ReaderRole] = field(hash=False)
    purposes: PurposeTree
    issuers: Mapping[str, IssuerMapping] = field(hash=False)
    clients: Mapping[str, Client] = field(hash=False)
    digest: str

    def active_roles(self, principal: Principal, purpose: str) -> frozenset[str]:
        """Return the principal's roles that may read for a purpose; none if its client may not, or it is unknown.

        A product reads its inputs through no client; its contract decides about its purposes.
        """
        if _is_product(principal):
            return frozenset({PRODUCT_ROLE}) if purpose in self.purposes else frozenset()
        client = self.clients.get(principal.client)
        if client is None or not self.purposes.covers(client.purposes, purpose):
            return frozenset()
        known = (self.roles[name] for name in principal.roles if name in self.roles)
        return frozenset(role.name for role in known if self.purposes.covers(role.purposes, purpose))

    def held_purposes(self, principal: Principal) -> tuple[str, ...]:
        """Return every purpose that the principal may declare, by its roles and by its client."""
        return tuple(purpose for purpose in self.purposes if self.active_roles(principal, purpose))

    def clearance(self, roles: Iterable[str]) -> Classification:
        """Return the highest clearance of the roles; `public` without a role that is listed."""
        given = frozenset(roles)
        if PRODUCT_ROLE in given:
            return Classification.RESTRICTED
        found = (self.roles[name].clearance for name in given if name in self.roles)
        return max(found, default=Classification.PUBLIC)


def _is_product(principal: Principal) -> bool:
    return PRODUCT_ROLE in principal.roles and principal.attributes.get("kind") == PRODUCT_KIND
