"""The confidentiality rule: no column may be classified below a confidential column that its values come from.

A column with a DIRECT dependency on a confidential or restricted column is classified at least as high, or has a
declassification that a clause of its contract proves on the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.lineage.lineage_graph import Edge
from bankmesh.lineage.model import ColumnRef, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bankmesh.lineage.lineage_graph import Graph
    from bankmesh.lineage.model import StepLineage


@dataclass(frozen=True, order=True)
class ConfidentialityLoss:
    """A column that is classified below one that its values come from."""

    source: ColumnRef
    target: ColumnRef
    source_class: Classification
    target_class: Classification


def find_losses(
    graph: Graph, classes: Mapping[ColumnRef, Classification], declassified: Collection[ColumnRef]
) -> tuple[ConfidentialityLoss, ...]:
    """Return every edge on which confidentiality is lost, sorted.

    Single steps are enough: if each step keeps the rule, every path does. Columns without a known class belong to
    undeclared datasets and are left out.
    """
    return _losses(graph.edges, classes, declassified)


def find_step_losses(
    lineage: StepLineage, port: str, classes: Mapping[ColumnRef, Classification], declassified: Collection[ColumnRef]
) -> tuple[ConfidentialityLoss, ...]:
    """Return the losses of one step, sorted.

    `classes` has the columns of its inputs, under the names that the lineage uses, and the columns that the port
    promises. A promised column whose lineage is not known counts as made from every column read.
    """
    promised = sorted(ref.column for ref in classes if ref.dataset == port)
    gaps = [name for name in promised if name in lineage.underivable or name not in lineage.columns]
    derived = [
        Edge(found.source, ColumnRef(port, column), found.how, found.masking)
        for column, dependencies in lineage.columns.items()
        for found in dependencies
    ]
    read = [ref for ref in classes if ref.dataset != port]
    return _losses([*derived, *assumed_edges(port, gaps, read, classes)], classes, declassified)


def assumed_edges(
    port: str, gaps: Iterable[str], read: Iterable[ColumnRef], classes: Mapping[ColumnRef, Classification]
) -> Iterator[Edge]:
    """Yield, for each column without known lineage, an edge from the most confidential column that its step reads.

    Such a column counts as made from all columns read; the less confidential ones require nothing more.
    """
    highest = min(read, key=lambda ref: (-classes.get(ref, Classification.PUBLIC), ref), default=None)
    if highest is not None:
        yield from (Edge(highest, ColumnRef(port, column), TransformationSubtype.TRANSFORMATION) for column in gaps)


def _losses(
    edges: Iterable[Edge], classes: Mapping[ColumnRef, Classification], declassified: Collection[ColumnRef]
) -> tuple[ConfidentialityLoss, ...]:
    losses = {
        ConfidentialityLoss(edge.source, edge.target, classes[edge.source], classes[edge.target])
        for edge in edges
        if edge.how.kind is TransformationType.DIRECT
        and edge.source in classes
        and edge.target in classes
        and edge.target not in declassified
        and classes[edge.source] >= Classification.CONFIDENTIAL
        and classes[edge.target] < classes[edge.source]
    }
    return tuple(sorted(losses))
