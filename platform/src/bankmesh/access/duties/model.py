"""Duties along lineage as plain frozen values: which column comes from which, and where a product widens access.

A product owes four *duties* to each product that it reads: its purposes, audience, masks and row filters may be no
wider than those of the input. A *widening* is a column that does not keep one of them. The owner of the input can lift
duties by a derivation grant in the input's contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bankmesh.access.model import AccessDecision, Principal
from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Place
    from bankmesh.lineage.model import TransformationSubtype

Decide = Callable[[Principal, str, str], AccessDecision]
"""Decides about reads of a port for a purpose by a principal; never raises for a refusal."""

Way = Callable[[ColumnRef, str], Sequence[str]]
"""Returns the columns on the path from a column of an input to one of the product, ends included."""


class Duty(StrEnum):
    """What a product owes to its input, as derivation grants name it under `lifts`."""

    PURPOSES = "purposes"
    AUDIENCE = "audience"
    MASKS = "masks"
    ROWS = "rows"


@dataclass(frozen=True, order=True)
class ColumnFlow:
    """A dependency of one column of a product on a column of an input, or on the input's rows (column `*`).

    `ways` are all the ways in which it depends on it, sorted.
    """

    source: ColumnRef
    target: str
    ways: tuple[TransformationSubtype, ...]


@dataclass(frozen=True)
class ProductFlow:
    """One product with everything that flows into its columns from other products.

    Attributes:
        contract: the product's contract.
        inputs: the contracts of the products that it reads, by port.
        flows: what flows into its columns, sorted.
        identities: its columns that carry a column of an input unchanged, row by row.
        reordered: its columns whose values are moved to other rows.
    """

    contract: Contract
    inputs: Mapping[str, Contract]
    flows: tuple[ColumnFlow, ...]
    identities: Mapping[str, ColumnRef] = field(default_factory=dict)
    reordered: frozenset[str] = frozenset()


@dataclass(frozen=True, order=True)
class Widening:
    """A column of a product that does not keep a duty of its input.

    Attributes:
        target: the column of the product.
        source: the column of the input; `*` for its rows.
        duty: the duty.
        roles: the roles that gain by it, as a reader holds them; empty for the duty `purposes`.
        purpose: the purpose for which they gain.
        given: what the product gives them, in words.
        allowed: what the input allows, in words.
    """

    target: ColumnRef
    source: ColumnRef
    duty: Duty
    roles: tuple[str, ...]
    purpose: str
    given: str
    allowed: str


@dataclass(frozen=True, order=True)
class RefusedRead:
    """A column of an input, or of the target of a relationship, that the product as a principal may not read.

    `place` is the relationship's position in the contract; None for an input of the transform.
    """

    source: ColumnRef
    purpose: str
    problem: str
    place: Place | None = None


@dataclass(frozen=True, order=True)
class Lift:
    """One duty to one source that its owner lifts from one column of a product; both are named by their ports."""

    source: str
    product: str
    column: str
    duty: Duty
