"""A small mesh for tests of duties: contracts made in memory, a registry, and decisions by clearance alone."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, RowFilter
from bankmesh.access.registry import Client, PurposeTree, ReaderRegistry, ReaderRole
from bankmesh.contracts.model import Classification, Column, ColumnType, DerivationGrant, Role
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.errors import Place
from bankmesh.names import parse_port_name
from bankmesh.testing.contract_builder import contract_text

PURPOSES = ("service", "marketing", "marketing.offers", "model_training")
ANYWHERE = Place("contract", 1)


def registry(roles, purposes=PURPOSES):
    """Return a registry of roles given as name → (clearance, purposes); one client may read for everything."""
    held = {
        name: ReaderRole(name, name, frozenset(for_what), Classification[clearance.upper()], ANYWHERE)
        for name, (clearance, for_what) in roles.items()
    }
    client = Client("mesh", "mesh", frozenset(purposes), ANYWHERE)
    return ReaderRegistry(held, PurposeTree(dict.fromkeys(purposes, "why")), {}, {"mesh": client}, "digest")


@lru_cache
def _template():
    found, faults = read_text("/mesh/some/product.odcs.yaml", contract_text("some.product", {"a": "string"}))
    assert not faults
    return found


def contract(port, columns, purposes=(), roles=(), *, consumers=(), grants=(), clauses=()):
    """Return a contract; `columns` are classes by name, `roles` names or (name, purposes)."""
    name = parse_port_name(port)
    entries = [(role, ()) if isinstance(role, str) else role for role in roles]
    template = _template()
    return replace(
        template,
        domain=name.domain,
        name=name.product,
        version=f"{name.major}.0.0",
        owner=f"{name.domain}-data",
        file=f"/mesh/{name.domain}/{name.contract_file}",
        columns=tuple(_column(template.columns[0], line, *item) for line, item in enumerate(columns.items(), 10)),
        purposes=tuple(purposes),
        roles=tuple(Role(role, "read", None, tuple(own), Place(port, 5)) for role, own in entries),
        custom={"consumers": list(consumers)},
        derivation_grants=tuple(grants),
        clauses=tuple(clauses),
    )


def _column(template: Column, line: int, name: str, given: str) -> Column:
    """Return a column from its class, and its mask if one is given: `restricted partial(last: 4)`."""
    word, _, mask = given.partition(" ")
    kind = Classification[word.upper()]
    return replace(
        template, name=name, type=ColumnType("string"), classification=kind, mask=mask or None, place=Place("c", line)
    )


def grant(product, columns, lifts, by="source-data"):
    """Return a grant of an owner."""
    return DerivationGrant(product, tuple(columns), tuple(lifts), by, "2026-11-30", "why", Place("grants", 7))


def decide_by(contracts, readers, filters=None):
    """Return a `decide` over contracts: clearance decides on columns, the contract on readers, `filters` on rows.

    `filters` are row filters by port and purpose.
    """
    by_port = {found.port: found for found in contracts}

    def decide(principal, port, purpose):
        found = by_port[port]
        clearance = _clearance(found, principal, purpose, readers)
        columns = {column.name: _outcome(column, clearance) for column in found.columns}
        rows = (filters or {}).get((port, purpose), RowFilter())
        return AccessDecision(principal, port, purpose, columns, rows, frozenset(), (), "policy", "contract")

    return decide


def _clearance(found, principal, purpose, readers):
    """Return the clearance of a reader that the contract admits; None for any other."""
    wider = {purpose, purpose.split(".")[0]}
    if principal.attributes.get("kind") == "product":
        own = found.domain in principal.domains or principal.id.removeprefix("product:") in {
            name.removesuffix("@1") for name in found.consumers
        }
        return Classification.RESTRICTED if own and wider & set(found.purposes) else None
    active = [readers.roles[r] for r in principal.roles if r in readers.roles and wider & readers.roles[r].purposes]
    names = {role.name for role in active}
    if not any(entry.role in names and wider & set(entry.purposes or found.purposes) for entry in found.roles):
        return None
    return max(role.clearance for role in active)


def _outcome(column, clearance):
    if clearance is None or column.classification > clearance + 1:
        return ColumnDecision(column.name, ColumnOutcome.WITHHOLD)
    if column.classification <= clearance:
        return ColumnDecision(column.name, ColumnOutcome.SHOW)
    return ColumnDecision(column.name, ColumnOutcome.MASK, parse_mask(column.mask or "redact"))
