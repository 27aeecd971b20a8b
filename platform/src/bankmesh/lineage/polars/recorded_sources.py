"""Sources that stand for real ones and note what is read of them: for builds of steps that look at their data."""

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
    """Sources that stand for real ones.

    Attributes:
        frames: what to give the transform instead, by name.
        read: the columns that were read of each so far. A frame that was read without any column, to count its rows, is
            there with whichever column the engine took for it.
    """

    frames: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)

    def looked_at(self) -> frozenset[ColumnRef]:
        """The columns that were read so far."""
        return frozenset(ColumnRef(name, column) for name, columns in self.read.items() for column in columns)


def recorded_sources(frames: Mapping[str, pl.LazyFrame]) -> Recording:
    """Frames with the same rows that note which of their columns are read, whoever reads them, and when.

    Columns, filters and row limits that the engine pushes down are passed on to the real frame, and rows come in
    batches, so memory stays bounded. Each real frame is run anew whenever it is read.
    """
    recording = Recording()
    recording.frames = {name: _standing_for(name, frame, recording.read) for name, frame in frames.items()}
    return recording


def lineage_of_recorded(plan: pl.LazyFrame, recording: Recording) -> StepLineage:
    """Lineage of what a transform returned for recorded sources; to be asked for before the plan is run.

    Columns that the plan still carries from a source are DIRECT as usual. Besides, every column depends INDIRECTly on
    all that was read until now, which is what the transform itself has looked at: its in-memory frames, and its choice
    of this plan, were made from that. Running the plan reads further columns; afterwards they cannot be told apart.
    """
    return looking_at(checked_lineage(plan, recording.frames), recording.looked_at())


def _standing_for(name: str, frame: pl.LazyFrame, read: dict[str, set[str]]) -> pl.LazyFrame:
    schema = frame.collect_schema()

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = list(schema) if with_columns is None else with_columns
        read.setdefault(name, set()).update(wanted)  # the predicate's columns are among them
        rows = frame
        if n_rows is not None:
            rows = rows.head(n_rows)  # before the filter: so Polars means it
        if predicate is not None:
            rows = rows.filter(predicate)
        rows = rows.select(wanted)
        return iter(rows.collect_batches(chunk_size=batch_size, engine="streaming"))

    return register_io_source(source, schema=schema, is_pure=True)
