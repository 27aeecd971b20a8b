"""The walk over a plan, from its sources to its result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.lineage.model import Dependency, StepLineage, TransformationSubtype
from bankmesh.lineage.polars import plan_nodes, plan_tree
from bankmesh.lineage.polars.node_traverser import read_plan
from bankmesh.lineage.polars.plan_joins import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from bankmesh.lineage.model import ColumnRef
    from bankmesh.lineage.polars.frame_values import PlanFrame

_NO_INPUT = "it is read from a place that is not an input of the step"


class NotASource(BankmeshError):
    """A frame given as a source is not made by `register_io_source`, so reads of it cannot be traced."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The frame {name} is not a source whose columns can be traced. Make it with "
            "polars.io.plugins.register_io_source, as `probe_sources` and `recorded_sources` do."
        )


def lineage_of_plan(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame]) -> StepLineage:
    """Return what the columns of a lazy frame depend on.

    Args:
        frame: any plan over the sources; it is not run.
        sources: the frames that it was made from, by the names that lineage uses for them; each made by
            `register_io_source` (see `probe_sources`, `recorded_sources`).

    Returns:
        Lineage of the plan as it was written. Columns that come from elsewhere (a file that the plan scans), or through
        an unknown node or function, are underivable.

    Raises:
        NotASource: a source is not made by `register_io_source`.
        polars.exceptions.PolarsError: the plan does not resolve.

    """
    return as_lineage(walk(frame, sources))


def walk(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame]) -> PlanFrame:
    """Return the same as `lineage_of_plan`, as a `PlanFrame` with what the cross-check needs besides."""
    names = {function: name for function, (name, _) in named_by_function(sources).items()}
    known: dict[plan_tree.Node, PlanFrame] = {}
    root = read_plan(frame)
    for node in plan_tree.bottom_up(root, lambda found: found.inputs):
        known[node] = _frame_of(node, [known[found] for found in node.inputs], names)
    return known[root]


def as_lineage(frame: PlanFrame) -> StepLineage:
    """Return a frame's columns as the outputs of a step."""
    rows = frame.rows | frame.order
    unknown = {name: value.unknown or frame.unknown for name, value in frame.columns.items()}
    underivable = {name: reason for name, reason in unknown.items() if reason}
    columns = {
        name: frozenset() if name in underivable else value.found - rows for name, value in frame.columns.items()
    }
    return StepLineage(columns=columns, rows=rows, underivable=underivable)


def looking_at(lineage: StepLineage, looked_at: frozenset[ColumnRef]) -> StepLineage:
    """Return the lineage with `looked_at` as opaque dependencies of the step; its columns do not repeat them."""
    opaque = {Dependency(ref, TransformationSubtype.OPAQUE) for ref in looked_at}
    columns = {name: found - opaque for name, found in lineage.columns.items()}
    return replace(lineage, columns=columns, opaque=lineage.opaque | looked_at)


def named_by_function(sources: Mapping[str, pl.LazyFrame]) -> dict[int, tuple[str, plan_tree.Source]]:
    """Return the name and scan of each source, by the identity of the function that reads it. Raises NotASource."""
    known = {}
    for name, frame in sources.items():
        root = read_plan(frame)
        if not isinstance(root, plan_tree.Source):
            raise NotASource(name)
        known[id(root.read)] = (name, root)
    return known


def _frame_of(node: plan_tree.Node, below: list[PlanFrame], names: Mapping[int, str]) -> PlanFrame:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of node
    match node:
        case plan_tree.Source():
            name = names.get(id(node.read))
            return plan_nodes.not_known(node, _NO_INPUT) if name is None else plan_nodes.source(name, node)
        case plan_tree.InMemory():
            return plan_nodes.constant(node)
        case plan_tree.FileScan():
            return plan_nodes.not_known(node, _NO_INPUT)
        case plan_tree.PassThrough():
            return plan_nodes.through(node, below[0])
        case plan_tree.Select():
            return plan_nodes.select(node, below[0])
        case plan_tree.Filter():
            return plan_nodes.restrict(node, below[0])
        case plan_tree.GroupBy():
            return plan_nodes.group(node, below[0])
        case plan_tree.Join():
            return join(node, below[0], below[1])
        case plan_tree.Union():
            return plan_nodes.union(node, below)
        case plan_tree.SideBySide():
            return plan_nodes.beside(node, below)
        case plan_tree.Merge():
            return plan_nodes.merge(node, below)
        case plan_tree.Distinct():
            return plan_nodes.distinct(node, below[0])
        case plan_tree.Sort():
            return plan_nodes.sort(node, below[0])
        case plan_tree.Slice():
            return below[0].by_place()
        case plan_tree.Gather():
            return plan_nodes.take(node, below[0], below[1])
        case plan_tree.Explode():
            return plan_nodes.explode(node, below[0])
        case plan_tree.Unnest():
            return plan_nodes.unnest(node, below[0], node.inputs[0].schema)
        case plan_tree.Unpivot():
            return plan_nodes.unpivot(node, below[0], node.inputs[0].schema)
        case plan_tree.RowNumber():
            return plan_nodes.number(node, below[0])
        case plan_tree.Opaque():
            return plan_nodes.opaque(node, below[0])
        case plan_tree.UnknownNode():
            return plan_nodes.not_known(node, node.reason)
    return plan_nodes.not_known(node, f"the plan node {type(node).__name__} is not known")
