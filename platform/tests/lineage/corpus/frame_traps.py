"""Plans where names change hands, and the shorter ways to say things."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs
from lineage.corpus.frame_tables import ACCOUNT, BOOKING, CARD, T1, T2, T3
from lineage.corpus.notation import case


def swapped(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.rename({"a": "b", "b": "a"}).select("a", "b", pl.col("a").alias("c"), pl.col("c").alias("d"))


def suffix_of_suffix(t1: pl.LazyFrame, t2: pl.LazyFrame, t3: pl.LazyFrame) -> pl.LazyFrame:
    twice = t1.join(t2, on="a", how="left").join(t3.rename({"e": "b"}), on="a", how="left", suffix="_third")
    return twice.select("b", "b_right", "b_third", "c", "c_third")


def named_like_a_suffix(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    left = t1.rename({"c": "d_right"})
    return left.join(t2, on="a").select("d_right", "d", "b_right")


def one_frame_twice(booking: pl.LazyFrame) -> pl.LazyFrame:
    kept = booking.filter(pl.col("amount") > 0).select("account_id", "booked_on", "memo")
    newest = kept.group_by("account_id").agg(pl.col("booked_on").max())
    return kept.join(newest, on=["account_id", "booked_on"], how="inner").select("account_id", "memo")


def filtered_after_the_join(account: pl.LazyFrame, card: pl.LazyFrame) -> pl.LazyFrame:
    joined = account.join(card, on="account_id", how="left")
    return joined.filter(pl.col("kind").is_not_null(), pl.col("credit_limit") > 1).select("branch")


def condition_from_a_window(booking: pl.LazyFrame) -> pl.LazyFrame:
    total = pl.col("amount").sum().over("account_id")
    return booking.select("booking_id", note=pl.when(total > 3).then(pl.col("memo")).otherwise(pl.col("direction")))


def short_ways(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select("account_id", "amount", "memo").group_by("account_id").first()


def lengths(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").len(name="n")


def firsts(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.sort("booked_on").group_by("account_id").head(1).select("account_id", "memo")


def key_by_condition(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by((pl.col("amount") > 0).alias("is_positive")).agg(pl.col("memo").n_unique().alias("memos"))


def duplicates(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.filter(pl.struct("a", "b").is_duplicated()).select("c")


def first_of_each(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.filter(pl.col("account_id").is_first_distinct()).select("booking_id")


def none_of_the_doubles(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.unique(subset=["a", "b"], keep="none").select("c")


def removed(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.remove(pl.col("b") > 1).select("a")


def counted_where(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        n=pl.col("memo").filter(pl.col("direction") == "A").len(),
        kinds=pl.col("memo").filter(pl.col("direction") == "A").n_unique(),
    )


def related(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(r=pl.corr("a", "b"), product=pl.col("a").dot(pl.col("c")))


def by_position(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(pl.nth(1), cs.last(), first=pl.first())


def dates(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(
        "a",
        day=pl.date(2020, 1, 1) + pl.duration(days="b"),
        label=pl.format("{}/{}", "a", pl.col("c") + 1),
    )


def renamed_by_function(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.rename(str.upper).with_columns(pl.all().cast(pl.String).name.suffix("_TEXT")).drop("A", "C")


def shifted_all(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select("c", pl.col("a", "b").shift(1).over("c").name.prefix("previous_"))


def exploded_together(t1: pl.LazyFrame) -> pl.LazyFrame:
    lists = t1.group_by("c").agg("a", pl.col("b") * 2)
    return lists.explode("a", "b")


def unpivoted_all(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select("a", "b").unpivot().filter(pl.col("value") > 0)


def diagonal_with_names(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([t1.select("a", k="b"), t2.select(k="d", e=pl.col("a") + 1)], how="diagonal_relaxed")


def nested_conditions(t1: pl.LazyFrame) -> pl.LazyFrame:
    inner = pl.when(pl.col("a") > 0).then(pl.col("b"))
    return t1.select(
        x=pl.when(inner > 1).then(pl.lit("high")).otherwise(pl.lit("low")),
        y=pl.when(pl.col("c").is_in([1, 2])).then(inner).otherwise(None),
    )


def aggregated_condition(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.group_by("a").agg(
        x=pl.when(pl.col("b").sum() > 0).then(pl.col("c").max()).otherwise(pl.col("c").min()),
    )


def top_of_each(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").agg(pl.col("memo").top_k_by("amount", 2).alias("memos"))


CASES = (
    case(
        "names that change hands",
        swapped,
        T1,
        {"a": "identity t1.b", "b": "identity t1.a", "c": "identity t1.b", "d": "identity t1.c"},
    ),
    case(
        "two joins with columns of one name",
        suffix_of_suffix,
        T1 | T2 | T3,
        {
            "b": "identity t1.b",
            "b_right": "identity t2.b",
            "b_third": "identity t3.e",
            "c": "identity t1.c",
            "c_third": "identity t3.c",
        },
        "join t1.a, join t2.a, join t3.a",
    ),
    case(
        "a column that is only called as if a join had made it",
        named_like_a_suffix,
        T1 | T2,
        {"d_right": "identity t1.c", "d": "identity t2.d", "b_right": "identity t2.b"},
        "join t1.a, join t2.a",
    ),
    case(
        "one frame read twice in a plan",
        one_frame_twice,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "memo": "identity booking.memo",
        },
        "filter booking.amount, group_by booking.account_id, join booking.account_id, join booking.booked_on",
    ),
    case(
        "filters that may be moved before a join",
        filtered_after_the_join,
        ACCOUNT | CARD,
        {"branch": "identity account.branch"},
        "join account.account_id, join card.account_id, filter card.kind, filter account.credit_limit",
    ),
    case(
        "a condition from a window",
        condition_from_a_window,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "note": "transformation booking.memo, transformation booking.direction, conditional booking.amount, "
            "conditional|window booking.account_id",
        },
    ),
    case(
        "the first of each group, said shortly",
        short_ways,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "amount": "aggregation booking.amount",
            "memo": "aggregation booking.memo",
        },
        "group_by booking.account_id",
    ),
    case(
        "the length of each group, said shortly",
        lengths,
        BOOKING,
        {"account_id": "identity booking.account_id", "n": ""},
        "group_by booking.account_id",
    ),
    case(
        # Rows of each group, in the order that they came in.
        "the head of each group",
        firsts,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "memo": "aggregation|identity|transformation booking.memo",
        },
        "group_by booking.account_id",
        either={"memo": "sort booking.booked_on"},
    ),
    case(
        "a key that is a condition",
        key_by_condition,
        BOOKING,
        {"is_positive": "transformation booking.amount", "memos": "masked aggregation booking.memo"},
        "group_by booking.amount",
    ),
    case("rows that are there twice", duplicates, T1, {"c": "identity t1.c"}, "filter t1.a, filter t1.b"),
    case(
        "the first row of each value",
        first_of_each,
        BOOKING,
        {"booking_id": "identity booking.booking_id"},
        "filter booking.account_id",
    ),
    case(
        "rows whose key is there once",
        none_of_the_doubles,
        T1,
        {"c": "identity t1.c"},
        "group_by t1.a, group_by t1.b",
    ),
    case("rows removed", removed, T1, {"a": "identity t1.a"}, "filter t1.b"),
    case(
        # A number of rows does not depend on the column that they are counted in.
        "counts of what was filtered",
        counted_where,
        BOOKING,
        {
            "n": "conditional booking.direction, maybe masked aggregation booking.memo",
            "kinds": "masked aggregation booking.memo, conditional booking.direction",
        },
    ),
    case(
        "aggregates of two columns",
        related,
        T1,
        {"r": "aggregation t1.a, aggregation t1.b", "product": "aggregation t1.a, aggregation t1.c"},
    ),
    case(
        "columns by position",
        by_position,
        T1,
        {"b": "identity t1.b", "c": "identity t1.c", "first": "identity t1.a"},
    ),
    case(
        "dates, durations, formats",
        dates,
        T1,
        {
            "a": "identity t1.a",
            "day": "transformation t1.b",
            "label": "transformation t1.a, transformation t1.c",
        },
    ),
    case(
        "renamed by a function",
        renamed_by_function,
        T1,
        {
            "B": "identity t1.b",
            "A_TEXT": "transformation t1.a",
            "B_TEXT": "transformation t1.b",
            "C_TEXT": "transformation t1.c",
        },
    ),
    case(
        "several columns at once over a key",
        shifted_all,
        T1,
        {
            "c": "identity t1.c",
            "previous_a": "transformation|identity t1.a, window t1.c",
            "previous_b": "transformation|identity t1.b, window t1.c",
        },
    ),
    case(
        "lists made and taken apart again",
        exploded_together,
        T1,
        {
            "c": "identity t1.c",
            "a": "aggregation t1.a",
            "b": "aggregation t1.b",
        },
        "group_by t1.c, maybe join|filter t1.a, maybe join|filter t1.b",
    ),
    case(
        "unpivot of everything, filtered",
        unpivoted_all,
        T1,
        {"variable": "", "value": "identity|transformation t1.a, identity|transformation t1.b"},
        "filter t1.a, filter t1.b",
    ),
    case(
        "frames of other names and types below one another",
        diagonal_with_names,
        T1 | T2,
        {
            "a": "identity|transformation t1.a",
            "k": "identity|transformation t1.b, identity|transformation t2.d",
            "e": "transformation t2.a",
        },
    ),
    case(
        "conditions inside conditions",
        nested_conditions,
        T1,
        {
            "x": "conditional t1.a, conditional t1.b",
            "y": "transformation t1.b, conditional t1.a, conditional t1.c",
        },
    ),
    case(
        "a condition on an aggregate",
        aggregated_condition,
        T1,
        {"a": "identity t1.a", "x": "aggregation t1.c, conditional t1.b"},
        "group_by t1.a",
    ),
    case(
        # The second column only decides which values are taken.
        "the values of the highest rows of each group",
        top_of_each,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "memos": "aggregation booking.memo, sort|conditional booking.amount",
        },
        "group_by booking.account_id",
    ),
)
