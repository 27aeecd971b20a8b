"""Windows, neighbouring rows, and periods: values are DIRECT, keys are WINDOW."""

from __future__ import annotations

import polars as pl
from lineage.corpus.frame_tables import BOOKING, T1
from lineage.corpus.notation import case


def over_key(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        "booking_id",
        total=pl.col("amount").sum().over("account_id"),
        n=pl.len().over("direction"),
        memos=pl.col("memo").count().over("account_id"),
        deviation=pl.col("amount") - pl.col("amount").mean().over("account_id", "direction"),
    )


def over_order(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        previous=pl.col("amount").shift(1).over("account_id", order_by="booked_on"),
        running=pl.col("amount").cum_sum().over("account_id", order_by="booked_on"),
    )


def over_expression(booking: pl.LazyFrame) -> pl.LazyFrame:
    month = pl.col("booked_on").dt.truncate("1mo")
    return booking.select(month.alias("month"), of_month=pl.col("amount").sum().over(month, "account_id"))


def newest(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.filter(pl.col("booked_on") == pl.col("booked_on").max().over("account_id")).select(
        "account_id", "memo"
    )


def shifted(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(
        before=pl.col("a").shift(1, fill_value=pl.col("b").first()),
        change=pl.col("b").diff(),
        filled=pl.col("c").forward_fill(),
        filled_in_group=pl.col("c").forward_fill().over("a"),
    )


def rolling(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        mean=pl.col("amount").rolling_mean(window_size=3),
        recent=pl.col("amount").rolling_sum_by("booked_on", window_size="30d"),
    )


def by_month(booking: pl.LazyFrame) -> pl.LazyFrame:
    return (
        booking.drop_nulls("booked_on")
        .sort("booked_on")
        .group_by_dynamic("booked_on", every="1mo", group_by="account_id")
        .agg(pl.col("amount").sum().alias("total"))
    )


def by_period(booking: pl.LazyFrame) -> pl.LazyFrame:
    return (
        booking.drop_nulls("booked_on")
        .sort("booked_on")
        .rolling("booked_on", period="30d", group_by="account_id")
        .agg(pl.col("amount").mean().alias("recent"))
    )


def ranked(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select("a", place=pl.col("b").rank("dense").over("c"))


CASES = (
    case(
        "aggregates over a key",
        over_key,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "total": "aggregation booking.amount, window booking.account_id",
            "n": "window booking.direction",
            "memos": "masked aggregation booking.memo, window booking.account_id",
            "deviation": "aggregation booking.amount, maybe transformation booking.amount, "
            "window booking.account_id, window booking.direction",
        },
    ),
    case(
        "values of other rows over a key and an order",
        over_order,
        BOOKING,
        {
            "previous": "transformation|identity booking.amount, window booking.account_id, "
            "window|sort booking.booked_on",
            "running": "aggregation|transformation booking.amount, window booking.account_id, "
            "window|sort booking.booked_on",
        },
    ),
    case(
        "a window over a key that is computed",
        over_expression,
        BOOKING,
        {
            "month": "transformation booking.booked_on",
            "of_month": "aggregation booking.amount, window booking.booked_on, window booking.account_id",
        },
    ),
    case(
        "the newest rows of each key, by a filter over a window",
        newest,
        BOOKING,
        {"account_id": "identity booking.account_id", "memo": "identity booking.memo"},
        "filter booking.booked_on, filter booking.account_id",
    ),
    case(
        "values of other rows",
        shifted,
        T1,
        {
            "before": "transformation|identity t1.a, aggregation|transformation t1.b",
            "change": "transformation|aggregation t1.b",
            "filled": "transformation|identity t1.c",
            "filled_in_group": "transformation|identity t1.c, window t1.a",
        },
    ),
    case(
        "rolling",
        rolling,
        BOOKING,
        {
            "mean": "aggregation|transformation booking.amount",
            "recent": "aggregation|transformation booking.amount, window|sort booking.booked_on",
        },
    ),
    case(
        "groups by calendar month",
        by_month,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "booked_on": "transformation|identity booking.booked_on",
            "total": "aggregation booking.amount",
        },
        "group_by booking.account_id, group_by|window booking.booked_on, filter booking.booked_on, "
        "maybe sort booking.booked_on",
    ),
    case(
        "groups by a period before each row",
        by_period,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "booked_on": "identity|transformation booking.booked_on",
            "recent": "aggregation booking.amount",
        },
        "group_by|window booking.account_id, group_by|window booking.booked_on, filter booking.booked_on, "
        "maybe sort booking.booked_on",
    ),
    case(
        # By SQL's words the column ranked is a key of the window; by Polars' it is what the function is of.
        "rank in a group",
        ranked,
        T1,
        {"a": "identity t1.a", "place": "transformation|aggregation|window t1.b, window t1.c"},
    ),
)
