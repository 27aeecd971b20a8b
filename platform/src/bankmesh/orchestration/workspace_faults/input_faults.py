"""Faults of inputs, over all domains: inputs that do not exist, and products that depend on themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import Fault
from bankmesh.products.inputs.loaded_inputs import find_read_cycles

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bankmesh.contracts.model import Contract
    from bankmesh.workspace.product_consumers import Consumer

UNKNOWN_INPUT = "unknown-input"


def unknown_inputs(
    reads: Sequence[Consumer],
    declared: Collection[str],
    systems: Mapping[str, Mapping[str, Collection[str] | None]],
) -> Iterator[Fault]:
    """Yield faults of reads of a product without contract, or of a legacy object that its system does not declare.

    Args:
        reads: the reads of all domains.
        declared: the ports that have a contract.
        systems: domain to legacy system to its objects; None where the declaration has faults of its own.
    """
    for reader in reads:
        domain = reader.port.partition(".")[0]
        left, _, right = reader.source.partition(".")
        of_domain = systems.get(domain, {})
        if left in of_domain:
            objects = of_domain[left]
            if objects is not None and right not in objects:
                hint = nearest(right, objects)
                yield _fault(reader, f"{left} declares no object {right}.{hint} Known: {', '.join(sorted(objects))}")
        elif reader.source not in declared:
            known = [*declared, *(f"{name}.{item}" for name, items in of_domain.items() for item in items or ())]
            yield _fault(reader, _without_contract(reader.source, nearest(reader.source, known)))


def _without_contract(source: str, hint: str) -> str:
    if hint:
        return f"there is no contract of {source}.{hint}"
    return f"there is no contract of {source}. Restore it, or read another product"


def _fault(reader: Consumer, problem: str) -> Fault:
    return Fault(reader.file, reader.line, UNKNOWN_INPUT, f"{reader.port} reads {reader.source}, but {problem}")


def input_cycles(reads: Sequence[Consumer], contracts: Mapping[str, Contract]) -> tuple[Fault, ...]:
    """Return the faults of products that depend on one another in a cycle, by their files."""
    return find_read_cycles(contracts, reads).faults
