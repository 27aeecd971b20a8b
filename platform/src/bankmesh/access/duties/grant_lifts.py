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
class Accepted:
    """Widenings that a grant lifts and those that none does, with the entries of grants that lifted something."""

    lifted: tuple[Widening, ...]
    kept: tuple[Widening, ...]
    used: frozenset[Lift]


def apply_grants(widenings: Iterable[Widening], inputs: Mapping[str, Contract]) -> Accepted:
    """Return which widenings of one product the contracts of its inputs lift: each duty and each column by itself."""
    lifted: list[Widening] = []
    kept: list[Widening] = []
    used: set[Lift] = set()
    for one in widenings:
        source = inputs[one.source.dataset]
        found = [lift for lift in lifts_of(source) if _covers(lift, one)]
        used.update(found)
        (lifted if found else kept).append(one)
    return Accepted(tuple(lifted), tuple(kept), frozenset(used))


def lifts_of(source: Contract) -> Iterator[Lift]:
    """Yield every single lift of a contract's grants that the owner of the product has made."""
    for grant in source.derivation_grants:
        if is_by_owner(grant, source):
            yield from (Lift(grant, source.port, c, Duty(duty)) for c in grant.columns for duty in grant.lifts)


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

    Rules: `grant-not-by-owner`, `grant-without-product`, `grant-without-effect`. `used` are the lifts that products
    needed; of a product that is not among `checked`, it is not known whether it needs them.
    """
    for grant in source.derivation_grants:
        reader = contracts.get(grant.product)
        if not is_by_owner(grant, source):
            allowed = ", ".join(deciders(source))
            yield grant, "grant-not-by-owner", f"{grant.by} does not own {source.port}. Allowed: {allowed}"
        elif reader is None:
            yield grant, "grant-without-product", f"there is no product {grant.product}. Remove the grant"
        else:
            yield from _problems_of_columns(grant, source, reader, used, checked)


def _problems_of_columns(
    grant: DerivationGrant, source: Contract, reader: Contract, used: Collection[Lift], checked: Collection[str]
) -> Iterator[tuple[DerivationGrant, str, str]]:
    names = {column.name for column in reader.columns}
    unknown = [column for column in grant.columns if column not in names]
    for column in unknown:
        yield grant, "grant-without-product", f"{grant.product} has no column {column}. Remove it from the grant"
    for duty in map(Duty, grant.lifts) if grant.product in checked else ():
        idle = [c for c in grant.columns if c in names and Lift(grant, source.port, c, duty) not in used]
        if idle:
            which = f"{', '.join(idle)} of {grant.product}"
            yield (
                grant,
                "grant-without-effect",
                f"{which} would keep the duty {duty} without the grant. Remove it there",
            )


def _covers(lift: Lift, widening: Widening) -> bool:
    return (lift.grant.product, lift.column, lift.duty) == (
        widening.target.dataset,
        widening.target.column,
        widening.duty,
    )
