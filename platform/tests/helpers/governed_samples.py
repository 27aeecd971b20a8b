"""Governed rows of a version made by hand, for computations over them: the rows are filtered and masked by Polars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.access.model import AccessDecision
    from bankmesh.ports import OpenVersion


@dataclass
class SampleRead:
    """A read as it was recorded; `rows` is None until it has ended."""

    columns: tuple[str, ...]
    way: str
    rows: int | None = None
    cancelled: bool = False

    def end(self, rows: int, cancelled: bool) -> None:
        self.rows, self.cancelled = rows, cancelled


@dataclass
class SampleRecorder:
    """Keeps the reads in memory."""

    reads: list[SampleRead] = field(default_factory=list)

    def begin(self, columns: Sequence[str], way: str, _statement: str | None) -> SampleRead:
        self.reads.append(SampleRead(tuple(columns), way))
        return self.reads[-1]


@dataclass(frozen=True)
class SampleRows:
    """A version as its reader may see it: the rows where `condition` holds, with masked columns replaced by `masks`."""

    decision: AccessDecision
    opened: OpenVersion
    condition: pl.Expr = field(default_factory=lambda: pl.lit(value=True))
    masks: dict[str, pl.Expr] = field(default_factory=dict)
    recorder: SampleRecorder = field(default_factory=SampleRecorder)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        return dict(self._frame().collect_schema())

    def read_batches(self, columns: Sequence[str], *, way: str) -> Iterator[pl.DataFrame]:
        read = self.recorder.begin(columns, way, None)
        rows = self._frame().select(columns).collect()
        for start in range(0, max(rows.height, 1), 2):
            yield rows[start : start + 2]
        read.end(rows.height, cancelled=False)

    def _frame(self) -> pl.LazyFrame:
        rows = self.opened.scan_polars().filter(self.condition).with_columns(**self.masks)
        there = rows.collect_schema().names()
        return rows.select(name for name in self.decision.readable if name in there)
