"""Steps that are no plan, or not throughout: every output depends on every column that was looked at."""

from __future__ import annotations

import polars as pl
from lineage.corpus.frame_tables import ACCOUNT, BOOKING, T1, T2
from lineage.corpus.notation import case


def simulated(booking: pl.LazyFrame) -> pl.LazyFrame:
    read = booking.select("account_id", "amount").collect()
    balances: dict[int | None, float] = {}
    for account_id, amount in read.iter_rows():
        balances[account_id] = balances.get(account_id, 0.0) + (amount or 0.0)
    return pl.LazyFrame(
        {"account_id": list(balances), "balance": list(balances.values())},
        schema={"account_id": pl.Int64, "balance": pl.Float64},
    )


def modelled(t1: pl.LazyFrame) -> pl.LazyFrame:
    frame = t1.collect()
    score = [0.5 * (x or 0) for x in frame["a"]]
    return frame.select("b").with_columns(score=pl.Series(score, dtype=pl.Float64)).lazy()


def limited(account: pl.LazyFrame, booking: pl.LazyFrame) -> pl.LazyFrame:
    highest = booking.filter(pl.col("direction") == "A").select(pl.col("amount").max()).collect().item()
    return account.filter(pl.col("credit_limit") > (highest or 0.0)).select("account_id")


def joined_to_collected(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    known = t2.select("a", "d").collect()
    return t1.join(known.lazy(), on="a", how="left").select("b", "d")


def mapped_whole(t1: pl.LazyFrame) -> pl.LazyFrame:
    def total(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(total=pl.col("a") + pl.col("b"))

    return t1.map_batches(total, schema={"total": pl.Int64})


def mapped_beside(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    scored = t1.select("a", "b").map_batches(
        lambda frame: frame.with_columns(score=pl.col("a") * 2),
        schema={"a": pl.Int64, "b": pl.Int64, "score": pl.Int64},
    )
    return (
        t2.with_row_index("n").select("n", "d").join(scored.select("b", "score"), left_on="d", right_on="b", how="left")
    )


CASES = (
    case(
        "a loop over collected rows",
        simulated,
        BOOKING,
        {"account_id": "", "balance": ""},
        opaque="booking.account_id, booking.amount",
    ),
    case("a model of the whole frame", modelled, T1, {"b": "", "score": ""}, opaque="t1.a, t1.b, t1.c"),
    case(
        "a number collected first, then used in a plan",
        limited,
        ACCOUNT | BOOKING,
        {"account_id": "identity account.account_id"},
        "filter account.credit_limit",
        opaque="booking.amount, booking.direction",
    ),
    case(
        "joined to what was collected",
        joined_to_collected,
        T1 | T2,
        {"b": "identity t1.b", "d": ""},
        "join t1.a",
        opaque="t2.a, t2.d",
    ),
    # A function over a whole frame is part of a plan: what comes out of it is marked, the rest is known.
    case(
        "a function of Python over a whole frame",
        mapped_whole,
        T1,
        {"total": "opaque t1.a, opaque t1.b, opaque t1.c"},
    ),
    case(
        "joined to what a function of Python made",
        mapped_beside,
        T1 | T2,
        {"n": "", "d": "identity t2.d", "score": "opaque t1.a, opaque t1.b"},
        "join t2.d, join|opaque t1.b, join|opaque t1.a",
    ),
)
