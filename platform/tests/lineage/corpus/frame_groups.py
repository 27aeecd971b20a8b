"""Groups: aggregates, their filters and orders, and what rows are grouped by."""

from __future__ import annotations

import polars as pl
from lineage.corpus.frame_tables import BOOKING, CARD, T1
from lineage.corpus.notation import case


def grouped(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").agg(
        pl.col("amount").sum().alias("total"),
        pl.col("booked_on").max().alias("last_on"),
        pl.col("memo").alias("memos"),
        pl.col("direction").first().alias("first_direction"),
        (pl.col("amount").max() - pl.col("amount").min()).alias("spread"),
    )


def counted(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id", maintain_order=True).agg(
        pl.len().alias("n"),
        pl.col("memo").count().alias("memos"),
        pl.col("direction").n_unique().alias("directions"),
        (pl.col("memo").count() + 1).alias("more"),
    )


def grouped_by_expression(booking: pl.LazyFrame) -> pl.LazyFrame:
    return (
        booking.group_by(pl.col("booked_on").dt.truncate("1mo").alias("month"), side=pl.col("direction"))
        .agg(mean=pl.col("amount").mean())
        .sort("month")
    )


def filtered_aggregates(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").agg(
        credits=pl.col("amount").filter(pl.col("direction") == "C").sum(),
        with_memo=pl.col("memo").is_not_null().sum(),
        balance=pl.when(pl.col("direction") == "C").then("amount").otherwise(-pl.col("amount")).sum(),
    )


def ordered_aggregates(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").agg(
        last_memo=pl.col("memo").sort_by("booked_on").last(),
        memos=pl.col("memo").sort_by("booked_on", "booking_id"),
        sorted_amounts=pl.col("amount").sort(),
    )


