"""Index rows of recorded lineage: datasets, edges between columns, flows between datasets."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bankmesh.catalog.index import tables
from bankmesh.lineage.landing_lineage import heading
from bankmesh.lineage.lineage_graph import graph_of, landing_id, legacy_id
from bankmesh.lineage.model import StepLineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.catalog.index.index_rows import Row, Rows
    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.lineage_graph import Graph
    from bankmesh.ports import Publication
    from bankmesh.sources import LegacySystem

PRODUCT, LANDING, LEGACY = "product", "landing", "legacy"


def column_id(dataset: str, column: str) -> int:
    """Return a stable number for a column, a 64-bit hash of its name; collisions are practically impossible."""
    digest = hashlib.blake2b(f"{dataset}\0{column}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def product_lineage(
    contracts: Iterable[Contract],
    systems: Mapping[str, Iterable[LegacySystem]],
    newest: Mapping[str, Publication],
) -> Rows:
    """Return the rows of the lineage that the newest versions of these products, by port, recorded."""
    contracts = list(contracts)
    steps = {
        port: StepLineage.from_json(publication.provenance.lineage)
        for port, publication in newest.items()
        if publication.provenance.lineage is not None
    }
    ports = {contract.port: contract.domain for contract in contracts}
    graph = graph_of(contracts, systems, steps)
    flows = {
        (port, _dataset(name, ports[port], systems))
        for port, publication in newest.items()
        for name in publication.provenance.inputs
    }
    return _rows(graph, ports, flows) | {
        tables.datasets: [
            {
                "id": port,
                "kind": PRODUCT,
                "domain": domain,
                "opaque": port in graph.opaque,
                "lineage_known": port not in graph.unknown,
            }
            for port, domain in ports.items()
        ]
    }


def source_lineage(systems: Mapping[str, Iterable[LegacySystem]]) -> Rows:
    """Return the rows of landings and legacy objects, from source declarations."""
    graph = graph_of([], systems, {})
    items = [(domain, item) for domain, found in systems.items() for system in found for item in system.objects]
    landings = {landing_id(domain, item.system, item.name): (domain, item) for domain, item in items}
    # Several domains may read a legacy object, so it belongs to none.
    legacy = {legacy_id(item.system, item.name): (None, item) for _, item in items}
    described = {(dataset, column.name): column for dataset, (_, item) in landings.items() for column in item.columns}
    described |= {
        (dataset, heading(column)): column for dataset, (_, item) in legacy.items() for column in item.in_file
    }
    columns: list[Row] = [
        {
            "dataset": dataset,
            "position": position,
            "name": name,
            "type": str(column.type) if column else "date",
            "description": column.description if column else "",
            "classification": column.classification.label if column else "internal",
            "required": bool(column and column.required),
            "key_position": None,
            "tags": [],
        }
        for dataset, names in graph.columns.items()
        for position, name in enumerate(names, start=1)
        for column in [described.get((dataset, name))]
    ]
    datasets = [
        {"id": dataset, "kind": kind, "domain": domain, "opaque": False, "lineage_known": True}
        for kind, found in ((LANDING, landings), (LEGACY, legacy))
        for dataset, (domain, _) in found.items()
    ]
    return _rows(graph, landings, set()) | {tables.datasets: datasets, tables.columns: columns}


def _rows(graph: Graph, targets: Iterable[str], flows: set[tuple[str, str]]) -> Rows:
    wanted = set(targets)
    edges = [edge for edge in graph.edges if edge.target.dataset in wanted]
    flows = flows | {
        (edge.target.dataset, edge.source.dataset) for edge in edges if edge.source.dataset != edge.target.dataset
    }
    return {
        tables.edges: [
            {
                "target_id": column_id(edge.target.dataset, edge.target.column),
                "source_id": column_id(edge.source.dataset, edge.source.column),
                "how": edge.how.value,
                "masking": edge.masking,
                "source_dataset": edge.source.dataset,
                "source_column": edge.source.column,
                "target_dataset": edge.target.dataset,
                "target_column": edge.target.column,
            }
            for edge in edges
        ],
        tables.flows: [{"target": target, "source": source} for target, source in sorted(flows)],
        tables.gaps: [
            {"dataset": ref.dataset, "column_name": ref.column, "reason": reason} for ref, reason in graph.gaps.items()
        ],
    }


def _dataset(name: str, domain: str, systems: Mapping[str, Iterable[LegacySystem]]) -> str:
    """Return the dataset of an input in the snapshot vector, which names landings of its own domain `system.object`."""
    system, _, item = name.partition(".")
    if any(known.name == system for known in systems.get(domain, ())):
        return landing_id(domain, system, item)
    return name
