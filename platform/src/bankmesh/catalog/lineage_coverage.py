"""Lineage in contract coverage: the lineage of each column is either derived or listed as underivable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.coverage import Coverage
from bankmesh.errors import Place
from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.lineage_graph import Graph

_DERIVED = "lineage: derived from the transform; dagster: column lineage; OpenLineage: columnLineage"
_UNKNOWN = "no version with recorded lineage is published yet"
_OPAQUE = f"{_DERIVED}. The step is not a query: every column depends on all columns that it read"


def lineage_coverage(contract: Contract, graph: Graph) -> Iterator[Coverage]:
    """Yield one entry for each column of the contract, at the column's own line."""
    if contract.port in graph.unknown:
        yield Coverage("lineage", Place(contract.file, 1), None, _UNKNOWN)
        return
    where = _OPAQUE if contract.port in graph.opaque else _DERIVED
    for column in contract.columns:
        gap = graph.gaps.get(ColumnRef(contract.port, column.name))
        reason = f"underivable: {gap}" if gap else None
        yield Coverage(f"lineage.{column.name}", column.place, None if gap else where, reason)
