"""Comparison rules for access: roles, purposes, subjects, masks, and grants to products built on this one.

Who may read less than before is broken by the change, as is a product that loses a grant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.comparison.contract_change import Change, breaking, compatible
from bankmesh.contracts.parsing.access_clauses import covers
from bankmesh.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bankmesh.contracts.model import Contract, DerivationGrant, Role

REPORTED_ACCESS = ("purposes", "derivationGrants")
"""Custom properties whose changes the rules of this module report."""


def _purposes(old: Contract, new: Contract) -> Iterator[Change]:
    for purpose in _uncovered(old.purposes, new.purposes):
        message = f"the product may no longer be read for {purpose}"
        yield breaking("purpose-removed", purpose, message, _top(new))
    for purpose in _uncovered(new.purposes, old.purposes):
        yield compatible("purpose-added", purpose, f"the product may be read for {purpose}", _top(new))


def _uncovered(purposes: Iterable[str], by: Iterable[str]) -> list[str]:
    allowed = tuple(by)
    return [purpose for purpose in purposes if not covers(allowed, purpose)]


def _roles(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = {r.role: r for r in old.roles}, {r.role: r for r in new.roles}
    for name, role in before.items():
        if name not in after:
            yield breaking("role-removed", name, f"role {name} may no longer use the product", _top(new))
        else:
            yield from _role(role, after[name], old, new)
    for name, role in after.items():
        if name not in before:
            yield compatible("role-added", name, f"role {name} is new", role.place or _top(new))


def _role(was: Role, now: Role, old: Contract, new: Contract) -> Iterator[Change]:
    place = now.place or _top(new)
    if was.access != now.access:
        message = f"role {now.role} had access {was.access or 'to nothing'} and has {now.access or 'none'}"
        yield Change("role-access-changed", was.access is not None, now.role, message, place)
    if was.purposes != now.purposes:
        lost = [
            purpose
            for purpose in _uncovered(was.purposes or old.purposes, now.purposes or new.purposes)
            if covers(new.purposes, purpose)  # the others are reported as purposes of the contract
        ]
        message = f"role {now.role} reads for {', '.join(now.purposes) or 'all purposes of the contract'}"
        yield Change("role-purposes-changed", bool(lost), now.role, message, place)
    if was.description != now.description:
        yield compatible("description-changed", now.role, f"description of role {now.role} changed", place)


def _subjects_and_masks(old: Contract, new: Contract) -> Iterator[Change]:
    after = {column.name: column for column in new.columns}
    for was in old.columns:
        now = after.get(was.name)
        if now is None:
            continue
        if was.subject != now.subject:
            message = f"column {now.name} identified {was.subject or 'no subject'}, and now {now.subject or 'none'}"
            yield compatible("subject-changed", now.name, message, now.place)
        if was.mask != now.mask:
            message = f"the mask of column {now.name} was {was.mask or 'the usual one'}, and is {now.mask or 'that'}"
            yield Change("mask-changed", was.mask is not None, now.name, message, now.place)


def _grants(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = _lifted(old.derivation_grants), _lifted(new.derivation_grants)
    for key in before:
        if key not in after:
            message = f"{_spell(key)} is lifted no longer"
            yield breaking("derivation-grant-removed", key[0], message, _top(new))
    for key, grant in after.items():
        if key not in before:
            yield compatible("derivation-grant-added", key[0], f"{_spell(key)} is lifted", grant.place)
        elif (grant.by, grant.on, grant.why) != (before[key].by, before[key].on, before[key].why):
            message = f"who lifted {_spell(key)}, when or why changed"
            yield compatible("description-changed", key[0], message, grant.place)


_Lifted = tuple[str, str, str]


def _lifted(grants: Iterable[DerivationGrant]) -> dict[_Lifted, DerivationGrant]:
    """Return each single duty that the grants lift: product, column, duty."""
    return {(g.product, column, duty): g for g in grants for column in g.columns for duty in g.lifts}


def _spell(lifted: _Lifted) -> str:
    product, column, duty = lifted
    return f"the duty {duty} of {product}.{column}"


def _top(new: Contract) -> Place:
    return Place(new.file, 1)


ACCESS_RULES: tuple[Callable[[Contract, Contract], Iterator[Change]], ...] = (
    _purposes,
    _roles,
    _subjects_and_masks,
    _grants,
)