def of_highest(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").agg(memo=pl.col("memo").get(pl.col("amount").arg_max()))


def whole(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        as_of=pl.col("booked_on").max(),
        rows=pl.len(),
        memos=pl.col("memo").count(),
        credits=pl.col("amount").filter(pl.col("direction") == "C").sum(),
    )


def summed_frame(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.filter(pl.col("c") > 0).select("a", "b").sum()


def mean_beside_rows(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select("booking_id", share=pl.col("amount") / pl.col("amount").sum())


def twice_grouped(booking: pl.LazyFrame) -> pl.LazyFrame:
    by_day = booking.group_by("account_id", "booked_on").agg(n=pl.col("memo").count(), most=pl.col("amount").max())
    return by_day.group_by("account_id").agg(pl.col("n").sum(), pl.col("most").mean())


def having(booking: pl.LazyFrame) -> pl.LazyFrame:
    return (
        booking.group_by("account_id")
        .agg(total=pl.col("amount").sum(), n=pl.len())
        .filter(pl.col("total") > 2, pl.col("n") > 1)
        .select("account_id")
    )


def spread(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.group_by("account_id").agg(
        pl.col("amount").filter(pl.col("direction") == side).sum().alias(f"amount_{side}") for side in ("C", "D")
    )


def sorted_inside(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(pl.col("a").sort_by("b"))


def kept_inside(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(pl.col("a").filter(pl.col("b") > 0))


def sorted_then_grouped(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.sort("booked_on").group_by("account_id").agg(pl.col("memo").last(), pl.col("amount").sum())


def kinds(card: pl.LazyFrame) -> pl.LazyFrame:
    per_kind = card.group_by("kind").agg(highest=pl.col("amount").quantile(0.9), middle=pl.col("amount").median())
    return per_kind.with_columns(ratio=pl.col("highest") / pl.col("middle"))


CASES = (
    case(
        "aggregates by a key",
        grouped,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "total": "aggregation booking.amount",
            "last_on": "aggregation booking.booked_on",
            "memos": "aggregation booking.memo",
            "first_direction": "aggregation booking.direction",
            "spread": "aggregation booking.amount",
        },
        "group_by booking.account_id",
    ),
    case(
        "counts mask; a number of rows depends on no column",
        counted,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "n": "",
            "memos": "masked aggregation booking.memo",
            "directions": "masked aggregation booking.direction",
            "more": "masked aggregation booking.memo",
        },
        "group_by booking.account_id",
    ),
    case(
        "keys that are computed",
        grouped_by_expression,
        BOOKING,
        {
            "month": "transformation booking.booked_on",
            "side": "identity booking.direction",
            "mean": "aggregation booking.amount",
        },
        "group_by booking.booked_on, group_by booking.direction, sort booking.booked_on",
    ),
    case(
        "aggregates with a filter or a condition inside",
        filtered_aggregates,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "credits": "aggregation booking.amount, conditional booking.direction",
            "with_memo": "aggregation booking.memo",
            "balance": "aggregation booking.amount, conditional booking.direction",
        },
        "group_by booking.account_id",
    ),
    case(
        "ordered aggregates",
        ordered_aggregates,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "last_memo": "aggregation booking.memo, sort booking.booked_on",
            "memos": "aggregation booking.memo, sort booking.booked_on, sort booking.booking_id",
            "sorted_amounts": "aggregation booking.amount, maybe sort booking.amount",
        },
        "group_by booking.account_id",
    ),
    case(
        # The position only decides which value is taken.
        "the value of the row where another column is highest",
        of_highest,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "memo": "aggregation booking.memo, sort|conditional|filter booking.amount",
        },
        "group_by booking.account_id",
    ),
    case(
        "aggregates of a whole frame",
        whole,
        BOOKING,
        {
            "as_of": "aggregation booking.booked_on",
            "rows": "",
            "memos": "masked aggregation booking.memo",
            "credits": "aggregation booking.amount, conditional booking.direction",
        },
    ),
    case(
        "the sum of a frame",
        summed_frame,
        T1,
        {"a": "aggregation t1.a", "b": "aggregation t1.b"},
        "filter t1.c",
    ),
    case(
        "an aggregate beside rows",
        mean_beside_rows,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "share": "aggregation booking.amount, maybe transformation booking.amount",
        },
    ),
    case(
        "grouped twice; a sum of counts still masks",
        twice_grouped,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "n": "masked aggregation booking.memo",
            "most": "aggregation booking.amount",
        },
        "group_by booking.account_id, group_by booking.booked_on",
    ),
    case(
        "groups filtered by their aggregates",
        having,
        BOOKING,
        {"account_id": "identity booking.account_id"},
        "group_by booking.account_id, filter booking.amount",
    ),
    case(
        "one column for each value of another",
        spread,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "amount_C": "aggregation booking.amount, conditional booking.direction",
            "amount_D": "aggregation booking.amount, conditional booking.direction",
        },
        "group_by booking.account_id",
    ),
    case(
        "a column sorted by another",
        sorted_inside,
        T1,
        {"a": "identity|transformation t1.a, sort t1.b"},
    ),
    case(
        "a column filtered by another",
        kept_inside,
        T1,
        {"a": "identity|transformation t1.a, conditional|filter t1.b"},
        # Nothing stands beside it, so that it decides which rows there are.
        "maybe filter t1.b",
    ),
    case(
        # The order before the groups decides the last value of each; said of all rows or not at all, but not lost.
        "sorted, then the last of each group",
        sorted_then_grouped,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "memo": "aggregation booking.memo",
            "amount": "aggregation booking.amount",
        },
        "group_by booking.account_id",
        either={"memo": "sort booking.booked_on"},
    ),
    case(
        "expressions of aggregates",
        kinds,
        CARD,
        {
            "kind": "identity card.kind",
            "highest": "aggregation card.amount",
            "middle": "aggregation card.amount",
            "ratio": "aggregation card.amount",
        },
        "group_by card.kind",
    ),
)
