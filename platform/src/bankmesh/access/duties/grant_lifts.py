"""Derivation grants: which widenings the owner of an input has accepted, and grants that lift nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.duties.model import Duty, Lift

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bankmesh.access.duties.model import Widening
    from bankmesh.contracts.model import Contract, DerivationGrant


@dataclass(frozen=True)
class AcceptedWidenings:
    """Widenings that a grant lifts and those that none does, with the lifts that were needed."""

    lifted: tuple[Widening, ...]
    kept: tuple[Widening, ...]
    used: frozenset[Lift]


def apply_grants(widenings: Iterable[Widening], inputs: Mapping[str, Contract]) -> AcceptedWidenings:
    """Return which widenings of one product the contracts of its inputs lift: each duty and each column by itself."""
    granted = {port: frozenset(lifts_of(source)) for port, source in inputs.items()}
    lifted: list[Widening] = []
    kept: list[Widening] = []
    used: set[Lift] = set()
    for one in widenings:
        source = inputs[one.source.dataset]
        needed = Lift(source.port, one.target.dataset, one.target.column, one.duty)
        if needed in granted[source.port]:
            used.add(needed)
            lifted.append(one)
        else:
            kept.append(one)
    return AcceptedWidenings(tuple(lifted), tuple(kept), frozenset(used))


def lifts_of(source: Contract) -> Iterator[Lift]:
    """Yield every single lift of a contract's grants that the owner of the product has made."""
    for grant in source.derivation_grants:
        if is_by_owner(grant, source):
            yield from (Lift(source.port, grant.product, c, Duty(duty)) for c in grant.columns for duty in grant.lifts)


def is_by_owner(grant: DerivationGrant, source: Contract) -> bool:
    """Whether the owner of a product made a grant: its team, or a member with the role `owner`."""
    return grant.by in deciders(source)


def deciders(source: Contract) -> tuple[str, ...]:
    """Return the names under which the owner of a product decides."""
    return (source.owner, *source.owners)


def find_grant_problems(
    source: Contract, contracts: Mapping[str, Contract], used: Collection[Lift], checked: Collection[str]
) -> Iterator[tuple[DerivationGrant, str, str]]:
    """Yield each faulty grant of a contract with the rule and the problem.

    Rules: `grant-not-by-owner`, `grant-without-effect`. `used` are the lifts that products needed; of a product that is
    not among `checked`, it is not known whether it needs them. That product and columns exist is checked elsewhere.
    """
    for grant in source.derivation_grants:
        reader = contracts.get(grant.product)
        if not is_by_owner(grant, source):
            allowed = ", ".join(deciders(source))
            yield grant, "grant-not-by-owner", f"{grant.by} does not own {source.port}. Allowed: {allowed}"
        elif reader is not None and grant.product in checked:
            yield from _idle_lifts(grant, source, reader, used)


def _idle_lifts(
    grant: DerivationGrant, source: Contract, reader: Contract, used: Collection[Lift]
) -> Iterator[tuple[DerivationGrant, str, str]]:
    names = {column.name for column in reader.columns}
    for duty in map(Duty, grant.lifts):
        idle = [c for c in grant.columns if c in names and Lift(source.port, grant.product, c, duty) not in used]
        if idle:
            problem = f"{', '.join(idle)} of {grant.product} would keep the duty {duty} without it. Remove it there"
            yield grant, "grant-without-effect", problem
