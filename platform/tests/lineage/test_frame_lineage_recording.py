"""Sources that stand for real ones: the same rows, and a note of what a transform looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from frame_lineage_words import lineage_words
from polars.testing import assert_frame_equal

from bankmesh.lineage.polars import cross_check, lineage_of_recorded, recorded_sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

c = pl.col
QUERIES: dict[str, Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame]] = {
    "all": lambda t, _: t,
    "columns": lambda t, _: t.select("y", "k"),
    "filter": lambda t, _: t.filter(c("x") > 500).select("k"),
    "head": lambda t, _: t.head(7),
    "head, then filter": lambda t, _: t.head(30).filter(c("x") % 7 == 3).select("k"),
    "filter, then head": lambda t, _: t.filter(c("x") % 7 == 3).head(3),
    "slice": lambda t, _: t.slice(11, 5),
    "tail": lambda t, _: t.tail(4),
    "count": lambda t, _: t.select(pl.len()),
    "count of some": lambda t, _: t.filter(c("k") == 3).select(pl.len()),
    "group": lambda t, _: t.group_by("k").agg(c("x").sum()).sort("k"),
    "join": lambda t, u: t.join(u, on="k", how="left", maintain_order="left"),
    "with itself": lambda t, _: pl.concat([t.filter(c("x") > 900), t.filter(c("x") < 5)]),
    "shared": lambda t, u: t.join(t.group_by("k").agg(c("x").max()), on=["k", "x"]).join(u, on="k").sort("x", "k"),
}


@pytest.fixture
def frames(tmp_path: Path) -> dict[str, pl.LazyFrame]:
    rows = pl.DataFrame(
        {"k": [n % 10 for n in range(1000)], "x": list(range(1000)), "y": [str(n) for n in range(1000)]}
    )
    rows.write_parquet(tmp_path / "t.parquet", row_group_size=100)
    pl.DataFrame({"k": [1, 2, 3], "name": ["a", "b", "c"]}).write_parquet(tmp_path / "u.parquet")
    landed = pl.scan_parquet(tmp_path / "t.parquet").with_columns(pl.lit("2024-01-01").alias("through"))
    return {"t": landed, "u": pl.scan_parquet(tmp_path / "u.parquet")}


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("query", QUERIES)
def test_the_rows_are_those_of_the_real_frame(frames: dict[str, pl.LazyFrame], query: str, engine: str) -> None:
    recording = recorded_sources(frames)
    build = QUERIES[query]
    recorded = build(recording.frames["t"], recording.frames["u"])
    assert_frame_equal(recorded.collect(engine=engine), build(frames["t"], frames["u"]).collect(engine=engine))


def test_batches_are_small_and_pushdown_reaches_the_real_frame(
    frames: dict[str, pl.LazyFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    collect_batches = pl.LazyFrame.collect_batches

    def noted(self: pl.LazyFrame, **options: object) -> object:
        ran.append(self.explain())
        return collect_batches(self, **options)

    monkeypatch.setattr(pl.LazyFrame, "collect_batches", noted)
    recording = recorded_sources(frames)
    recording.frames["t"].filter(c("x") > 990).select("k").collect()
    assert len(ran) == 1
    assert "PROJECT 2/3 COLUMNS" in ran[0]
    assert "SELECTION" in ran[0]
    assert recording.read == {"t": {"k", "x"}}


def trained(t: pl.LazyFrame, u: pl.LazyFrame) -> pl.LazyFrame:
    """A score out of a look at `t`, beside what the plan carries on of `u`."""
    best = t.filter(c("k") > 5).select(c("x").max()).collect().item()
    codes = pl.LazyFrame({"k": [1, 2, 3], "code": [best, 0, 0]})
    return u.join(codes, on="k").select("name", score=c("code") + c("k"))


def test_an_opaque_step_depends_on_what_it_looked_at_before_it_returned(frames: dict[str, pl.LazyFrame]) -> None:
    recording = recorded_sources(frames)
    plan = trained(recording.frames["t"], recording.frames["u"])
    lineage = lineage_of_recorded(plan, recording)
    assert lineage_words(lineage) == {"name": "I u.name", "score": "T u.k", "rows": "J u.k"}
    assert sorted(map(str, lineage.opaque)) == ["t.k", "t.x"]
    assert cross_check(plan, recording.frames) == {}
    assert plan.collect().sort("name").rows() == [("a", 1000), ("b", 2), ("c", 3)]
    assert recording.read["u"] == {"k", "name"}  # only by running the plan


def test_a_step_that_looked_at_nothing_is_not_opaque(frames: dict[str, pl.LazyFrame]) -> None:
    recording = recorded_sources(frames)
    plan = recording.frames["t"].group_by("k").agg(c("x").sum())
    assert lineage_of_recorded(plan, recording).opaque == frozenset()


def test_what_a_column_says_of_an_opaque_function_is_not_told_twice(frames: dict[str, pl.LazyFrame]) -> None:
    recording = recorded_sources(frames)
    recording.frames["t"].select("k").collect()
    plan = recording.frames["t"].select("k", "x").map_batches(lambda rows: rows)
    lineage = lineage_of_recorded(plan, recording)
    assert lineage_words(lineage) == {"k": "O t.x", "x": "O t.x", "rows": ""}
    assert sorted(map(str, lineage.opaque)) == ["t.k"]


def test_a_fault_of_the_real_frame_comes_through_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "gone.parquet"
    pl.DataFrame({"x": [1]}).write_parquet(place)
    recording = recorded_sources({"t": pl.scan_parquet(place)})
    place.unlink()
    for engine in ("in-memory", "streaming"):
        with pytest.raises(FileNotFoundError):
            recording.frames["t"].collect(engine=engine)
