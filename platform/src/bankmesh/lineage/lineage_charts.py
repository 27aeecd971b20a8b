"""Rendering of a walk over the lineage graph: a tree for terminals, a Mermaid flowchart for Markdown pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.graph_traversal import Direction
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.lineage.graph_traversal import Traversal
    from bankmesh.lineage.lineage_graph import Edge, Graph
    from bankmesh.lineage.model import ColumnRef

_AGAIN = "(see above)"


def tree(graph: Graph, walk: Traversal) -> Iterator[str]:
    """Yield lines of a tree: each column below the one it was reached from, with how; no subtree is repeated."""
    onward: dict[ColumnRef, list[Edge]] = {}
    for edge in walk.edges:
        onward.setdefault(edge.target if walk.direction is Direction.UPSTREAM else edge.source, []).append(edge)
    drawn: set[ColumnRef] = set()
    for start in walk.start:
        yield f"{start}{_remark(graph, start)}"
        yield from _branches(graph, walk, onward, start, "", drawn)


def _branches(
    graph: Graph,
    walk: Traversal,
    onward: dict[ColumnRef, list[Edge]],
    here: ColumnRef,
    indent: str,
    drawn: set[ColumnRef],
) -> Iterator[str]:
    drawn.add(here)
    found = _by_column(walk, onward, here)
    for number, (there, hows) in enumerate(found, 1):
        last = number == len(found)
        known = there in drawn and bool(onward.get(there))
        kinds = ", ".join(how.value for how in sorted(hows, key=list(TransformationSubtype).index))
        again = f"  {_AGAIN}" if known else ""
        yield f"{indent}{'└─ ' if last else '├─ '}{there}  {kinds}{_remark(graph, there)}{again}"
        if not known:
            yield from _branches(graph, walk, onward, there, indent + ("   " if last else "│  "), drawn)


def _by_column(
    walk: Traversal, onward: dict[ColumnRef, list[Edge]], here: ColumnRef
) -> list[tuple[ColumnRef, set[TransformationSubtype]]]:
    """Return the columns one step further, with how; `*` is skipped, because it represents rows and is no column."""
    found: dict[ColumnRef, set[TransformationSubtype]] = {}
    for edge in onward.get(here, ()):
        there = edge.source if walk.direction is Direction.UPSTREAM else edge.target
        if there.column != ROWS:
            found.setdefault(there, set()).add(edge.how)
            continue
        for further in onward.get(there, ()):
            beyond = further.source if walk.direction is Direction.UPSTREAM else further.target
            found.setdefault(beyond, set()).add(further.how if walk.direction is Direction.UPSTREAM else edge.how)
    return sorted(found.items())


def _remark(graph: Graph, ref: ColumnRef) -> str:
    if ref in graph.gaps:
        return f"  UNDERIVABLE: {graph.gaps[ref]}"
    return "  (nothing recorded yet)" if ref.dataset in graph.unknown else ""


def mermaid(walk: Traversal) -> Iterator[str]:
    """Yield lines of a Mermaid flowchart: a box per dataset, solid arrows for DIRECT edges, dotted for INDIRECT."""
    names = {ref: f"c{number}" for number, ref in enumerate(sorted(walk.depth))}
    boxes: dict[str, list[ColumnRef]] = {}
    for ref in names:
        boxes.setdefault(ref.dataset, []).append(ref)
    yield "flowchart LR"
    for number, (dataset, refs) in enumerate(boxes.items()):
        yield f'  subgraph d{number}["{_escaped(dataset)}"]'
        for ref in refs:
            label = "rows" if ref.column == ROWS else ref.column
            yield f'    {names[ref]}["{_escaped(label)}"]'
        yield "  end"
    arrows = {(edge.source, edge.target, edge.how.kind) for edge in walk.edges}
    for source, target, kind in sorted(arrows):
        yield f"  {names[source]} {'-->' if kind is TransformationType.DIRECT else '-.->'} {names[target]}"


def _escaped(text: str) -> str:
    return text.replace('"', "#quot;")
