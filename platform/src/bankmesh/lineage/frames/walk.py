"""The walk over a plan, from its sources to its result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.lineage.frames import nodes, tree
from bankmesh.lineage.frames.joins import join
from bankmesh.lineage.frames.traverser import read_plan
from bankmesh.lineage.model import Dependency, How, StepLineage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from bankmesh.lineage.frames.values import Frame
    from bankmesh.lineage.model import ColumnRef

_NO_INPUT = "it is read from a place that is no input of the step"


class NotASource(BankmeshError):
    """A frame that is given as a source does not say when it is read."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The frame {name} is no source whose columns can be followed. Make it with "
            "polars.io.plugins.register_io_source, as `probe_sources` and `recorded_sources` do."
        )


def lineage_of_plan(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame]) -> StepLineage:
    """What the columns of a lazy frame depend on.

    Args:
        frame: any plan over the sources; it is not run.
        sources: the frames that it was made from, by the names that lineage calls them; each made by
            `register_io_source` (see `probe_sources`, `recorded_sources`).

    Returns:
        Lineage of the plan as it was written. Columns that come from elsewhere (a file that the plan scans), or through
        something that is not understood, are underivable.

    Raises:
        NotASource: a source is not made by `register_io_source`.
        polars.exceptions.PolarsError: the plan does not resolve.

    """
    return as_lineage(walk(frame, sources))


def walk(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame]) -> Frame:
    """The same, with what the cross-check needs to know besides."""
    names = {function: name for function, (name, _) in named_by_function(sources).items()}
    known: dict[tree.Node, Frame] = {}
    root = read_plan(frame)
    for node in tree.bottom_up(root, lambda found: found.inputs):
        known[node] = _frame_of(node, [known[found] for found in node.inputs], names)
    return known[root]


def as_lineage(frame: Frame) -> StepLineage:
    """A frame's columns as a step's outputs."""
    rows = frame.rows | frame.order
    unknown = {name: value.unknown or frame.unknown for name, value in frame.columns.items()}
    underivable = {name: reason for name, reason in unknown.items() if reason}
    columns = {
        name: frozenset() if name in underivable else value.found - rows for name, value in frame.columns.items()
    }
    return StepLineage(columns=columns, rows=rows, underivable=underivable)


def looking_at(lineage: StepLineage, looked_at: frozenset[ColumnRef]) -> StepLineage:
    """The lineage of a step that besides has looked at these columns; what a column says of that itself goes."""
    told = {Dependency(ref, How.OPAQUE) for ref in looked_at}
    columns = {name: found - told for name, found in lineage.columns.items()}
    return replace(lineage, columns=columns, opaque=lineage.opaque | looked_at)


def named_by_function(sources: Mapping[str, pl.LazyFrame]) -> dict[int, tuple[str, tree.Source]]:
    """Name and scan of each source, by the identity of the function that reads it. Raises NotASource."""
    known = {}
    for name, frame in sources.items():
        root = read_plan(frame)
        if not isinstance(root, tree.Source):
            raise NotASource(name)
        known[id(root.read)] = (name, root)
    return known


def _frame_of(node: tree.Node, below: list[Frame], names: Mapping[int, str]) -> Frame:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of node
    match node:
        case tree.Source():
            name = names.get(id(node.read))
            return nodes.not_known(node, _NO_INPUT) if name is None else nodes.source(name, node)
        case tree.InMemory():
            return nodes.constant(node)
        case tree.Files():
            return nodes.not_known(node, _NO_INPUT)
        case tree.Through():
            return nodes.through(node, below[0])
        case tree.Select():
            return nodes.select(node, below[0])
        case tree.Filter():
            return nodes.restrict(node, below[0])
        case tree.GroupBy():
            return nodes.group(node, below[0])
        case tree.Join():
            return join(node, below[0], below[1])
        case tree.Union():
            return nodes.union(node, below)
        case tree.SideBySide():
            return nodes.beside(node, below)
        case tree.Merge():
            return nodes.merge(node, below)
        case tree.Distinct():
            return nodes.distinct(node, below[0])
        case tree.Sort():
            return nodes.sort(node, below[0])
        case tree.Slice():
            return below[0].by_place()
        case tree.Take():
            return nodes.take(node, below[0], below[1])
        case tree.Explode():
            return nodes.explode(node, below[0])
        case tree.Unnest():
            return nodes.unnest(node, below[0], node.inputs[0].schema)
        case tree.Unpivot():
            return nodes.unpivot(node, below[0], node.inputs[0].schema)
        case tree.RowNumber():
            return nodes.number(node, below[0])
        case tree.Opaque():
            return nodes.opaque(node, below[0])
        case tree.Unknown():
            return nodes.not_known(node, node.reason)
    return nodes.not_known(node, f"{type(node).__name__} is not understood")
