"""The definition of a product for the operation: a contract, the inputs that its transform reads, and its code.

The functions here parse and build names; they do no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.contracts.model import ColumnType
from bankmesh.names import PortName, parse_port_name

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.model import ColumnRef, StepLineage


NOT_DELIVERED = "not delivered"
"""Outcome of a landing, and data version of a legacy object, if the exports hold nothing of its system."""


UNREADABLE_INPUT = "unreadable input"
"""Metadata of a failed step: the asset key of the input with nothing to read, which is why the step failed."""


@dataclass(frozen=True, order=True)
class ProductInput:
    """A published product, read through its port.

    An input without a major is the first major, so that the columns of a transform do not change with a newer one.
    """

    domain: str
    name: str
    major: int = 1

    @property
    def ref(self) -> str:
        """Its name in the snapshot vector and in messages: `retail.party`, `retail.party@2`."""
        return str(self.port)

    @property
    def port(self) -> PortName:
        """The name of the port."""
        return PortName(self.domain, self.name, self.major)


@dataclass(frozen=True, order=True)
class LegacyInput:
    """A landed legacy object of the product's own domain."""

    domain: str
    system: str
    object: str

    @property
    def ref(self) -> str:
        """Its name in the snapshot vector and in messages: `core_banking.account`."""
        return f"{self.system}.{self.object}"


Input = ProductInput | LegacyInput
InputColumns = Mapping[str, Mapping[str, ColumnType]]
"""Columns with their types, for each input by the name that the transform gives it."""


@dataclass(frozen=True)
class Derivation:
    """The lineage of a product's columns, derived from its code.

    Attributes:
        lineage: by the names that the transform gives its inputs.
        way: the columns on the path from an input's column to one of the product, ends included.
    """

    lineage: StepLineage
    way: Callable[[ColumnRef, str], Sequence[str]]


Derive = Callable[[InputColumns], Derivation]


class InputCompleteness(StrEnum):
    """How the rows of a partition depend on the day up to which a landing is complete."""

    VALUE = "value"
    """In any way: when that day moves, every partition is built."""
    BY_DAY = "by_day"
    """Each row only compares it with its own day, as `booking_date <= complete_through` does."""


@dataclass(frozen=True)
class PartitionInput:
    """An input of which a row affects only the partition that its `column`, a date, lies in.

    Attributes:
        column: the input's column, as landed or published.
        complete_through: how the rows depend on the landing's `complete_through`.
    """

    column: str
    complete_through: InputCompleteness = InputCompleteness.VALUE


@dataclass(frozen=True)
class ProductDefinition:
    """A product as its component defines it: `inputs` by the name that the transform gives them.

    `derive` derives the lineage of its columns from the code alone, given the columns of each input. `unrepeatable`
    holds the reasons why the same inputs may give other rows, or another gate result; such a product is always built.
    `partition_inputs` are, by reference, the inputs of which a partition reads only the rows of that partition.
    """

    contract: Contract
    inputs: dict[str, Input]
    engine: str  # dbt | polars
    code_version: str
    code_files: tuple[Path, ...]
    derive: Derive | None = None
    unrepeatable: tuple[str, ...] = ()
    partition_inputs: Mapping[str, PartitionInput] = field(default_factory=dict)

    @property
    def key(self) -> dg.AssetKey:
        """`[domain, product]` for the first major, `[domain, product, v2]` for the second."""
        return product_key(self.contract.domain, self.contract.name, self.contract.major)


def product_input(text: str) -> ProductInput:
    """Read `domain.product` or `domain.product@2`. Raises ValueError if the text is neither."""
    try:
        name = parse_port_name(text)
    except ValueError as error:
        message = f"{text!r} is not an input: write domain.product, domain.product@MAJOR or system.object"
        raise ValueError(message) from error
    return ProductInput(name.domain, name.product, name.major)


def product_key(domain: str, name: str, major: int | None = None) -> dg.AssetKey:
    """Return the asset key of a product's port."""
    return dg.AssetKey(PortName(domain, name, major or 1).asset_path)


def legacy_key(system: str, name: str) -> dg.AssetKey:
    """Return the asset key of a legacy object, which more than one domain may read.

    The last part names the system too, because the asset graph shows nothing else.
    """
    return dg.AssetKey(["legacy", f"{system}_{name}"])


def landing_key(domain: str, system: str, name: str) -> dg.AssetKey:
    """Return the asset key of a landed legacy object, internal to its domain."""
    return dg.AssetKey([domain, "landing", f"{system}_{name}"])


def input_key(source: Input) -> dg.AssetKey:
    """Return the key of the asset that an input comes from."""
    if isinstance(source, ProductInput):
        return product_key(source.domain, source.name, source.major)
    return landing_key(source.domain, source.system, source.object)


def parse_input(text: str, domain: str, systems: frozenset[str]) -> Input:
    """Read `domain.product`, `domain.product@2` or, for a system of this domain, `system.object`.

    Raises ValueError if the text is none of these.
    """
    named = product_input(text)
    return LegacyInput(domain, named.domain, named.name) if named.domain in systems else named
