"""Lineage of every product of a workspace, derived from its current code, whether it has been published or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import ColumnType
from bankmesh.errors import UnknownName
from bankmesh.lineage.lineage_graph import graph_of, landing_id
from bankmesh.lineage.model import ColumnRef
from bankmesh.products.product_definition import LegacyInput
from bankmesh.sources import COMPLETE_THROUGH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.lineage_graph import Graph
    from bankmesh.lineage.model import StepLineage
    from bankmesh.products.product_definition import Derivation, Input, ProductDefinition
    from bankmesh.sources import LegacySystem


@dataclass(frozen=True)
class WorkspaceLineage:
    """The lineage that the code of a workspace defines.

    Attributes:
        graph: the lineage graph of all columns.
        derivations: the derivation of each product, by port.
        names: by port, the transform's names of its inputs, and those of the graph.
    """

    graph: Graph
    derivations: Mapping[str, Derivation]
    names: Mapping[str, Mapping[str, str]]

    def way(self, port: str, source: ColumnRef, column: str) -> tuple[str, ...]:
        """Return the columns on the path from `source`, as the graph names it, to a product's, models included."""
        from_graph = {graph_name: own for own, graph_name in self.names.get(port, {}).items()}
        own = ColumnRef(from_graph.get(source.dataset, source.dataset), source.column)
        found = self.derivations.get(port)
        between = tuple(found.way(own, column))[1:-1] if found else ()
        return (str(source), *between, f"{port}.{column}")


def derive_workspace(
    products: Iterable[ProductDefinition],
    contracts: Iterable[Contract],
    systems: Mapping[str, Iterable[LegacySystem]],
) -> WorkspaceLineage:
    """Derive the lineage of loaded products. Raises UnknownName for an input that is not declared."""
    contracts = list(contracts)
    by_port = {contract.port: contract for contract in contracts}
    declared = {domain: list(of_domain) for domain, of_domain in systems.items()}
    derivations: dict[str, Derivation] = {}
    steps: dict[str, StepLineage] = {}
    names: dict[str, dict[str, str]] = {}
    for product in products:
        port = product.contract.port
        if port not in by_port or product.derive is None:
            continue
        derivation = product.derive(input_columns(product, by_port, declared))
        derivations[port] = derivation
        steps[port] = derivation.lineage.renamed({name: source.ref for name, source in product.inputs.items()})
        names[port] = {
            name: landing_id(s.domain, s.system, s.object) if isinstance(s, LegacyInput) else s.ref
            for name, s in product.inputs.items()
        }
    return WorkspaceLineage(graph_of(contracts, declared, steps), derivations, names)


def input_columns(
    product: ProductDefinition, contracts: Mapping[str, Contract], systems: Mapping[str, Iterable[LegacySystem]]
) -> dict[str, dict[str, ColumnType]]:
    """Return the columns of each input, from contracts and source declarations. Raises UnknownName for any other."""
    return {name: columns_of_input(source, contracts, systems) for name, source in product.inputs.items()}


def columns_of_input(
    source: Input, contracts: Mapping[str, Contract], systems: Mapping[str, Iterable[LegacySystem]]
) -> dict[str, ColumnType]:
    """Return the columns of one input, as `input_columns` finds them."""
    if not isinstance(source, LegacyInput):
        if source.ref not in contracts:
            raise UnknownName("product", source.ref, contracts)
        return {column.name: column.type for column in contracts[source.ref].columns}
    declared = {f"{item.system}.{item.name}": item for system in systems[source.domain] for item in system.objects}
    if source.ref not in declared:
        raise UnknownName("legacy object", source.ref, declared)
    return {column.name: column.type for column in declared[source.ref].columns} | {
        COMPLETE_THROUGH: ColumnType("date")
    }
