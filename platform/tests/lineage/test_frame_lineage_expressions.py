"""Known answers for every expression that Polars has: a method that a new version adds has to be answered here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
import pytest
from frame_lineage_words import words

if TYPE_CHECKING:
    from bankmesh.lineage.model import Dependency

from bankmesh.lineage.polars import cross_check, lineage_of_plan, probe_sources

SCHEMA = pl.Schema(
    {
        "i": pl.Int64, "j": pl.Int64, "f": pl.Float64, "s": pl.String, "t": pl.String, "b": pl.Boolean, "d": pl.Date,
        "at": pl.Datetime("us"), "dur": pl.Duration("us"), "tm": pl.Time, "l": pl.List(pl.Int64),
        "texts": pl.List(pl.String), "ar": pl.Array(pl.Int64, 2), "st": pl.Struct({"x": pl.Int64, "y": pl.String}),
        "cat": pl.Categorical(), "raw": pl.Binary, "pairs": pl.List(pl.Struct({"key": pl.String, "value": pl.Int64})),
    }
)  # fmt: skip
NAMES = {name: pl.col(name) for name in SCHEMA} | {"pl": pl, "el": pl.element()}
NAMESPACES = ("arr", "bin", "cat", "dt", "list", "map", "name", "str", "struct")

# What depends on what: `T i` is TRANSFORMATION of the column i (see `frame_lineage_words`).
ANSWERS: dict[str, str] = {
    "I i": """
        i.alias("z"); i.pipe(lambda e: e); i.pipe_with_dtype(lambda e, _: e); i.set_sorted(); i.head(2); i.tail(2)
        i.limit(2); i.gather_every(2); i.drop_nulls(); i.unique(); i.reverse(); i.sample(1); i.shuffle()
        i.extend_constant(1, 2); i.exclude("j"); i.name.keep(); i.name.map(str.upper); i.name.prefix("p")
        i.name.replace("i", "z"); i.name.strip_prefix("p"); i.name.strip_suffix("p"); i.name.suffix("p")
        i.name.to_lowercase(); i.name.to_uppercase()
    """,
    "I f": "f.drop_nans()",
    "I st": "st.struct.rename_fields(['p', 'q']); st.name.prefix_fields('p'); st.name.suffix_fields('p')",
    "I i, I j": "i.append(j)",
    "I i, S i": "i.sort(); i.top_k(2); i.bottom_k(2)",
    "I i, S j": "i.sort_by(j); i.top_k_by(j, 2); i.bottom_k_by(j, 2)",
    "C j, I i": "i.gather(j); i.slice(j, 2)",
    "C b, I i": "i.filter(b)",
    "I i, W s": "i.over('s'); i.over(s, mapping_strategy='explode')",
    "I i, W j, W s": "i.over(s, order_by=j)",
    "T i": """
        i.abs(); i.arccos(); i.arccosh(); i.arcsin(); i.arcsinh(); i.arctan(); i.arctanh(); i.cast(pl.Float64)
        i.cbrt(); i.ceil(); i.cos(); i.cosh(); i.cot(); i.cut([1]); i.degrees(); i.erf(); i.erfc(); i.exp(); i.explode()
        i.fill_null(1); i.forward_fill(); i.backward_fill(); i.floor(); i.is_finite(); i.is_infinite(); i.is_nan()
        i.is_not_nan(); i.is_not_null(); i.is_null(); i.log(); i.log10(); i.log1p(); i.map_batches(lambda v: v)
        i.map_elements(lambda v: v); i.neg(); i.not_(); i.radians(); i.reinterpret(signed=False); i.replace({1: 2})
        i.replace_strict({1: 2}); i.round(); i.round_sig_figs(2); i.shift(1); i.diff(); i.pct_change(); i.sign(); i.sin()
        i.sinh(); i.sqrt(); i.tan(); i.tanh(); i.to_physical(); i.truncate(); i.interpolate(); i.peak_max(); i.peak_min()
        i.reshape((-1, 2)); i.bitwise_count_ones(); i.bitwise_count_zeros(); i.bitwise_leading_ones()
        i.bitwise_leading_zeros(); i.bitwise_trailing_ones(); i.bitwise_trailing_zeros(); i.is_in([1, 2]); i.clip(1, 2)
        i.is_between(1, 2); i.bin_intervals([1], labels=["low", "high"]); pl.struct(i); pl.concat_list(i); i * 2
        pl.date(i, 1, 1)
    """,
    "T i, T j": """
        i.add(j); i.and_(j); i.eq(j); i.eq_missing(j); i.floordiv(j); i.ge(j); i.gt(j); i.le(j); i.lt(j); i.mod(j)
        i.mul(j); i.ne(j); i.ne_missing(j); i.or_(j); i.pow(j); i.repeat_by(j); i.sub(j); i.truediv(j); i.truncdiv(j)
        i.xor(j); i.clip(1, j); i.is_between(1, j); pl.coalesce(i, j); pl.max_horizontal(i, j); pl.sum_horizontal(i, j)
        pl.concat_list(i, j); pl.struct(i, j); pl.format("{}-{}", i, j); pl.concat_str(i, j); pl.arctan2(i, j)
        pl.fold(0, lambda a, e: a + e, [i, j]); pl.reduce(lambda a, e: a + e, [i, j])
        pl.cum_reduce(lambda a, e: a + e, [i, j]); pl.cum_fold(0, lambda a, e: a + e, [i, j]); pl.int_ranges(i, j)
        pl.map_batches([i, j], lambda v: v[0]); pl.datetime(i, j, 1); pl.duration(days=i, hours=j)
    """,
    "T d, T i": "d.dt.add_business_days(i)",
    "C f, T f": "f.fill_nan(1)",
    "T f, T i": "f.is_close(i)",
    "T i, T l": "i.is_in(l); l.list.contains(i); l.list.count_matches(i); l.list.get(i); l.list.slice(i, 1)",
    "T i*": "i.hash()",
    "T l*": "l.list.len()",
    "T ar*": "ar.arr.len()",
    "C i, T j": "pl.when(i > 1).then(j)",
    "C b, T i, T j": "pl.when(b).then(i).otherwise(j)",
    "A i": """
        i.all(); i.any(); i.arg_max(); i.arg_min(); i.arg_sort(); i.arg_true(); i.arg_unique(); i.bitwise_and()
        i.bitwise_or(); i.bitwise_xor(); i.cum_max(); i.cum_min(); i.cum_prod(); i.cum_sum(); i.entropy()
        i.cumulative_eval(el.sum()); i.ewm_mean(alpha=0.5); i.ewm_std(alpha=0.5); i.ewm_sum(alpha=0.5)
        i.ewm_var(alpha=0.5); i.first(); i.has_nulls(); i.hist(bin_count=2); i.implode(); i.index_of(1)
        i.is_duplicated(); i.is_empty(); i.is_first_distinct(); i.is_last_distinct(); i.is_sorted(); i.is_unique()
        i.item(); i.kurtosis(); i.last(); i.max(); i.mean(); i.median(); i.min(); i.mode(); i.nan_max(); i.nan_min()
        i.product(); i.qcut([0.5]); i.quantile(0.5); i.approx_quantile(0.5); i.rank(); i.rle(); i.rle_id(); i.skew()
        i.std(); i.sum(); i.value_counts(); i.var(); i.rolling_kurtosis(4); i.rolling_map(lambda v: 1.0, 2)
        i.rolling_max(2); i.rolling_mean(2); i.rolling_median(2); i.rolling_min(2)
        i.rolling_quantile(quantile=0.5, window_size=2); i.rolling_rank(2); i.rolling_skew(2); i.rolling_std(2)
        i.rolling_sum(2); i.rolling_var(2); i.bin_quantiles([0.5], labels=["low", "high"])
        i.bin_ranks([1], labels=["low", "high"]); i.fill_null(strategy="mean"); i.sum() * 2
    """,
    "A i*": "i.count(); i.len(); i.n_unique(); i.null_count(); i.approx_n_unique(); i.cum_count(); i.unique_counts()",
    "A i, A j": "i.dot(j); i.interpolate_by(j); i.search_sorted(j); pl.corr(i, j); pl.cov(i, j); pl.rolling_corr(i, j, window_size=2)",
    "A i, S j": "i.max_by(j); i.min_by(j)",
    "A i, C j": "i.get(j)",
    "A i, C b": "i.filter(b).sum()",
    "A i, S d, S j": "i.sort_by(d, j).last()",
    "A d, A i": "i.ewm_mean_by(d, half_life='1d'); i.ewm_sum_by(d, half_life='1d')",
    "A i, W d": """
        i.rolling(index_column="d", period="1d"); i.sum().rolling(index_column="d", period="1d")
        i.rolling_max_by(d, "2d"); i.rolling_mean_by(d, "2d"); i.rolling_median_by(d, "2d"); i.rolling_min_by(d, "2d")
        i.rolling_quantile_by(d, "2d", quantile=0.5); i.rolling_rank_by(d, "2d"); i.rolling_std_by(d, "2d")
        i.rolling_sum_by(d, "2d"); i.rolling_var_by(d, "2d")
    """,
    "A i, W s": "i.sum().over('s'); i.max().over(s)",
    "A i, W d, W s": "i.cum_sum().over(s, order_by=d); i.first().over(s, order_by=d)",
    "T i, W d, W s": "i.shift(1).over(s, order_by=d)",
    "W s": "pl.len().over(s); pl.int_range(pl.len()).over(s)",
    "": "pl.lit(1); pl.len(); i.lower_bound(); i.upper_bound(); pl.row_index(); pl.int_range(pl.len()); pl.lit(pl.Series([1]))",
    "T s": """
        s.str.contains("x"); s.str.contains_any(["a"]); s.str.count_matches("x"); s.str.decode("hex")
        s.str.encode("hex"); s.str.escape_regex(); s.str.extract("(x)"); s.str.extract_all("x"); s.str.extract_groups("(x)")
        s.str.extract_many(["x"]); s.str.find("x"); s.str.find_many(["x"]); s.str.head(1); s.str.json_decode(pl.Int64)
        s.str.json_path_match("$.x"); s.str.len_bytes(); s.str.len_chars(); s.str.normalize(); s.str.pad_end(3)
        s.str.pad_start(3); s.str.replace_many(["x"], ["y"]); s.str.reverse(); s.str.split_exact("x", 2)
        s.str.splitn("x", 2); s.str.strip_chars_end(); s.str.strip_chars_start(); s.str.strip_prefix("x")
        s.str.strip_suffix("x"); s.str.strptime(pl.Date, "%Y"); s.str.tail(1); s.str.to_date(); s.str.to_datetime("%Y")
        s.str.to_decimal(scale=2); s.str.to_integer(); s.str.to_lowercase(); s.str.to_time(); s.str.to_titlecase()
        s.str.to_uppercase(); s.str.zfill(3)
    """,
    "A s": "s.str.join()",
    "T s, T t": """
        s.str.ends_with(t); s.str.replace("x", t); s.str.replace_all("x", t); s.str.split(t); s.str.starts_with(t)
        s.str.strip_chars(t)
    """,
    "T i, T s": "s.str.slice(i, 2)",
    "T d": """
        d.dt.century(); d.dt.day(); d.dt.days_in_month(); d.dt.is_business_day(); d.dt.is_leap_year(); d.dt.iso_year()
        d.dt.millennium(); d.dt.month(); d.dt.month_end(); d.dt.month_start(); d.dt.offset_by("1d"); d.dt.ordinal_day()
        d.dt.quarter(); d.dt.replace(year=2000); d.dt.strftime("%Y"); d.dt.to_string("%Y"); d.dt.truncate("1mo")
        d.dt.week(); d.dt.weekday(); d.dt.year(); d.dt.epoch()
    """,
    "T at": """
        at.dt.cast_time_unit("ms"); at.dt.date(); at.dt.hour(); at.dt.microsecond(); at.dt.millisecond(); at.dt.minute()
        at.dt.nanosecond(); at.dt.replace_time_zone("UTC"); at.dt.round("1d"); at.dt.second(); at.dt.time()
        at.dt.timestamp(); at.dt.replace_time_zone("UTC").dt.base_utc_offset()
        at.dt.replace_time_zone("UTC").dt.convert_time_zone("UTC"); at.dt.replace_time_zone("UTC").dt.dst_offset()
    """,
    "T dur": """
        dur.dt.total_days(); dur.dt.total_hours(); dur.dt.total_microseconds(); dur.dt.total_milliseconds()
        dur.dt.total_minutes(); dur.dt.total_nanoseconds(); dur.dt.total_seconds()
    """,
    "T d, T tm": "d.dt.combine(tm)",
    "T l": """
        l.list.agg(el.sum()); l.list.arg_max(); l.list.arg_min(); l.list.concat([1]); l.list.diff(); l.list.drop_nulls()
        l.list.eval(el + 1); l.list.explode(); l.list.filter(el > 1); l.list.first(); l.list.gather([0])
        l.list.gather_every(2); l.list.head(1); l.list.item(); l.list.last(); l.list.max(); l.list.mean()
        l.list.median(); l.list.min(); l.list.n_unique(); l.list.reverse(); l.list.sample(1); l.list.set_difference([1])
        l.list.set_intersection([1]); l.list.set_symmetric_difference([1]); l.list.set_union([1]); l.list.shift(1)
        l.list.sort(); l.list.std(); l.list.sum(); l.list.tail(1); l.list.to_array(2); l.list.to_struct(fields=["p"])
        l.list.unique(); l.list.var(); l.list.eval(el > 1).list.all(); l.list.eval(el > 1).list.any()
    """,
    "T texts": "texts.list.join(',')",
    "T pairs": """
        pairs.list.to_map(); pairs.list.to_map().map.entries(); pairs.list.to_map().map.get("a")
        pairs.list.to_map().map.keys(); pairs.list.to_map().map.values(); pairs.list.to_map().map.contains_key("a")
    """,
    "T pairs*": "pairs.list.to_map().map.len()",
    "T ar": """
        ar.arr.agg(el.sum()); ar.arr.arg_max(); ar.arr.arg_min(); ar.arr.dot(ar); ar.arr.eval(el + 1); ar.arr.explode()
        ar.arr.first(); ar.arr.get(0); ar.arr.head(1); ar.arr.last(); ar.arr.max(); ar.arr.mean(); ar.arr.median()
        ar.arr.min(); ar.arr.n_unique(); ar.arr.reverse(); ar.arr.shift(1); ar.arr.slice(0, 1); ar.arr.sort()
        ar.arr.std(); ar.arr.sum(); ar.arr.tail(1); ar.arr.to_list(); ar.arr.to_struct(); ar.arr.unique(); ar.arr.var()
        ar.cast(pl.Array(pl.String, 2)).arr.join(","); ar.arr.eval(el > 1).arr.all(); ar.arr.eval(el > 1).arr.any()
    """,
    "T ar, T i": "ar.arr.contains(i); ar.arr.count_matches(i)",
    "T st": """
        st.struct.drop(["x"]); st.struct.eval(pl.field("x") + 1); st.struct.field("x"); st.struct.json_encode()
        st.name.map_fields(str.upper); st.struct.unnest()
    """,
    "T i, T st": "st.struct.with_fields((pl.field('x') + i).alias('z'))",
    "T cat": """
        cat.cat.ends_with("x"); cat.cat.len_bytes(); cat.cat.len_chars(); cat.cat.physical(); cat.cat.slice(0, 1)
        cat.cat.starts_with("x"); cat.cat.to(pl.Categorical())
    """,
    "T raw": """
        raw.bin.contains(b"x"); raw.bin.decode("hex"); raw.bin.encode("hex"); raw.bin.ends_with(b"x"); raw.bin.get(0)
        raw.bin.head(1); raw.bin.reinterpret(dtype=pl.Int32); raw.bin.size(); raw.bin.slice(0, 1)
        raw.bin.starts_with(b"x"); raw.bin.tail(1)
    """,
    # Fields of a struct that the plan itself makes are told apart.
    "I j": "pl.struct(i, q=j).struct.field('q'); pl.struct(i, j).struct.rename_fields(['p', 'q']).struct.field('q')",
    "T j": "pl.struct(i, j).struct.drop(['i']); pl.struct(i, q=j).shift(1).struct.field('q')",
    "A j, S d": "pl.struct(i, j).sort_by(d).last().struct.field('j')",
}  # fmt: skip
NOT_VALUES = {"deserialize", "inspect", "meta", "ext", *NAMESPACES}
"""What an expression has besides values: `inspect` prints; `ext` is for types that no contract has."""


def examples() -> list[tuple[str, str]]:
    return [
        (answer.strip(), example.strip())
        for answer, listed in ANSWERS.items()
        for example in re.split(r";|\n", listed)
        if example.strip()
    ]


def read(example: str) -> pl.Expr:
    return eval(example, dict(NAMES))  # noqa: S307 - the examples above


def of_s(found: frozenset[Dependency]) -> set[str]:
    return set(words(found).replace(" s.", " ").split(", "))


@pytest.mark.parametrize(("answer", "example"), examples())
def test_an_expression(answer: str, example: str) -> None:
    probe = probe_sources({"s": SCHEMA})
    frame = probe.frames["s"].select(read(example))
    lineage = lineage_of_plan(frame, probe.frames)
    assert lineage.underivable == {}
    for found in lineage.columns.values():
        assert of_s(found) | of_s(lineage.rows) - {""} >= set(answer.split(", "))
        assert of_s(found) <= set(answer.split(", "))
    assert cross_check(frame, probe.frames) == {}


@pytest.mark.parametrize("answer", ANSWERS)
def test_in_a_group_every_value_is_an_aggregate(answer: str) -> None:
    probe = probe_sources({"s": SCHEMA})
    expected = set(re.sub(r"[IT] ", "A ", answer).split(", "))
    tried = 0
    for example in [example for found, example in examples() if found == answer]:
        frame = probe.frames["s"].group_by(pl.col("s").alias("key")).agg(read(example))
        try:
            names = frame.collect_schema().names()[1:]
        except pl.exceptions.PolarsError:
            continue  # Polars has no such expression in a group
        tried += 1
        lineage = lineage_of_plan(frame, probe.frames)
        assert [of_s(lineage.columns[name]) for name in names] == [expected] * len(names), example
        assert words(lineage.rows) == "G s.s"
        assert cross_check(frame, probe.frames) == {}, example
    assert tried


def test_every_method_of_an_expression_has_an_answer() -> None:
    told = " ".join(ANSWERS.values())
    others = {  # namespaces that other distributions register when they are imported
        name for name, found in vars(pl.Expr).items()
        if getattr(getattr(found, "_ns", None), "__module__", "polars").partition(".")[0] != "polars"
    }  # fmt: skip
    named = [name for name in dir(pl.Expr) if not name.startswith("_") and name not in others]
    missing = [name for name in named if f".{name}(" not in told]
    for space in NAMESPACES:
        methods = (name for name in dir(getattr(pl.col("i"), space)) if not name.startswith("_"))
        missing += [f"{space}.{name}" for name in methods if f".{space}.{name}(" not in told]
    assert [name for name in missing if name not in NOT_VALUES] == []


@pytest.mark.parametrize(
    ("example", "by_order"),
    [
        ("i.first()", True), ("i.last()", True), ("i.shift(1)", True), ("i.cum_sum()", True), ("i.diff()", True),
        ("i.head(2)", True), ("i.get(0)", True), ("i.implode()", True), ("i.rolling_sum(2)", True),
        ("i.fill_null(strategy='forward')", True), ("i.map_batches(lambda v: v)", True), ("(i * 2).first()", True),
        ("i.sum()", False), ("i.max()", False), ("i.n_unique()", False), ("i + 1", False), ("i.sum().over(s)", False),
        ("i.sort_by(j).first()", False), ("i.sort().last()", False), ("i.shift(1).over(s, order_by=j)", False),
        ("i.fill_null(strategy='max')", False), ("pl.lit(1).first()", False), ("i.max_by(j)", False),
    ],
)  # fmt: skip
def test_what_goes_by_place_depends_on_the_order_of_rows(example: str, *, by_order: bool) -> None:
    probe = probe_sources({"s": SCHEMA})
    frame = probe.frames["s"].sort("d").select(read(example).alias("z"), "t").group_by("t").agg(pl.col("z").sum())
    if example != "i.implode()":
        found = lineage_of_plan(frame, probe.frames).columns["z"]
    else:
        found = lineage_of_plan(probe.frames["s"].sort("d").select(read(example).alias("z")), probe.frames).columns["z"]
    assert ("S s.d" in words(found)) is by_order
