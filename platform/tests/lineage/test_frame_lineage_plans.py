"""Known answers for every kind of node of a plan; each is held against what the engine would read, too."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import polars as pl
import pytest
from frame_lineage_words import lineage_words

from bankmesh.lineage.polars import NotASource, cross_check, lineage_of_plan, probe_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.lineage.polars import Probe

c = pl.col
SCHEMAS = {
    "a": pl.Schema({"k": pl.Int64, "x": pl.Int64, "d": pl.Date}),
    "b": pl.Schema({"k": pl.Int64, "y": pl.Int64, "d": pl.Date}),
    "n": pl.Schema({"k": pl.Int64, "l": pl.List(pl.Int64), "st": pl.Struct({"p": pl.Int64, "q": pl.String})}),
}
A = {"k": "I a.k", "x": "I a.x", "d": "I a.d"}
A_BY_KEY = {**A, "y": "I b.y", "d_right": "I b.d"}
KEYS = "J a.k, J b.k"
TWICE = {"k": "I a.k, I b.k", "d": "I a.d, I b.d"}
NOBODY = "?"


def constants() -> pl.LazyFrame:
    return pl.LazyFrame({"k": [1, 2], "name": ["one", "two"]})


def shared(a: pl.LazyFrame) -> pl.LazyFrame:
    kept = a.filter(c("x") > 0).cache()
    return kept.join(kept.group_by("k").agg(c("x").sum().alias("all")), on="k").select("x", "all")


PLANS: dict[str, tuple[Callable[..., pl.LazyFrame], dict[str, str]]] = {
    "nothing": (lambda a: a, {**A, "rows": ""}),
    "select": (lambda a: a.select("x", (c("k") + 1).alias("z")), {"x": "I a.x", "z": "T a.k", "rows": ""}),
    "with_columns": (lambda a: a.with_columns(c("x") * c("k")), {**A, "x": "T a.k, T a.x", "rows": ""}),
    "rename": (lambda a: a.rename({"x": "z"}), {"k": "I a.k", "z": "I a.x", "d": "I a.d", "rows": ""}),
    "swap of names": (
        lambda a: a.select(c("k").alias("x"), c("x").alias("k")),
        {"x": "I a.k", "k": "I a.x", "rows": ""},
    ),
    "drop": (lambda a: a.drop("x"), {"k": "I a.k", "d": "I a.d", "rows": ""}),
    "constants": (
        lambda a: a.select("x", pl.lit(1).alias("one"), pl.len()),
        {"x": "I a.x", "one": "", "len": "", "rows": ""},
    ),
    "a step after a step": (
        lambda a: a.with_columns(z=pl.when(c("k") > 1).then("x")).select(c("z").sum().alias("s")),
        {"s": "A a.x, C a.k", "rows": ""},
    ),
    "a column in two ways": (
        lambda a: a.select(pl.when(c("x") > 0).then(c("x").cum_sum()).alias("z"), hashed=c("x").hash()),
        {"z": "A a.x, C a.x", "hashed": "T a.x*", "rows": ""},
    ),
    "masked and not": (lambda a: a.select(c("x").hash() + c("x")), {"x": "T a.x, T a.x*", "rows": ""}),
    "filter": (lambda a: a.filter(c("x") > 1, k=2).select("d"), {"d": "I a.d", "rows": "F a.k, F a.x"}),
    "filter by what was made": (
        lambda a: a.with_columns(z=c("x").sum().over("k")).filter(c("z") > 0).select("d"),
        {"d": "I a.d", "rows": "F a.k, F a.x"},
    ),
    "drop_nulls": (lambda a: a.drop_nulls("x").select("d"), {"d": "I a.d", "rows": "F a.x"}),
    "group_by": (
        lambda a: a.group_by("k", c("d").dt.year().alias("year")).agg(c("x").sum(), pl.len(), n=c("x").count()),
        {"k": "I a.k", "year": "T a.d", "x": "A a.x", "len": "", "n": "A a.x*", "rows": "G a.d, G a.k"},
    ),
    "having": (
        lambda a: a.group_by("k").agg(c("x").sum()).filter(c("x") > 0).select("k"),
        {"k": "I a.k", "rows": "F a.x, G a.k"},
    ),
    "group_by_dynamic": (
        lambda a: a.group_by_dynamic("d", every="1mo", group_by="k", include_boundaries=True).agg(c("x").sum()),
        {
            "k": "I a.k", "_lower_boundary": "T a.d", "_upper_boundary": "T a.d", "d": "T a.d", "x": "A a.x",
            "rows": "G a.d, G a.k",
        },
    ),
    "rolling": (
        lambda a: a.rolling("d", period="2d").agg(c("x").sum()),
        {"d": "I a.d", "x": "A a.x", "rows": "G a.d"},
    ),
    "the first of each group": (
        lambda a: a.group_by("k").head(1),
        {"k": "I a.k", "x": "A a.x", "d": "A a.d", "rows": "G a.k"},
    ),
    "pivot": (
        lambda a: a.pivot(on="x", on_columns=[1, 2], index="k", values="d", aggregate_function="max"),
        {"k": "I a.k", "1": "A a.d, C a.x", "2": "A a.d, C a.x", "rows": "G a.k"},
    ),
    "unique": (lambda a: a.unique("k").select("x"), {"x": "I a.x", "rows": "G a.k"}),
    "unique rows": (lambda a: a.select("k", "x").unique(), {"k": "I a.k", "x": "I a.x", "rows": "G a.k, G a.x"}),
    # --- Order
    "a final sort": (lambda a: a.sort("d").select("x"), {"x": "I a.x", "rows": "S a.d"}),
    "an order that a sum gives up": (lambda a: a.sort("d").select(c("x").sum()), {"x": "A a.x", "rows": ""}),
    "an order that a group gives up": (
        lambda a: a.sort("d").group_by("k").agg(c("x").sum(), last=c("x").last()),
        {"k": "I a.k", "x": "A a.x", "last": "A a.x, S a.d", "rows": "G a.k"},
    ),
    "an order that groups keep": (
        lambda a: a.sort("d").group_by("k", maintain_order=True).agg(c("x").sum()),
        {"k": "I a.k", "x": "A a.x", "rows": "G a.k, S a.d"},
    ),
    "an order over an order": (lambda a: a.sort("d").sort("k").select("x"), {"x": "I a.x", "rows": "S a.k"}),
    "a stable order over an order": (
        lambda a: a.sort("d").sort("k", maintain_order=True).select("x"),
        {"x": "I a.x", "rows": "S a.d, S a.k"},
    ),
    "head after sort": (
        lambda a: a.sort("d").head(2).group_by("k").agg(c("x").sum()),
        {"k": "I a.k", "x": "A a.x", "rows": "G a.k, S a.d"},
    ),
    "head without an order": (lambda a: a.head(2).select("x"), {"x": "I a.x", "rows": ""}),
    "top_k": (lambda a: a.top_k(2, by="x").select("k"), {"k": "I a.k", "rows": "S a.x"}),
    "the last of each key": (
        lambda a: a.sort("d").unique("k", keep="last").select(c("x").sum()),
        {"x": "A a.x", "rows": "G a.k, S a.d"},
    ),
    "any of each key": (
        lambda a: a.sort("d").unique("k", keep="any").select(c("x").sum()),
        {"x": "A a.x", "rows": "G a.k"},
    ),
    "shift after sort": (
        lambda a: a.sort("d").select("k", before=c("x").shift(1)).group_by("k").agg(c("before").sum()),
        {"k": "I a.k", "before": "A a.x, S a.d", "rows": "G a.k"},
    ),
    "numbered rows": (
        lambda a: a.sort("d").with_row_index("n").group_by("k").agg(c("n").max()),
        {"k": "I a.k", "n": "S a.d", "rows": "G a.k"},
    ),
    "an order that a join gives up": (
        lambda a, b: a.sort("d").join(b, on="k").select("x"),
        {"x": "I a.x", "rows": KEYS},
    ),
    "an order that a join keeps": (
        lambda a, b: a.sort("d").join(b, on="k", how="left", maintain_order="left").select("x"),
        {"x": "I a.x", "rows": f"{KEYS}, S a.d"},
    ),
    # --- Joins
    "inner": (lambda a, b: a.join(b, on="k"), {**A_BY_KEY, "rows": KEYS}),
    "left": (lambda a, b: a.join(b, on="k", how="left"), {**A_BY_KEY, "rows": KEYS}),
    "left, both keys kept": (
        lambda a, b: a.join(b, on="k", how="left", coalesce=False),
        {**A_BY_KEY, "k_right": "I b.k", "rows": KEYS},
    ),
    "right": (lambda a, b: a.join(b, on="k", how="right"), {**A_BY_KEY, "k": "I b.k", "rows": KEYS}),
    "full": (lambda a, b: a.join(b, on="k", how="full"), {**A_BY_KEY, "k_right": "I b.k", "rows": KEYS}),
    "full, one key": (
        lambda a, b: a.join(b, on="k", how="full", coalesce=True),
        {**A_BY_KEY, "k": "T a.k, T b.k", "rows": KEYS},
    ),
    "semi": (lambda a, b: a.join(b, on="k", how="semi"), {**A, "rows": KEYS}),
    "anti": (lambda a, b: a.join(b, on="k", how="anti"), {**A, "rows": KEYS}),
    "keys of other names": (
        lambda a, b: a.join(b, left_on="x", right_on="y", suffix="_b"),
        {**A, "k_b": "I b.k", "d_b": "I b.d", "rows": "J a.x, J b.y"},
    ),
    "keys that are made": (
        lambda a, b: a.join(b, left_on=c("x") + 1, right_on="y", how="left"),
        {**A, "k_right": "I b.k", "y": "I b.y", "d_right": "I b.d", "rows": "J a.x, J b.y"},
    ),
    "cross": (
        lambda a, b: a.select("x").join(b.select("y"), how="cross"),
        {"x": "I a.x", "y": "I b.y", "rows": ""},
    ),
    "join_where": (
        lambda a, b: a.join_where(b, c("x") > c("y"), c("x") > 0).select("d"),
        {"d": "I a.d", "rows": "F a.x, J a.x, J b.y"},
    ),
    "as of": (
        lambda a, b: a.join_asof(b, on="d", by="k"),
        {**A, "y": "I b.y", "rows": "J a.d, J a.k, J b.d, J b.k"},
    ),
    "as of, both keys kept": (
        lambda a, b: a.join_asof(b, left_on="x", right_on="y", coalesce=False),
        {**A, "k_right": "I b.k", "y": "I b.y", "d_right": "I b.d", "rows": "J a.x, J b.y"},
    ),
    "what is looked up decides rows, too": (
        lambda a, b: a.join(b.filter(c("y") > 0), on="k", how="left").select("x"),
        {"x": "I a.x", "rows": f"F b.y, {KEYS}"},
    ),
    "a frame of the code": (
        lambda a: a.join(constants(), on="k"),
        {**A, "name": "", "rows": "J a.k"},
    ),
    "another frame's values": (
        lambda a, b: a.join(b.select(c("y").implode()), how="cross").select(known=c("x").is_in(c("y"))),
        {"known": "A b.y, T a.x", "rows": ""},
    ),
    "update": (
        lambda a, b: a.select("k", "x").update(b.select("k", c("y").alias("x")), on="k"),
        {"k": "I a.k", "x": "T a.x, T b.y", "rows": KEYS},
    ),
    # --- Frames together
    "below each other": (
        lambda a, b: pl.concat([a.select("k", "d"), b.select("k", "d")]),
        {**TWICE, "rows": ""},
    ),
    "below each other, diagonally": (
        lambda a, b: pl.concat([a, b], how="diagonal"),
        {**TWICE, "x": "I a.x", "y": "I b.y", "rows": ""},
    ),
    "below each other, types made one": (
        lambda a, b: pl.concat([a.select("k"), b.select(c("k").cast(pl.Float64))], how="vertical_relaxed"),
        {"k": "T a.k, T b.k", "rows": ""},
    ),
    "beside each other": (
        lambda a, b: pl.concat([a.sort("d").select("x"), b.select("y")], how="horizontal"),
        {"x": "I a.x", "y": "I b.y", "rows": "S a.d"},
    ),
    "aligned": (
        lambda a, b: pl.concat([a.select("k", "x"), b.select("k", "y")], how="align"),
        {"k": "T a.k, T b.k", "x": "I a.x", "y": "I b.y", "rows": f"{KEYS}, S a.k, S b.k"},
    ),
    "merge_sorted": (
        lambda a, b: a.select("k", "d").merge_sorted(b.select("k", "d"), key="d").select("k"),
        {"k": "I a.k, I b.k", "rows": "S a.d, S b.d"},
    ),
    "gather": (lambda a, b: a.select("x").gather(b.select("y")), {"x": "I a.x", "rows": "F b.y"}),
    "a frame used twice": (shared, {"x": "I a.x", "all": "A a.x", "rows": "F a.x, G a.k, J a.k"}),
    # --- Shapes
    "explode": (lambda n: n.explode("l").select("k", "l"), {"k": "I n.k", "l": "T n.l", "rows": "J n.l"}),
    "explode in a select": (lambda n: n.select(c("l").explode()), {"l": "T n.l", "rows": "J n.l"}),
    "explode of what rows made": (
        lambda a: a.group_by("k").agg("x").explode("x"),
        {"k": "I a.k", "x": "A a.x", "rows": "G a.k"},
    ),
    "explode of what filtered rows made": (
        lambda a: a.group_by("k").agg(c("x").filter(c("d").is_not_null())).explode("x"),
        {"k": "I a.k", "x": "A a.x, C a.d", "rows": "G a.k, J a.d"},
    ),
    "unnest": (lambda n: n.unnest("st").select("p", "q"), {"p": "T n.st", "q": "T n.st", "rows": ""}),
    "unnest of a struct of the plan": (
        lambda a: a.select(pl.struct("k", z="x").alias("s")).unnest("s"),
        {"k": "I a.k", "z": "I a.x", "rows": ""},
    ),
    "the latest row of each group, by a struct": (
        lambda a: a.group_by("k").agg(pl.struct("x", "d").sort_by("d").last().alias("s")).select("k", c("s").struct.field("x")),
        {"k": "I a.k", "x": "A a.x, S a.d", "rows": "G a.k"},
    ),
    "value_counts": (
        lambda a: a.select(c("x").value_counts()).unnest("x"),
        {"x": "A a.x", "count": "A a.x*", "rows": "G a.x"},
    ),
    "unpivot": (
        lambda a: a.unpivot(on=["k", "x"], index="d"),
        {"d": "I a.d", "variable": "", "value": "I a.k, I a.x", "rows": ""},
    ),
    "unpivot, types made one": (
        lambda a: a.with_columns(c("x").cast(pl.Float64)).unpivot(on=["k", "x"]).select("value"),
        {"value": "T a.k, T a.x", "rows": ""},
    ),
    # --- Functions of Python
    "a function of a column": (
        lambda a: a.select(c("x").map_elements(abs, return_dtype=pl.Int64)),
        {"x": "T a.x", "rows": ""},
    ),
    "a function of expressions": (
        lambda a: a.select(
            pl.map_batches([c("x").filter(c("k") > 0).sum(), c("k")], lambda v: v[0], return_dtype=pl.Int64).alias("z")
        ),
        {"z": "A a.x, C a.k, T a.k", "rows": ""},
    ),
    "a function in a function": (
        lambda a: a.select(
            pl.map_batches(
                ["k", c("x").map_elements(abs, return_dtype=pl.Int64).sum()], lambda v: v[0], return_dtype=pl.Int64
            ).alias("z")
        ),
        {"z": "A a.k, A a.x, T a.k", "rows": ""},
    ),
    "a function of a group's values": (
        lambda a: a.group_by("k").agg(
            c("x").map_batches(lambda v: v.sum(), return_dtype=pl.Int64, returns_scalar=True), d=c("d").sort().head(2)
        ),
        {"k": "I a.k", "x": "A a.x", "d": "A a.d, S a.d", "rows": "G a.k"},
    ),
    "a function of a frame": (
        lambda a: a.filter(c("d").is_not_null()).select("k", "x").map_batches(lambda rows: rows),
        {"k": "O a.k, O a.x", "x": "O a.k, O a.x", "rows": "F a.d"},
    ),
    "a function of groups": (
        lambda a: a.select("k", "x").group_by("k").map_groups(lambda rows: rows, schema={"k": pl.Int64, "z": pl.Int64}),
        {"k": "O a.k, O a.x", "z": "O a.k, O a.x", "rows": "G a.k"},
    ),
    "SQL": (
        lambda a: a.sql("select k, max(x) as x from self where d is not null group by k"),
        {"k": "I a.k", "x": "A a.x", "rows": "F a.d, G a.k"},
    ),
    # --- What cannot be told
    "another source": (
        lambda a: a.join(pl.defer(constants().collect, schema={"k": pl.Int64, "name": pl.String}), on="k", how="left"),
        {"k": NOBODY, "x": NOBODY, "d": NOBODY, "name": NOBODY, "rows": "J a.k"},
    ),
    "a column of another source": (
        lambda a: pl.concat([a.select("x"), pl.defer(constants().collect, schema={"k": pl.Int64})], how="diagonal").select("k"),
        {"k": NOBODY, "rows": ""},
    ),
}  # fmt: skip


def made(probe: Probe, build: Callable[..., pl.LazyFrame]) -> pl.LazyFrame:
    names = build.__code__.co_varnames[: build.__code__.co_argcount]
    return build(**{name: probe.frames[name] for name in names})


@pytest.mark.parametrize("name", PLANS)
def test_a_plan(name: str) -> None:
    build, answer = PLANS[name]
    probe = probe_sources(SCHEMAS)
    frame = made(probe, build)
    assert lineage_words(lineage_of_plan(frame, probe.frames)) == answer
    assert cross_check(frame, probe.frames) == {}
    assert not probe.was_read


@pytest.mark.parametrize("how", ["inner", "left", "right", "full", "semi", "anti"])
@pytest.mark.parametrize("coalesce", [None, True, False])
@pytest.mark.parametrize("keys", [{"on": "k"}, {"on": ["k", "d"]}, {"left_on": "x", "right_on": "k"}])
def test_names_of_joined_columns_are_those_that_polars_gives(
    how: str, coalesce: object, keys: dict[str, object]
) -> None:
    probe = probe_sources(SCHEMAS)
    frame = probe.frames["a"].join(probe.frames["b"], how=how, coalesce=coalesce, suffix="_b", **keys)
    lineage = lineage_of_plan(frame, probe.frames)
    assert list(lineage.columns) == frame.collect_schema().names()
    assert lineage.underivable == {}
    assert cross_check(frame, probe.frames) == {}


def test_deep_plans_and_expressions_need_no_deep_stack() -> None:
    probe = probe_sources(SCHEMAS)
    total = reduce(lambda sofar, number: sofar + c("x") * number, range(1200), c("k"))
    deep = reduce(lambda frame, number: frame.with_columns(c("x") + number), range(120), probe.frames["a"])
    assert lineage_words(lineage_of_plan(deep.select(total), probe.frames)) == {"k": "T a.k, T a.x", "rows": ""}


def test_a_source_must_be_one_that_tells_what_is_read_of_it() -> None:
    frame = constants()
    with pytest.raises(NotASource, match="codes is not a source"):
        lineage_of_plan(frame, {"codes": frame})
