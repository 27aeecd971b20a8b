"""Empty sources that record which columns are read, and the cross-check of the walk with what the engine would read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from bankmesh.lineage.model import ColumnRef
from bankmesh.lineage.polars.frame_values import sources_of
from bankmesh.lineage.polars.node_traverser import requested
from bankmesh.lineage.polars.plan_walk import as_lineage, named_by_function, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.lineage.model import StepLineage
    from bankmesh.lineage.polars.frame_values import PlanFrame


@dataclass
class Probe:
    """Sources without rows.

    Attributes:
        frames: the lazy frames, by name.
        read: the columns read of each frame since the probe was made; collecting a plan over a frame reads it.
    """

    frames: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)

    @property
    def was_read(self) -> bool:
        """Whether anything was collected at all, even without a column."""
        return bool(self.read)


def probe_sources(schemas: Mapping[str, pl.Schema]) -> Probe:
    """Return lazy frames without rows, one per schema, that record what is read and that the walk can trace."""
    probe = Probe()
    probe.frames = {name: _empty_source(name, schema, probe.read) for name, schema in schemas.items()}
    return probe


def _empty_source(name: str, schema: pl.Schema, read: dict[str, set[str]]) -> pl.LazyFrame:
    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del predicate, n_rows, batch_size  # there are no rows to filter
        wanted = list(schema) if with_columns is None else with_columns
        read.setdefault(name, set()).update(wanted)
        return iter((pl.DataFrame(schema={column: schema[column] for column in wanted}),))

    return register_io_source(source, schema=schema, is_pure=True)


def cross_check(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame]) -> dict[str, str]:
    """Return the columns on which the walk and the engine disagree, each with the disagreement.

    Each column is selected alone, and the engine's optimised plan shows which columns of the sources it would read.
    The walk must find exactly these. The engine may read more only where it is known to: any column where rows are
    only counted or repeated; keys of an order that is dropped; all columns where frames are concatenated, unpivoted or
    given to a function; a whole struct where one field is needed. Nothing is run.
    """
    return disagreements(frame, sources, walk(frame, sources))


def disagreements(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame], known: PlanFrame) -> dict[str, str]:
    """Return the result of `cross_check`, given the result `known` of the walk."""
    reads = requested_columns(frame, sources, known.columns)
    found = {name: _disagreement(name, known, wanted) for name, wanted in reads.items()}
    return {name: text for name, text in found.items() if text}


def checked_lineage(frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame]) -> StepLineage:
    """Return the lineage of a plan (see `lineage_of_plan`); columns on which the engine disagrees are underivable."""
    known = walk(frame, sources)
    lineage = as_lineage(known)
    disputed = {
        name: f"the plan and what the engine reads for it disagree: {text}"
        for name, text in disagreements(frame, sources, known).items()
    }
    columns = {name: frozenset() if name in disputed else found for name, found in lineage.columns.items()}
    return replace(lineage, columns=columns, underivable={**lineage.underivable, **disputed})


def requested_columns(
    frame: pl.LazyFrame, sources: Mapping[str, pl.LazyFrame], columns: Iterable[str]
) -> dict[str, frozenset[ColumnRef]]:
    """Return what the engine would read of the sources for each column alone; nothing is run."""
    known = named_by_function(sources)
    reads: dict[str, frozenset[ColumnRef]] = {}
    for column in columns:
        refs: set[ColumnRef] = set()
        for function, wanted in requested(frame.select(pl.col(column))):
            if id(function) in known:
                name, source = known[id(function)]
                refs.update(ColumnRef(name, part) for part in (source.schema if wanted is None else wanted))
        reads[column] = frozenset(refs)
    return reads


def _disagreement(name: str, known: PlanFrame, reads: frozenset[ColumnRef]) -> str | None:
    value = known.columns[name]
    if value.unknown or known.unknown:
        return None
    slack = value.slack | known.slack
    depends = sources_of(value.found | known.rows | known.order)
    never_read = depends - reads - slack.less
    # A constant depends on no column, so the engine reads any column to count the rows.
    not_seen = reads - depends - slack.more if value.found else frozenset()
    differences = (("the engine does not read", never_read), ("the engine also reads", not_seen))
    return "; ".join(f"{what} {', '.join(map(str, sorted(refs)))}" for what, refs in differences if refs) or None
