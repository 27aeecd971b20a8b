"""Traversal of the column graph: the sources of a column, its dependents, and the path between two columns."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bankmesh.errors import UnknownName
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import ColumnRef, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.lineage.lineage_graph import Edge, Graph


class Direction(StrEnum):
    """Which way to walk."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True)
class Traversal:
    """Everything that was reached from `start`, nearest first.

    Attributes:
        edges: the traversed edges, each once.
        depth: number of steps to each column; `*` of a dataset counts like its columns.
    """

    start: tuple[ColumnRef, ...]
    direction: Direction
    edges: tuple[Edge, ...]
    depth: Mapping[ColumnRef, int]

    @property
    def columns(self) -> tuple[ColumnRef, ...]:
        """The reached columns, nearest first, without the start and without `*`."""
        found = [ref for ref in self.depth if ref not in self.start and ref.column != ROWS]
        return tuple(sorted(found, key=lambda ref: (self.depth[ref], ref)))


def find_columns(graph: Graph, name: str) -> tuple[ColumnRef, ...]:
    """Return the column `dataset.column`, or all columns of `dataset`. Raises UnknownName, which lists known names."""
    if name in graph.columns:
        return tuple(ColumnRef(name, column) for column in graph.columns[name])
    dataset, _, column = name.rpartition(".")
    if dataset in graph.columns:
        if column in graph.columns[dataset]:
            return (ColumnRef(dataset, column),)
        raise UnknownName(f"column of {dataset}", column, graph.columns[dataset])
    raise UnknownName("dataset", dataset if "." in dataset else name, graph.columns)


EVERY_WAY = frozenset(TransformationSubtype)
VALUES = frozenset(how for how in TransformationSubtype if how.kind is TransformationType.DIRECT)
"""DIRECT dependencies only."""
VALUES_AND_OPAQUE = VALUES | {TransformationSubtype.OPAQUE}
"""DIRECT dependencies, and those of opaque steps, which may be direct."""


def walk(
    graph: Graph,
    start: tuple[ColumnRef, ...],
    direction: Direction,
    ways: frozenset[TransformationSubtype] = EVERY_WAY,
    depth: int | None = None,
) -> Traversal:
    """Walk from `start` over edges of these `ways`, without limit or at most `depth` datasets far."""
    onward = _adjacent(graph, direction, ways)
    reached = dict.fromkeys(start, 0)
    walked: dict[Edge, None] = {}
    waiting = deque(start)
    while waiting:
        here = waiting.popleft()
        if depth is not None and reached[here] >= depth and here.column != ROWS:
            continue
        for edge in onward.get(here, ()):
            there = edge.source if direction is Direction.UPSTREAM else edge.target
            walked[edge] = None
            if there not in reached:
                reached[there] = reached[here] + (there.dataset != here.dataset)
                waiting.append(there)
    return Traversal(start, direction, tuple(walked), reached)


def way(graph: Graph, source: ColumnRef, target: ColumnRef) -> tuple[ColumnRef, ...]:
    """Return a shortest path from `source` to `target`, over DIRECT edges if possible; empty if there is none."""
    return _way(graph, source, target, VALUES) or _way(graph, source, target, EVERY_WAY)


def _way(
    graph: Graph, source: ColumnRef, target: ColumnRef, ways: frozenset[TransformationSubtype]
) -> tuple[ColumnRef, ...]:
    onward = _adjacent(graph, Direction.DOWNSTREAM, ways)
    came_from: dict[ColumnRef, ColumnRef | None] = {source: None}
    waiting = deque([source])
    while waiting and target not in came_from:
        here = waiting.popleft()
        for edge in onward.get(here, ()):
            if edge.target not in came_from:
                came_from[edge.target] = here
                waiting.append(edge.target)
    return tuple(reversed(list(_back(came_from, target)))) if target in came_from else ()


def _back(came_from: Mapping[ColumnRef, ColumnRef | None], target: ColumnRef) -> Iterator[ColumnRef]:
    here: ColumnRef | None = target
    while here is not None:
        if here.column != ROWS:
            yield here
        here = came_from[here]


def _adjacent(
    graph: Graph, direction: Direction, ways: frozenset[TransformationSubtype]
) -> dict[ColumnRef, list[Edge]]:
    found: dict[ColumnRef, list[Edge]] = {}
    for edge in graph.edges:
        if edge.how in ways:
            found.setdefault(edge.target if direction is Direction.UPSTREAM else edge.source, []).append(edge)
    return found


_STRENGTH = (*TransformationSubtype,)


def strongest(edges: Iterable[Edge]) -> TransformationSubtype:
    """Return the strongest subtype of the edges, in the order of `TransformationSubtype`: DIRECT before INDIRECT."""
    return min((edge.how for edge in edges), key=_STRENGTH.index)
