"""An oracle that knows nothing of plans: what changes in the result when one column of one input is changed.

Whatever column of the result changes must depend, by its lineage, on the column that was changed. Plans are generated:
a chain of steps over two small frames. It is a test of recall; precision is held by known answers elsewhere.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.lineage.model import ColumnRef
from bankmesh.lineage.polars.plan_walk import as_lineage, walk
from bankmesh.lineage.polars.source_probe import disagreements, probe_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Frames = Mapping[str, pl.LazyFrame]
    Step = Callable[[pl.LazyFrame, Frames], pl.LazyFrame]

SCHEMAS = {
    "left": pl.Schema({"k": pl.Int64, "x": pl.Int64, "y": pl.Int64, "z": pl.Int64}),
    "right": pl.Schema({"k": pl.Int64, "u": pl.Int64, "x": pl.Int64}),
}
EXAMPLES = int(os.environ.get("BANKMESH_EXAMPLES", "120"))
"""More of them after an upgrade of Polars: 5,000 take four minutes."""

VALUES = [None, 0, 1, 2, 3, 4]
col = pl.col


def rows_of(name: str, seed: int) -> pl.DataFrame:
    rng = random.Random(f"{name}{seed}")  # noqa: S311 - no secret
    size = {"left": 9, "right": 6}[name]
    return pl.DataFrame(
        {column: [rng.choice(VALUES) for _ in range(size)] for column in SCHEMAS[name]}, schema=SCHEMAS[name]
    )


def expressions(draw: st.DrawFn, columns: list[str]) -> pl.Expr:
    a, b, c = (col(draw(st.sampled_from(columns))) for _ in range(3))
    number = draw(st.integers(0, 3))
    made = [
        a,
        pl.lit(number),
        a + b * number,
        pl.when(a > number).then(b).otherwise(c),
        pl.coalesce(a, b),
        a.fill_null(strategy="forward"),
        a.shift(1),
        a.diff().fill_null(number),
        a.cum_sum(),
        a.sum(),
        a.first(),
        a.filter(b > number).sum(),
        a.sort_by(b, c).last(),
        a.sum().over(b),
        a.cum_sum().over(b, order_by=c),
        a.shift(1).over(b),
        pl.len().over(a),
        a.rank("dense").cast(pl.Int64),
        a.is_in([0, number]).cast(pl.Int64),
        a.is_duplicated().cast(pl.Int64),
        a.n_unique().cast(pl.Int64),
        a.null_count().cast(pl.Int64),
        pl.struct(p=a, q=b).struct.field("q"),
        pl.struct(p=a, q=b).shift(1).struct.field("p"),
        pl.struct(p=a, q=b).sort_by(c).first().struct.field("q"),
        pl.concat_list(a, b).list.max(),
        pl.concat_list(a, b).list.eval(pl.element() * number).list.sum(),
        a.map_elements(lambda value: value + number, return_dtype=pl.Int64),
        pl.map_batches([a, b], lambda parts: parts[0] + parts[1], return_dtype=pl.Int64),
        pl.max_horizontal(a, b),
        pl.fold(pl.lit(0, pl.Int64), lambda total, part: total + part, [a, b]),
        a.cast(pl.String).str.len_chars().cast(pl.Int64),
        a.replace({0: number}),
        a.gather(b.clip(0, 0).fill_null(0)),
        a.max_by(b),
        a.rolling_sum(2),
        pl.int_range(pl.len()),
    ]
    return draw(st.sampled_from(made))


def aggregates(draw: st.DrawFn, columns: list[str]) -> pl.Expr:
    a, b = (col(draw(st.sampled_from(columns))) for _ in range(2))
    number = draw(st.integers(0, 3))
    made = [
        a.sum(),
        a.max() - b.min(),
        a.first(),
        a.last(),
        a.count().cast(pl.Int64),
        a.len().cast(pl.Int64),
        pl.len().cast(pl.Int64),
        a.filter(b > number).sum(),
        a.sort_by(b).first(),
        a.n_unique().cast(pl.Int64),
        a.implode().list.sum(),
        (a * b).sum(),
        a.top_k(1).sum(),
        a.min_by(b),
        pl.when(a.sum() > number).then(b.sum()),
        pl.map_batches([a], lambda parts: parts[0].sum(), return_dtype=pl.Int64, returns_scalar=True),
    ]
    return draw(st.sampled_from(made))


def step(draw: st.DrawFn, columns: list[str], new: str) -> Step:
    """One step on a frame with these columns, all of integers; `new` is a name that is not taken."""
    a, b, c = (draw(st.sampled_from(columns)) for _ in range(3))
    number = draw(st.integers(0, 3))
    some = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=3, unique=True))
    yes = draw(st.booleans())
    how = draw(st.sampled_from(["inner", "left", "right", "full"]))
    keep = draw(st.sampled_from(["any", "first", "last", "none"]))
    expression, aggregate = expressions(draw, columns), aggregates(draw, columns)
    steps: list[Step] = [
        lambda frame, _: frame.with_columns(expression.alias(new)),
        lambda frame, _: frame.with_columns(expression.alias(a)),
        lambda frame, _: frame.select(*some, expression.alias(new)),
        lambda frame, _: frame.filter(col(a) > number),
        lambda frame, _: frame.filter(col(a).is_not_null() | (col(b) < col(c))),
        lambda frame, _: frame.filter(pl.len().over(a) > 1),
        lambda frame, _: frame.filter(col(a) == col(a).max()),
        lambda frame, _: frame.drop_nulls(a),
        lambda frame, _: frame.group_by(a, maintain_order=True).agg(aggregate.alias(new)),
        lambda frame, _: frame.group_by(some, maintain_order=True).agg(aggregate.alias(new)),
        lambda frame, _: frame.group_by(a, maintain_order=True).head(2),
        lambda frame, _: frame.group_by(col(a) % 2, maintain_order=True).agg(col(b).sort()).explode(b),
        lambda frame, _: frame.group_by(a, maintain_order=True).agg(col(b).drop_nulls().alias(new)).explode(new),
        lambda frame, _: frame.sort(some, descending=yes, maintain_order=True),
        lambda frame, _: frame.sort(*columns),
        lambda frame, _: frame.head(3),
        lambda frame, _: frame.tail(3),
        lambda frame, _: frame.top_k(3, by=[a, *columns]),
        lambda frame, _: frame.unique(some, keep=keep, maintain_order=True),
        lambda frame, _: frame.with_row_index(new).with_columns(col(new).cast(pl.Int64)),
        lambda frame, _: frame.unpivot(on=[a], index=[n for n in columns if n != a], value_name=new).drop("variable"),
        lambda frame, _: frame.with_columns(pl.concat_list(a, b).alias(new)).explode(new),
        lambda frame, _: frame.with_columns(pl.struct(a, b).alias(new)).select(new).unnest(new) if a != b else frame,
        lambda frame, _: frame.rename({a: new}),
        lambda frame, frames: frame.join(frames["right"], left_on=a, right_on="k", how=how, suffix=f"_{new}", maintain_order="left_right"),
        lambda frame, frames: frame.join(
            frames["right"], left_on=a, right_on="u", how=how, coalesce=yes, suffix=f"_{new}", maintain_order="left_right"
        ),
        lambda frame, frames: frame.join(frames["right"], left_on=a, right_on="k", how="semi" if yes else "anti", maintain_order="left"),
        lambda frame, frames: frame.join(frames["right"].select(col("u").sum().alias(new)), how="cross", maintain_order="left"),
        lambda frame, frames: frame.join_where(frames["right"].rename(lambda name: f"{name}_{new}"), col(a) > col(f"u_{new}")).sort(pl.all()),
        lambda frame, frames: frame.sort(a, maintain_order=True).join_asof(
            frames["right"].sort("u", maintain_order=True).rename(lambda name: f"{name}_{new}"), left_on=a, right_on=f"u_{new}"
        ),
        lambda frame, frames: pl.concat([frame, frames["right"].with_columns(col("u").alias(a))], how="diagonal"),
        lambda frame, _: pl.concat([frame.filter(col(a) > number), frame]),
        lambda frame, frames: pl.concat([frame.head(4), frames["right"].select(col("u").head(4).alias(new))], how="horizontal"),
        lambda frame, _: frame.join(frame.group_by(a).agg(col(b).sum().alias(new)), on=a, how="left", maintain_order="left"),
        lambda frame, _: frame.cache().join(frame.cache().select(a).unique(), on=a, how="semi", maintain_order="left"),
        lambda frame, _: frame.map_batches(lambda rows: rows.with_columns((col(a) + 1).alias(a))),
        lambda frame, _: frame.reverse(),
    ]  # fmt: skip
    return draw(st.sampled_from(steps))


@st.composite
def plans(draw: st.DrawFn) -> Callable[[Frames], pl.LazyFrame]:
    probe = probe_sources(SCHEMAS)
    frame = probe.frames["left"]
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 4))):
        columns = frame.collect_schema().names()
        taken = step(draw, columns, f"n{number}")
        try:
            frame = taken(frame, probe.frames)
            if any(kind != pl.Int64 for kind in frame.collect_schema().dtypes()):
                frame = frame.cast(pl.Int64)
                steps += [taken, lambda found, _: found.cast(pl.Int64)]
                frame.collect_schema()
                continue
        except (pl.exceptions.PolarsError, TypeError):
            break
        steps.append(taken)

    def plan(frames: Frames) -> pl.LazyFrame:
        made = frames["left"]
        for taken in steps:
            made = taken(made, frames)
        return made

    return plan


def result(
    plan: Callable[[Frames], pl.LazyFrame], rows: Mapping[str, pl.DataFrame], *, ordered: bool
) -> dict[str, list[object]] | None:
    """Values by column, sorted if their order says nothing; None if the plan fails on these rows."""
    try:
        made = plan({name: frame.lazy() for name, frame in rows.items()}).collect()
    except pl.exceptions.PolarsError:
        return None
    columns = made.to_dict(as_series=False)
    return columns if ordered else {name: sorted(values, key=repr) for name, values in columns.items()}


QUIET = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 1000, suppress_health_check=list(HealthCheck)
)


@pytest.mark.filterwarnings("ignore")
def test_what_changes_with_an_input_column_depends_on_it() -> None:
    seen: Counter[str] = Counter()

    @QUIET
    @given(plan=plans(), seed=st.integers(0, 5))
    def hold(plan: Callable[[Frames], pl.LazyFrame], seed: int) -> None:
        seen.update(_held(plan, seed))

    hold()
    assert seen["columns changed"] > 10 * EXAMPLES
    assert seen["columns left alone"] > 10 * EXAMPLES


def _held(plan: Callable[[Frames], pl.LazyFrame], seed: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    probe = probe_sources(SCHEMAS)
    made = plan(probe.frames)
    known = walk(made, probe.frames)
    lineage = as_lineage(known)
    assert not lineage.underivable
    rows = {name: rows_of(name, seed) for name in SCHEMAS}
    before = result(plan, rows, ordered=bool(known.order))
    if before is None or before != result(plan, rows, ordered=bool(known.order)):
        return seen  # it fails on these rows, or shows an order that Polars does not promise
    for ref in (ColumnRef(name, column) for name, schema in SCHEMAS.items() for column in schema):
        for other in (seed + 7, seed + 8):
            column = rows_of(ref.dataset, other)[ref.column]
            after = result(
                plan, {**rows, ref.dataset: rows[ref.dataset].with_columns(column)}, ordered=bool(known.order)
            )
            if after is None:
                continue
            moved = {output for output, values in after.items() if values != before[output]}
            told = {out for out in after if ref in {found.source for found in lineage.dependencies(out)}}
            assert moved <= told, (str(ref), made.explain(optimized=False))
            seen.update({"columns changed": len(moved), "columns left alone": len(after) - len(moved)})
    return seen


@pytest.mark.filterwarnings("ignore")
@QUIET
@given(plan=plans())
def test_the_engine_and_the_walk_agree_on_generated_plans(plan: Callable[[Frames], pl.LazyFrame]) -> None:
    probe = probe_sources(SCHEMAS)
    made = plan(probe.frames)
    assert disagreements(made, probe.frames, walk(made, probe.frames)) == {}, made.explain(optimized=False)
