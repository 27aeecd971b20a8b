"""Cycles of products, by the inputs that they read and the relationships that the gate checks.

A product is built after each product that it reads and after each product that a relationship of its contract refers
to. If these lead back to the product, no product on the cycle can be built first.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import Fault, FaultsFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bankmesh.workspace.product_consumers import Consumer

CYCLE = "input-cycle"
_Edges = dict[str, dict[str, "Consumer"]]


class CycleFaults(FaultsFound):
    """There are cycles of reads, whose products cannot be built."""


@dataclass(frozen=True)
class ReadCycle:
    """A cycle: `reads` lead from a product back to itself, through each product once.

    `relationships` are those of the reads that are relationships; if there are any, one of them comes first.
    """

    reads: tuple[Consumer, ...]
    relationships: frozenset[Consumer] = frozenset()

    @property
    def ports(self) -> tuple[str, ...]:
        """The products on the cycle, each once."""
        return tuple(reader.port for reader in self.reads)

    @property
    def fault(self) -> Fault:
        """The fault, with the place of the first read."""
        first = self.reads[0]
        return Fault(first.file, first.line, CYCLE, self._relationship() if self.relationships else self._inputs())

    def _inputs(self) -> str:
        path = " reads ".join([*self.ports, self.ports[0]])
        places = ", ".join(map(_place, self.reads[1:]))
        also = f" The other places: {places}." if places else ""
        return f"{path}: none of them can be built first.{also} Remove one input"

    def _relationship(self) -> str:
        first, *others = self.reads
        steps = [f"{'refers to' if r in self.relationships else 'reads'} {r.source}" for r in self.reads]
        path = f"{first.port} {', which '.join(steps)}"
        places = ", ".join(map(_place, others))
        return (
            f"{path}: none of them can be built first. The other places: {places}. "
            f"Remove the relationship, and check it on {first.source}, which is built later: by a data test of "
            f"its dbt model, which may read both, or by a relationship to {first.port}; or remove an input"
        )


@dataclass(frozen=True)
class Cycles:
    """Products on cycles: `groups` of products that depend on one another, each with its cycles."""

    groups: tuple[tuple[frozenset[str], tuple[ReadCycle, ...]], ...]

    @property
    def ports(self) -> frozenset[str]:
        """Every product on a cycle."""
        return frozenset(port for group, _ in self.groups for port in group)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of all groups, sorted."""
        return tuple(sorted(cycle.fault for _, cycles in self.groups for cycle in cycles))

    def faults_of(self, ports: Collection[str]) -> CycleFaults:
        """Return the error for the groups that contain any of these products."""
        return CycleFaults(c.fault for group, cycles in self.groups if group & set(ports) for c in cycles)


def find_cycles(inputs: Iterable[Consumer], relationships: Iterable[Consumer], ports: Collection[str]) -> Cycles:
    """Return the products among `ports` that are on cycles; none if they can be built one after the other.

    Args:
        inputs: the reads of products' inputs.
        relationships: the reads of products that the gate looks values up in, which must be built before, too.
        ports: of all products; reads of others are ignored.
    """
    inputs = set(inputs)
    closing = {r for r in relationships if r not in inputs}
    built_from, waits_for = _edges(sorted(inputs), ports), _edges([*sorted(inputs), *sorted(closing)], ports)
    groups: dict[str, frozenset[str]] = {}
    for port in sorted(_never_built(waits_for)):
        if port not in groups and (group := _group(waits_for, port)):
            groups |= dict.fromkeys(group, group)
    found = ((group, _cycles_of(group, built_from, waits_for, closing)) for group in dict.fromkeys(groups.values()))
    return Cycles(tuple(found))


def _cycles_of(
    group: frozenset[str], built_from: _Edges, waits_for: _Edges, closing: Collection[Consumer]
) -> tuple[ReadCycle, ...]:
    """Return the cycles to report for a group: those that must each be broken separately.

    These are: one for each part of the group that inputs alone close; one for each relationship outside such parts
    whose source leads back to it by inputs; if there are none of these, one that several relationships close.
    """
    found: list[ReadCycle] = []
    reported: set[str] = set()
    for start in sorted(group):
        way = [] if start in reported else _shortest(built_from, start, start)
        if way:
            reported |= _group(built_from, start)
            found.append(ReadCycle(tuple(way)))
    references = [read for port in sorted(group) for _, read in sorted(waits_for[port].items()) if read in closing]
    for read in references:
        way = _shortest(built_from, read.source, read.port)
        if way and not _shortest(built_from, read.port, read.source):
            found.append(ReadCycle((read, *way), frozenset({read})))
    if not found:
        ways = [(read, *way) for read in references if (way := _shortest(waits_for, read.source, read.port))]
        shortest = min(ways, key=len)
        found = [ReadCycle(shortest, frozenset(shortest).intersection(closing))]
    return tuple(found)


def _edges(reads: Iterable[Consumer], ports: Collection[str]) -> _Edges:
    """Return one read for each pair of products: the first in `reads`, where inputs precede relationships."""
    edges: _Edges = {port: {} for port in ports}
    for read in reads:
        if read.port in edges and read.source in edges:
            edges[read.port].setdefault(read.source, read)
    return edges


def _never_built(edges: _Edges) -> set[str]:
    """Return the products that can never be built: those on cycles, and those that read them."""
    left = set(edges)
    while ready := {port for port in left if left.isdisjoint(edges[port])}:
        left -= ready
    return left


def _shortest(edges: _Edges, start: str, end: str) -> list[Consumer]:
    """Return the fewest reads that lead from one product to another, or back to itself; empty if there is no path."""
    reached: dict[str, list[Consumer]] = {start: []}
    waiting = deque([start])
    while waiting:
        port = waiting.popleft()
        for source, reader in sorted(edges[port].items()):
            if source == end:
                return [*reached[port], reader]
            if source not in reached:
                reached[source] = [*reached[port], reader]
                waiting.append(source)
    return []


def _group(edges: _Edges, start: str) -> frozenset[str]:
    """Return the products that `start` depends on and that depend on it."""
    return frozenset(port for port in _reachable(edges, start) if start in _reachable(edges, port))


def _reachable(edges: Mapping[str, Mapping[str, Consumer]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for source in edges.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _place(reader: Consumer) -> str:
    return f"{os.path.relpath(reader.file)}:{reader.line}"
