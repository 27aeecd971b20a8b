"""The check of `mesh lineage check`: losses of confidentiality in a workspace, and their report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Classification
from bankmesh.lineage.confidentiality import assumed_edges, find_losses
from bankmesh.lineage.landing_lineage import heading
from bankmesh.lineage.lineage_graph import landing_id, legacy_id, recorded_graph
from bankmesh.lineage.model import ColumnRef
from bankmesh.orchestration.code_locations import load_products
from bankmesh.products.workspace_lineage import derive_workspace
from bankmesh.workspace.workspace_contracts import workspace_contracts
from bankmesh.workspace.workspace_graph import workspace_systems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.confidentiality import ConfidentialityLoss
    from bankmesh.lineage.lineage_graph import Edge, Graph
    from bankmesh.products.workspace_lineage import WorkspaceLineage
    from bankmesh.settings import Settings
    from bankmesh.sources import LegacySystem


@dataclass(frozen=True)
class ConfidentialityReport:
    """The result: losses, each with its path and the place of the lower column; declassifications; the graph."""

    losses: tuple[tuple[ConfidentialityLoss, tuple[str, ...], str], ...]
    declassified: tuple[tuple[ColumnRef, str], ...]
    graph: Graph


def check_workspace(settings: Settings) -> ConfidentialityReport:
    """Derive the lineage of every product from its code and check it against the classifications.

    For a product made by an opaque step, the code shows only a part of the lineage, so the lineage recorded with its
    newest published version, if any, is checked too. A column without known lineage counts as made from every column
    read.
    """
    contracts, systems = workspace_contracts(settings.root), workspace_systems(settings.root)
    derived = derive_workspace(load_products(settings.root).values(), contracts, systems)
    recorded = recorded_graph(contracts, systems, settings.home)
    also = {edge for edge in recorded.edges if edge.target.dataset in derived.graph.opaque}
    levels = classes(contracts, systems)
    graph = replace(derived.graph, edges=tuple(sorted({*derived.graph.edges, *also, *_assumed(derived, levels)})))
    by_port = {contract.port: contract for contract in contracts}
    given = {
        ColumnRef(contract.port, column.name): f"{found.method}, proven by {found.rule}"
        for contract in contracts
        for column in contract.columns
        if (found := column.declassification)
    }
    losses = find_losses(graph, levels, given)
    placed: list[tuple[ConfidentialityLoss, tuple[str, ...], str]] = []
    for loss in losses:
        contract = by_port.get(loss.target.dataset)
        if contract is None:
            placed.append((loss, (str(loss.source), str(loss.target)), "its source declaration"))
            continue
        way = derived.way(contract.port, loss.source, loss.target.column)
        placed.append((loss, way, str(contract.column(loss.target.column).place)))
    return ConfidentialityReport(tuple(placed), tuple(sorted(given.items())), graph)


def _assumed(derived: WorkspaceLineage, levels: Mapping[ColumnRef, Classification]) -> Iterator[Edge]:
    gaps: dict[str, list[str]] = {}
    for ref in derived.graph.gaps:
        gaps.setdefault(ref.dataset, []).append(ref.column)
    for port, columns in gaps.items():
        inputs = set(derived.names.get(port, {}).values())
        read = [ref for ref in levels if ref.dataset in inputs]
        yield from assumed_edges(port, columns, read, levels)


def classes(
    contracts: Iterable[Contract], systems: Mapping[str, Iterable[LegacySystem]]
) -> dict[ColumnRef, Classification]:
    """Return the declared classification of each column of every product, landing and legacy object."""
    found = {ColumnRef(c.port, column.name): column.classification for c in contracts for column in c.columns}
    for domain, of_domain in systems.items():
        for item in (o for system in of_domain for o in system.objects):
            for column in item.columns:
                found[ColumnRef(landing_id(domain, item.system, item.name), column.name)] = column.classification
            for column in item.in_file:
                found[ColumnRef(legacy_id(item.system, item.name), heading(column))] = column.classification
    return found


def lines(found: ConfidentialityReport) -> Iterator[str]:
    """Yield one paragraph for each loss, and a summary."""
    for loss, way, place in found.losses:
        yield (
            f"{place}: {loss.target} is {loss.target_class.label}, but its values come from {loss.source}, "
            f"which is {loss.source_class.label}: {' -> '.join(way)}"
        )
    if found.losses:
        yield (
            "Classify each column at least as high, or give it a `declassification` with its method and the contract "
            "rule that proves it on the data."
        )
    for ref, why in sorted(found.graph.gaps.items()):
        yield f"underivable: {ref}: {why}"
    yield (
        f"{len(found.losses)} {'loss' if len(found.losses) == 1 else 'losses'} of confidentiality; "
        f"{len(found.declassified)} columns declassified by a rule, "
        f"{len(found.graph.gaps)} underivable; {len(found.graph.opaque)} products made by an opaque step"
    )


def as_json(found: ConfidentialityReport) -> dict[str, Any]:
    """Return the result as plain values for `--json`."""
    return {
        "losses": [
            {
                "column": str(loss.target),
                "classification": loss.target_class.label,
                "source": str(loss.source),
                "source_classification": loss.source_class.label,
                "path": list(way),
                "place": place,
            }
            for loss, way, place in found.losses
        ],
        "declassified": [{"column": str(ref), "by": by} for ref, by in found.declassified],
        "underivable": {str(ref): why for ref, why in sorted(found.graph.gaps.items())},
        "opaque": sorted(found.graph.opaque),
    }
