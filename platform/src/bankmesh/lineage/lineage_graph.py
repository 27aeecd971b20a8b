"""The column lineage graph of the mesh: legacy files, landings and products of every domain, and their dependencies.

Datasets have logical names: a product is named by its port (`retail.party`, `retail.party@2`), a landing by domain,
system and object (`retail.landing.core_banking.account`), a legacy object by system and object
(`legacy.core_banking.account`). The column `*` of a dataset represents its rows: edges go to it from the columns that
decide which rows exist, and from it to every column of the dataset.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.lineage.landing_lineage import heading, landing_lineage
from bankmesh.lineage.model import ColumnRef, StepLineage, TransformationSubtype
from bankmesh.ports import latest, port_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.sources import LegacySystem

ROWS = "*"
NOT_THERE = "the published version does not have it"


@dataclass(frozen=True, order=True)
class Edge:
    """`target` depends on `source`."""

    source: ColumnRef
    target: ColumnRef
    how: TransformationSubtype
    masking: bool = False


@dataclass(frozen=True)
class Graph:
    """The lineage of all columns.

    Attributes:
        edges: every dependency, sorted.
        columns: every column of every dataset, without `*`.
        gaps: columns whose lineage could not be derived, with the reason.
        opaque: datasets made by a step that no plan describes.
        unknown: products without a version, or whose newest version has no recorded lineage.
    """

    edges: tuple[Edge, ...]
    columns: Mapping[str, tuple[str, ...]] = field(hash=False)
    gaps: Mapping[ColumnRef, str] = field(hash=False)
    opaque: frozenset[str]
    unknown: frozenset[str]


def landing_id(domain: str, system: str, name: str) -> str:
    """Return the dataset name of a landed legacy object."""
    return f"{domain}.landing.{system}.{name}"


def legacy_id(system: str, name: str) -> str:
    """Return the dataset name of a legacy object in its source system."""
    return f"legacy.{system}.{name}"


def recorded_graph(contracts: Iterable[Contract], systems: Mapping[str, Iterable[LegacySystem]], home: Path) -> Graph:
    """Return the graph of the published products, from the lineage recorded with each product's newest version.

    Args:
        contracts: of all domains.
        systems: the legacy systems by domain.
        home: the mesh home, which contains the ports.
    """
    steps: dict[str, StepLineage] = {}
    contracts = list(contracts)
    for contract in contracts:
        newest = latest(port_at(home, contract.product, contract.major))
        if newest is not None and newest.provenance.lineage is not None:
            steps[contract.port] = StepLineage.from_json(newest.provenance.lineage)
    return graph_of(contracts, systems, steps)


def graph_of(
    contracts: Iterable[Contract], systems: Mapping[str, Iterable[LegacySystem]], steps: Mapping[str, StepLineage]
) -> Graph:
    """Return the graph, given the lineage of each product's step by port name."""
    edges: set[Edge] = set()
    columns: dict[str, tuple[str, ...]] = {}
    gaps: dict[ColumnRef, str] = {}
    opaque: set[str] = set()
    unknown: set[str] = set()
    declared = {domain: list(of_domain) for domain, of_domain in systems.items()}
    for domain, of_domain in declared.items():
        for item in (o for system in of_domain for o in system.objects):
            landed, legacy = landing_id(domain, item.system, item.name), legacy_id(item.system, item.name)
            step = landing_lineage(item)
            columns[landed] = tuple(step.columns)
            columns[legacy] = tuple(heading(column) for column in item.in_file)
            edges |= set(_step_edges(step, landed, columns[landed], {f"{item.system}.{item.name}": legacy}))
    for contract in contracts:
        port = contract.port
        columns[port] = tuple(column.name for column in contract.columns)
        recorded = steps.get(port)
        if recorded is None:
            unknown.add(port)
            continue
        names = _names(declared.get(contract.domain, []), contract.domain)
        edges |= set(_step_edges(recorded, port, columns[port], names))
        missing = dict.fromkeys(set(columns[port]) - set(recorded.columns), NOT_THERE)
        gaps |= {ColumnRef(port, column): why for column, why in {**missing, **recorded.underivable}.items()}
        if recorded.is_opaque:
            opaque.add(port)
    return Graph(tuple(sorted(edges)), columns, gaps, frozenset(opaque), frozenset(unknown))


def _names(systems: Iterable[LegacySystem], domain: str) -> dict[str, str]:
    """Map the names that a step of the domain uses for its landings to their names in the graph."""
    return {
        f"{item.system}.{item.name}": landing_id(domain, item.system, item.name)
        for system in systems
        for item in system.objects
    }


def _step_edges(step: StepLineage, port: str, columns: Iterable[str], names: Mapping[str, str]) -> Iterator[Edge]:
    def named(ref: ColumnRef) -> ColumnRef:
        return ColumnRef(names.get(ref.dataset, ref.dataset), ref.column)

    rows = ColumnRef(port, ROWS)
    for column, found in step.columns.items():
        for d in found:
            yield Edge(named(d.source), ColumnRef(port, column), d.how, d.masking)
    for d in step.rows:
        yield Edge(named(d.source), rows, d.how, d.masking)
    for ref in step.opaque:
        yield Edge(named(ref), rows, TransformationSubtype.OPAQUE)
    if step.rows or step.opaque:
        for column in columns:
            yield Edge(
                rows,
                ColumnRef(port, column),
                TransformationSubtype.OPAQUE if step.opaque else TransformationSubtype.FILTER,
            )
