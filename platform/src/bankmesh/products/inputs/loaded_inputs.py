"""What loaded products read beside what their files show, and the cycles that this closes.

Names that a template or a macro writes are in no file of the product; its location knows them once it is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.products.inputs.input_stages import place_of_input
from bankmesh.products.loaded_products import loaded_products, workspace_folders
from bankmesh.workspace.product_consumers import Consumer, references_of, workspace_reads
from bankmesh.workspace.read_cycles import Cycles, find_cycles
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.workspace.read_cycles import CycleFaults


def hidden_reads(root: Path, contracts: Mapping[str, Contract], reads: Collection[Consumer]) -> list[Consumer]:
    """What the products that were loaded from a workspace read beside `reads`, which are found in files."""
    references = {reader for contract in contracts.values() for reader in references_of(contract)}
    seen = {(reader.port, reader.source) for reader in reads if reader not in references}
    folders = {port: folder.resolve() for port, folder in workspace_folders().items()}
    return [
        Consumer(port, source.ref, *place_of_input(source, product.code_files))
        for port, product in loaded_products().items()
        if port in contracts and folders[port].is_relative_to(root.resolve())
        for source in product.inputs.values()
        if (port, source.ref) not in seen
    ]


def find_read_cycles(
    contracts: Mapping[str, Contract], reads: Iterable[Consumer], hidden: Iterable[Consumer] = ()
) -> Cycles:
    """The products that wait for themselves, by `reads` of files, relationships among them, and `hidden` inputs."""
    references = {reader for contract in contracts.values() for reader in references_of(contract)}
    found = list(reads)
    inputs = [*(reader for reader in found if reader not in references), *hidden]
    return find_cycles(inputs, references.intersection(found), contracts)


def find_loaded_cycles(root: Path) -> Cycles:
    """The products of a workspace that wait for themselves, by their files and, of those loaded, by their code."""
    return _cycles(root)[1]


def find_hidden_cycles(root: Path) -> Cycles:
    """Those of them in whose group the files alone show no cycle."""
    shown, every = _cycles(root)
    return Cycles(tuple((group, cycles) for group, cycles in every.groups if not group & shown.ports))


def _cycles(root: Path) -> tuple[Cycles, Cycles]:
    """By files alone, and by the code of loaded products too."""
    contracts = {contract.port: contract for contract in readable_contracts(root)}
    reads = workspace_reads(root, contracts.values())
    hidden = hidden_reads(root, contracts, reads)
    shown = find_read_cycles(contracts, reads)
    return shown, find_read_cycles(contracts, reads, hidden) if hidden else shown


def cycle_through(product: ProductDefinition, root: Path) -> CycleFaults | None:
    """Why a product cannot be built before others that wait for it; None if it does not wait for itself."""
    cycles = find_loaded_cycles(root)
    return cycles.faults_of([product.contract.port]) if product.contract.port in cycles.ports else None
