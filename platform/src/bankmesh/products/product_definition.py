"""The definition of a product for the operation: a contract, the inputs that its transform reads, and its code.

The functions here parse and build names; they do no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bankmesh.contracts.model import ColumnType
from bankmesh.names import PortName, landing_asset, parse_port_name

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.model import ColumnRef, StepLineage


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

    @property
    def asset(self) -> str:
        """Its asset key as one text: `retail/party`, `retail/party/v2`."""
        return self.port.asset


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

    @property
    def asset(self) -> str:
        """The asset key of its landing as one text."""
        return landing_asset(self.domain, self.system, self.object)


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
CheckDuties = Callable[["StepLineage"], tuple[str, ...]]
"""Returns what a build widens, by its lineage under the names of the snapshot vector, beyond what its inputs allow."""


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
    `check_duties` checks the lineage of each build before it is published; None outside a workspace.
    """

    contract: Contract
    inputs: dict[str, Input]
    engine: str  # dbt | polars
    code_version: str
    code_files: tuple[Path, ...]
    derive: Derive | None = None
    unrepeatable: tuple[str, ...] = ()
    partition_inputs: Mapping[str, PartitionInput] = field(default_factory=dict)
    check_duties: CheckDuties | None = None

    @property
    def asset(self) -> str:
        """Its asset key as one text: `retail/party`, `retail/party/v2`."""
        return self.contract.port_name.asset


def product_input(text: str) -> ProductInput:
    """Read `domain.product` or `domain.product@2`. Raises ValueError if the text is neither."""
    try:
        name = parse_port_name(text)
    except ValueError as error:
        message = f"{text!r} is not an input: write domain.product, domain.product@MAJOR or system.object"
        raise ValueError(message) from error
    return ProductInput(name.domain, name.product, name.major)


def parse_input(text: str, domain: str, systems: frozenset[str]) -> Input:
    """Read `domain.product`, `domain.product@2` or, for a system of this domain, `system.object`.

    Raises ValueError if the text is none of these.
    """
    named = product_input(text)
    return LegacyInput(domain, named.domain, named.name) if named.domain in systems else named
