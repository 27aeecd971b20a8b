"""The rule that no product reads a proposed or retired one: its code location fails to load, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import FaultsFound
from bankmesh.products.dbt.dbt_models import source_name
from bankmesh.products.product_definition import ProductInput
from bankmesh.workspace.product_consumers import Consumer, closed_input, line_of_input, references_of
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.products.product_definition import Input, ProductDefinition


def refuse_closed_inputs(product: ProductDefinition, declared_in: Sequence[Path], root: Path) -> None:
    """Raise FaultsFound (`input-without-port`) if the product reads a product that is proposed or retired.

    Args:
        product: the product with its inputs, including those that its relationships look values up in.
        declared_in: the files that declare the inputs.
        root: the workspace's folder.
    """
    contracts = {contract.port: contract for contract in readable_contracts(root)}
    closed = {port for port, contract in contracts.items() if not contract.status.has_port}
    faults = [
        closed_input(contracts.get(reader.source), reader)
        for reader in _readers(product, declared_in)
        if reader.source in closed
    ]
    if faults:
        raise FaultsFound([fault for fault in faults if fault is not None])


def _readers(product: ProductDefinition, declared_in: Sequence[Path]) -> Iterator[Consumer]:
    port = product.contract.port
    for source in product.inputs.values():
        if isinstance(source, ProductInput):
            yield Consumer(port, source.ref, *place_of_input(source, declared_in))
    yield from references_of(product.contract)


def place_of_input(source: Input, files: Sequence[Path]) -> tuple[str, int]:
    """Return file and line that read the source; the first file, as a whole, where no line is found."""
    name = source_name(source) if isinstance(source, ProductInput) else source.ref
    schema, table = name.split(".")
    for file in filter(Path.is_file, files):
        line = line_of_input(file.read_text(encoding="utf-8"), schema, table, source.ref)
        if line is not None:
            return str(file), line
    return str(files[0]), 0
