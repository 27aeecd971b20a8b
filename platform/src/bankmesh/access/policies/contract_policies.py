"""Contracts compiled to Cedar permits: roles, purposes, the owning team, and the products that read a product.

The permits are composed as Cedar's JSON form, never as text, so that no name in a contract can change their meaning.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bankmesh.access.policies.cedar_schema import row_type
from bankmesh.access.policies.model import (
    MASK,
    PRODUCT,
    PURPOSE,
    READ,
    READER,
    ROLE,
    SHOW,
    CedarPolicy,
    PolicyEffect,
    PolicyOrigin,
)
from bankmesh.access.registry.reader_registry import OWNER, PRODUCT_KIND, STEWARD, STEWARDSHIP
from bankmesh.contracts.parsing.access_clauses import READ_ACCESS
from bankmesh.errors import Place
from bankmesh.names import parse_port_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.access.registry import PurposeTree
    from bankmesh.contracts.model import Contract

_CedarJson = dict[str, Any]


def product_principal_id(port: str) -> str:
    """Return the id of a product as a reader of its inputs."""
    return f"product:{port}"


def consuming_ports(contract: Contract) -> tuple[str, ...]:
    """Return the ports among a contract's consumers; the others are roles and teams."""
    found: list[str] = []
    for consumer in contract.consumers:
        with suppress(ValueError):
            found.append(str(parse_port_name(consumer)))
    return tuple(found)


def listed_roles(contract: Contract, purpose: str, purposes: PurposeTree) -> tuple[str, ...]:
    """Return the roles that a contract lists as readers for a purpose, as its permits admit them."""
    if not purposes.covers(contract.purposes, purpose):
        return ()
    return tuple(
        role.role
        for role in contract.roles
        if role.access == READ_ACCESS and (not role.purposes or purposes.covers(role.purposes, purpose))
    )


def compile_contract(contract: Contract) -> tuple[CedarPolicy, ...]:
    """Return the permits of a contract, with the lines of its clauses; none for reads that no clause admits."""
    found = [*_team_permits(contract)]
    if contract.purposes:
        found += _role_permits(contract)
        found += _product_permits(contract)
    return tuple(found)


def _role_permits(contract: Contract) -> Iterator[CedarPolicy]:
    for role in contract.roles:
        if role.access != READ_ACCESS:
            continue
        purposes = [contract.purposes, role.purposes] if role.purposes else [contract.purposes]
        why = f"{contract.port} permits {role.role} for {', '.join(role.purposes or contract.purposes)}"
        yield from _permits(
            contract,
            role.place or clause_place(contract, "roles:"),
            why,
            {"op": "in", "entity": {"type": ROLE, "id": role.role}},
            [_purpose_in(names) for names in purposes],
        )


def _team_permits(contract: Contract) -> Iterator[CedarPolicy]:
    for role in (OWNER, STEWARD):
        why = f"{contract.port} permits {role} of {contract.domain} for {STEWARDSHIP}"
        yield from _permits(
            contract,
            clause_place(contract, "team:"),
            why,
            {"op": "in", "entity": {"type": ROLE, "id": role}},
            [_works_for(contract.domain), _purpose_in((STEWARDSHIP,))],
        )


def _product_permits(contract: Contract) -> Iterator[CedarPolicy]:
    is_product = {"==": {"left": _attribute("principal", "kind"), "right": {"Value": PRODUCT_KIND}}}
    why = f"{contract.port} permits products of {contract.domain}"
    of_domain = [is_product, _works_for(contract.domain), _purpose_in(contract.purposes)]
    yield from _permits(contract, clause_place(contract, "domain:"), why, {"op": "All"}, of_domain)
    for consumer in consuming_ports(contract):
        reader = {"op": "==", "entity": {"type": READER, "id": product_principal_id(consumer)}}
        why = f"{contract.port} permits its consumer {consumer}"
        place = clause_place(contract, "- property: consumers")
        yield from _permits(contract, place, why, reader, [is_product, _purpose_in(contract.purposes)])


def _permits(
    contract: Contract, place: Place, why: str, principal: _CedarJson, conditions: Sequence[_CedarJson]
) -> Iterator[CedarPolicy]:
    """Yield a permit on the columns and one on the rows of a product."""
    on_columns = {"op": "in", "entities": [_action(SHOW), _action(MASK)]}
    in_product = {"op": "in", "entity": {"type": PRODUCT, "id": contract.port}}
    on_rows = {"op": "==", "entity": _action(READ)}
    is_row = {"op": "is", "entity_type": row_type(contract.port_name)}
    for action, resource in ((on_columns, in_product), (on_rows, is_row)):
        body = {
            "effect": PolicyEffect.PERMIT.value,
            "principal": principal,
            "action": action,
            "resource": resource,
            "conditions": [{"kind": "when", "body": condition} for condition in conditions],
        }
        yield CedarPolicy(PolicyOrigin.CONTRACT, PolicyEffect.PERMIT, place, {"why": why}, body, "", contract.domain)


def _works_for(domain: str) -> _CedarJson:
    return {"contains": {"left": _attribute("principal", "domains"), "right": {"Value": domain}}}


def _purpose_in(purposes: Sequence[str]) -> _CedarJson:
    listed = [{"Value": {"__entity": {"type": PURPOSE, "id": purpose}}} for purpose in purposes]
    return {"in": {"left": _attribute("context", "purpose"), "right": {"Set": listed}}}


def _attribute(variable: str, name: str) -> _CedarJson:
    return {".": {"left": {"Var": variable}, "attr": name}}


def _action(name: str) -> dict[str, str]:
    return {"type": "Action", "id": name}


def clause_place(contract: Contract, key: str) -> Place:
    """Return the first line of the contract that begins with a key; line 1 if it has none."""
    lines = contract.text.splitlines()
    return Place(contract.file, next((at for at, line in enumerate(lines, 1) if line.strip().startswith(key)), 1))
