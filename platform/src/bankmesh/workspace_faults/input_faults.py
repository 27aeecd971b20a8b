"""What products read, over all domains: inputs that do not exist, and products that wait for themselves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bankmesh.catalog.readers import Reader
from bankmesh.contracts.standard import nearest
from bankmesh.errors import Fault
from bankmesh.products.closed_inputs import place_of_input
from bankmesh.products.known import loaded_products, workspace_folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract

UNKNOWN_INPUT, CYCLE = "unknown-input", "input-cycle"


def unknown_inputs(
    reads: Sequence[Reader],
    declared: Collection[str],
    systems: Mapping[str, Mapping[str, Collection[str] | None]],
) -> Iterator[Fault]:
    """Reads of a product without contract, or of a legacy object that its system does not declare.

    Args:
        reads: of all domains.
        declared: the ports that have a contract.
        systems: domain to legacy system to its objects; None where the declaration has faults of its own.
    """
    for reader in reads:
        domain = reader.port.partition(".")[0]
        left, _, right = reader.source.partition(".")
        of_domain = systems.get(domain, {})
        if left in of_domain:
            objects = of_domain[left]
            if objects is not None and right not in objects:
                hint = nearest(right, objects)
                yield _fault(reader, f"{left} declares no object {right}.{hint} Known: {', '.join(sorted(objects))}")
        elif reader.source not in declared:
            known = [*declared, *(f"{name}.{item}" for name, items in of_domain.items() for item in items or ())]
            yield _fault(reader, _without_contract(reader.source, nearest(reader.source, known)))


def hidden_reads(root: Path, contracts: Mapping[str, Contract], reads: Sequence[Reader]) -> list[Reader]:
    """What the products that were loaded from a workspace read beside `reads`, which are found in files.

    Names that a template or a macro writes are in no file of the product.
    """
    seen = {(reader.port, reader.source) for reader in reads}
    folders = {port: folder.resolve() for port, folder in workspace_folders().items()}
    return [
        Reader(port, source.ref, *place_of_input(source, product.code_files))
        for port, product in loaded_products().items()
        if port in contracts and folders[port].is_relative_to(root.resolve())
        for source in product.inputs.values()
        if (port, source.ref) not in seen
    ]


def _without_contract(source: str, hint: str) -> str:
    if hint:
        return f"there is no contract of {source}.{hint}"
    return f"there is no contract of {source}. Restore it, or read another product"


def _fault(reader: Reader, problem: str) -> Fault:
    return Fault(reader.file, reader.line, UNKNOWN_INPUT, f"{reader.port} reads {reader.source}, but {problem}")


def input_cycles(reads: Sequence[Reader], ports: Collection[str]) -> Iterator[Fault]:
    """One fault for each group of products that wait for one another: a shortest way round, with all its places."""
    edges: dict[str, dict[str, Reader]] = {port: {} for port in ports}
    for reader in sorted(reads):
        if reader.port in edges and reader.source in edges:
            edges[reader.port].setdefault(reader.source, reader)
    named: set[str] = set()
    for port in sorted(edges):
        way = [] if port in named else _way_round(edges, port)
        if way:
            named.update(_group(edges, port))
            yield _cycle_fault(way)


def _way_round(edges: Mapping[str, Mapping[str, Reader]], start: str) -> list[Reader]:
    """The fewest reads that lead from a product back to itself; none if it does not wait for itself."""
    reached: dict[str, list[Reader]] = {start: []}
    waiting = [start]
    while waiting:
        port = waiting.pop(0)
        for source, reader in sorted(edges[port].items()):
            if source == start:
                return [*reached[port], reader]
            if source not in reached:
                reached[source] = [*reached[port], reader]
                waiting.append(source)
    return []


def _group(edges: Mapping[str, Mapping[str, Reader]], start: str) -> set[str]:
    """The products that `start` waits for and that wait for it."""
    behind = _reachable(edges, start)
    return {port for port in behind if start in _reachable(edges, port)}


def _reachable(edges: Mapping[str, Mapping[str, Reader]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for source in edges[waiting.pop()]:
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _cycle_fault(way: Sequence[Reader]) -> Fault:
    first = way[0]
    path = " reads ".join([*(reader.port for reader in way), first.port])
    places = ", ".join(f"{os.path.relpath(reader.file)}:{reader.line}" for reader in way[1:])
    also = f" The other places: {places}." if places else ""
    return Fault(first.file, first.line, CYCLE, f"{path}: none of them can be built first.{also} Remove one input")
