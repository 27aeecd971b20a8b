"""Inputs of loaded products that their files do not show, and the cycles that these inputs close.

Names that a template or a macro generates are in no file of the product; they are known once its location is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.products.inputs.input_stages import place_of_input
from bankmesh.workspace.product_consumers import Consumer, references_of, workspace_reads
from bankmesh.workspace.read_cycles import Cycles, find_cycles
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.workspace.read_cycles import CycleFaults


def hidden_reads(
    products: Iterable[ProductDefinition], contracts: Mapping[str, Contract], reads: Collection[Consumer]
) -> list[Consumer]:
    """Return what loaded products read besides `reads`, which are found in files."""
    references = {reader for contract in contracts.values() for reader in references_of(contract)}
    seen = {(reader.port, reader.source) for reader in reads if reader not in references}
    return [
        Consumer(product.contract.port, source.ref, *place_of_input(source, product.code_files))
        for product in products
        if product.contract.port in contracts
        for source in product.inputs.values()
        if (product.contract.port, source.ref) not in seen
    ]


def find_read_cycles(
    contracts: Mapping[str, Contract], reads: Iterable[Consumer], hidden: Iterable[Consumer] = ()
) -> Cycles:
    """Return the products that depend on themselves, by `reads` of files and relationships, and by `hidden` inputs."""
    references = {reader for contract in contracts.values() for reader in references_of(contract)}
    found = list(reads)
    inputs = [*(reader for reader in found if reader not in references), *hidden]
    return find_cycles(inputs, references.intersection(found), contracts)


def find_loaded_cycles(root: Path, products: Iterable[ProductDefinition]) -> Cycles:
    """Return the products of a workspace that depend on themselves, by its files and by the code of these products."""
    return _cycles(root, products)[1]


def find_hidden_cycles(root: Path, products: Iterable[ProductDefinition]) -> Cycles:
    """Return those of them in whose group the files alone show no cycle."""
    shown, every = _cycles(root, products)
    return Cycles(tuple((group, cycles) for group, cycles in every.groups if not group & shown.ports))


def _cycles(root: Path, products: Iterable[ProductDefinition]) -> tuple[Cycles, Cycles]:
    """Return the cycles by files alone, and by the code of loaded products too."""
    contracts = {contract.port: contract for contract in readable_contracts(root)}
    reads = workspace_reads(root, contracts.values())
    hidden = hidden_reads(products, contracts, reads)
    shown = find_read_cycles(contracts, reads)
    return shown, find_read_cycles(contracts, reads, hidden) if hidden else shown


def cycle_through(product: ProductDefinition, others: Iterable[ProductDefinition], root: Path) -> CycleFaults | None:
    """Return why a product cannot be built before others that depend on it; None if it does not depend on itself."""
    cycles = find_loaded_cycles(root, [*others, product])
    return cycles.faults_of([product.contract.port]) if product.contract.port in cycles.ports else None
