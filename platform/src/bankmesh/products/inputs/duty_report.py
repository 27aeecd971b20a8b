"""The duties of one product to the products that it reads: what its lineage widens, and what it may not read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.duties.column_flows import find_flows, find_identities, find_reordered
from bankmesh.access.duties.duty_faults import refusal_faults, widening_faults
from bankmesh.access.duties.grant_lifts import apply_grants
from bankmesh.access.duties.model import ProductFlow
from bankmesh.access.duties.principal_check import find_refused_reads
from bankmesh.access.duties.widening_search import find_widenings
from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.errors import BankmeshError, Place
from bankmesh.lineage.model import ColumnRef
from bankmesh.products.inputs.input_stages import place_of_input
from bankmesh.products.product_definition import ProductInput
from bankmesh.products.workspace_lineage import input_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bankmesh.access.duties.grant_lifts import AcceptedWidenings
    from bankmesh.access.duties.model import Decide, Way
    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Fault
    from bankmesh.lineage.model import StepLineage
    from bankmesh.products.product_definition import Derivation, ProductDefinition
    from bankmesh.sources import LegacySystem


@dataclass(frozen=True)
class WorkspaceAccess:
    """What duties are compared by: the contracts of the workspace by port, its readers, and the decisions."""

    contracts: Mapping[str, Contract]
    registry: ReaderRegistry
    decide: Decide


@dataclass(frozen=True)
class DutyReport:
    """The duties of one product: what flows into it, what that widens, and the faults that no grant lifts."""

    flow: ProductFlow
    widenings: AcceptedWidenings
    faults: tuple[Fault, ...]
    way: Way


def has_duties(product: ProductDefinition) -> bool:
    """Whether a product reads another one, or looks values up in one."""
    return bool(read_ports(product))


def read_ports(product: ProductDefinition) -> frozenset[str]:
    """Return the ports that a product reads: its inputs, and those that its relationships look values up in."""
    rules = (clause.rule for clause in product.contract.clauses)
    return frozenset({*_input_ports(product), *(r.product for r in rules if isinstance(r, MissingReferences))})


def related_contracts(product: ProductDefinition, contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    """Return the contracts that a product's duties depend on, by port: its own, and of all that it reads."""
    ports = {product.contract.port, *read_ports(product)}
    return {port: contracts[port] for port in sorted(ports) if port in contracts}


def _input_ports(product: ProductDefinition) -> set[str]:
    return {source.ref for source in product.inputs.values() if isinstance(source, ProductInput)}


def derive_product(
    product: ProductDefinition, contracts: Mapping[str, Contract], systems: Mapping[str, Iterable[LegacySystem]]
) -> Derivation | None:
    """Return the derivation of a product's columns; None if its code does not show any, or if it reads no product.

    The code of a product may fail in any way when it is read; its columns then count as made from all that it reads.
    """
    if product.derive is None or not _input_ports(product):
        return None
    try:
        return product.derive(input_columns(product, contracts, systems))
    except (BankmeshError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return None


def named_lineage(product: ProductDefinition, derivation: Derivation | None) -> StepLineage | None:
    """Return the lineage of a derivation under the names of the snapshot vector."""
    if derivation is None:
        return None
    return derivation.lineage.renamed({name: source.ref for name, source in product.inputs.items()})


def report_duties(
    product: ProductDefinition,
    lineage: StepLineage | None,
    derivation: Derivation | None,
    access: WorkspaceAccess,
    declared_in: Sequence[Path] = (),
) -> DutyReport:
    """Return the duties of a product by its lineage, which names its inputs as the snapshot vector does.

    Args:
        product: the product; inputs without a contract have faults of their own, and are left out.
        lineage: of the code or of a build; None counts every column as made from all that is read.
        derivation: for the columns on the way within the product's code.
        access: contracts, readers and decisions of the workspace.
        declared_in: the files that declare the inputs; by default the product's code.
    """
    contract = product.contract
    inputs = {port: access.contracts[port] for port in sorted(_input_ports(product)) if port in access.contracts}
    columns = [column.name for column in contract.columns]
    read = {port: [column.name for column in source.columns] for port, source in inputs.items()}
    flow = ProductFlow(
        contract,
        inputs,
        find_flows(lineage, columns, read),
        find_identities(lineage, columns, read.keys()),
        find_reordered(lineage),
    )
    widenings = apply_grants(find_widenings(flow, access.registry, access.decide), inputs)
    refused = find_refused_reads(flow, access.contracts, access.registry, access.decide)
    files = declared_in or product.code_files
    places = {
        source.ref: Place(*place_of_input(source, files))
        for source in product.inputs.values()
        if isinstance(source, ProductInput)
    }
    way = _way(product, derivation)
    faults = [
        *refusal_faults(contract, access.contracts, refused, places),
        *widening_faults(contract, inputs, widenings.kept, way),
    ]
    return DutyReport(flow, widenings, tuple(sorted(faults)), way)


def _way(product: ProductDefinition, derivation: Derivation | None) -> Way:
    names = {source.ref: name for name, source in product.inputs.items()}

    def way(source: ColumnRef, column: str) -> tuple[str, ...]:
        own = ColumnRef(names.get(source.dataset, source.dataset), source.column)
        between = tuple(derivation.way(own, column))[1:-1] if derivation else ()
        return (str(source), *between, f"{product.contract.port}.{column}")

    return way
