"""Whether confidentiality is kept on the way: a column that values come from must not be above the one they go to.

The rule of a mesh: a column derived DIRECTly from a confidential or restricted one is classified at least as high, or
carries a declassification that a clause of its contract proves on the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.lineage.model import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bankmesh.lineage.graph import Graph
    from bankmesh.lineage.model import ColumnRef


@dataclass(frozen=True, order=True)
class Loss:
    """A column that is classified below one that its values come from."""

    source: ColumnRef
    target: ColumnRef
    source_class: Classification
    target_class: Classification


def find_losses(
    graph: Graph, classes: Mapping[ColumnRef, Classification], declassified: Collection[ColumnRef]
) -> tuple[Loss, ...]:
    """Every step on which confidentiality is lost, sorted.

    It is enough to look at single steps: where each keeps it, every way does. Columns whose class is not known are of
    datasets that nobody has declared, and are left out.
    """
    losses = {
        Loss(edge.source, edge.target, classes[edge.source], classes[edge.target])
        for edge in graph.edges
        if edge.how.kind is Kind.DIRECT
        and edge.source in classes
        and edge.target in classes
        and edge.target not in declassified
        and classes[edge.source] >= Classification.CONFIDENTIAL
        and classes[edge.target] < classes[edge.source]
    }
    return tuple(sorted(losses))
