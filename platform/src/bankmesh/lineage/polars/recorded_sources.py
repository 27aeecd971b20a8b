"""Proxies of real sources that record which columns are read, for builds of steps that read data before they plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polars.io.plugins import register_io_source

from bankmesh.lineage.model import ColumnRef
from bankmesh.lineage.polars.plan_walk import looking_at
from bankmesh.lineage.polars.source_probe import checked_lineage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from bankmesh.lineage.model import StepLineage


@dataclass
class Recording:
    """Proxies of real sources.

    Attributes:
        frames: the frames to give to the transform instead of the real ones, by name.
        read: the columns read of each frame so far. For a frame that was read only to count its rows, the column that
            the engine chose for that.
    """

    frames: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)

    def looked_at(self) -> frozenset[ColumnRef]:
        """Return the columns that were read so far."""
        return frozenset(ColumnRef(name, column) for name, columns in self.read.items() for column in columns)


def recorded_sources(frames: Mapping[str, pl.LazyFrame]) -> Recording:
    """Return frames with the same rows that record every read of their columns.

    Columns, filters and row limits that the engine pushes down are passed on to the real frame, and rows are read in
    batches, so memory stays bounded. Each read runs the real frame again.
    """
    recording = Recording()
    recording.frames = {name: _recorded_source(name, frame, recording.read) for name, frame in frames.items()}
    return recording


def lineage_of_recorded(plan: pl.LazyFrame, recording: Recording) -> StepLineage:
    """Return the lineage of the plan that a transform returned for recorded sources; call it before the plan is run.

    Columns that the plan takes from a source are DIRECT as usual. Besides, every column has an INDIRECT dependency on
    all columns read so far: the transform itself has read these, and made its in-memory frames and its plan from them.
    Running the plan reads further columns, which cannot be distinguished from them afterwards.
    """
    return looking_at(checked_lineage(plan, recording.frames), recording.looked_at())


def _recorded_source(name: str, frame: pl.LazyFrame, read: dict[str, set[str]]) -> pl.LazyFrame:
    schema = frame.collect_schema()

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if with_columns is None else with_columns
        read.setdefault(name, set()).update(wanted)  # the predicate's columns are among them
        rows = frame
        if n_rows is not None:
            rows = rows.head(n_rows)  # before the filter, as Polars defines it
        if predicate is not None:
            rows = rows.filter(predicate)
        rows = rows.select(wanted)
        return iter(rows.collect_batches(chunk_size=batch_size, engine="streaming"))

    return register_io_source(source, schema=schema, is_pure=True)
