"""Joins of every kind, and frames put together."""

from __future__ import annotations

import polars as pl
from lineage.corpus.frame_tables import ACCOUNT, BOOKING, CARD, PARTY, RATE, T1, T2, T3, TRADE
from lineage.corpus.notation import case


def inner(account: pl.LazyFrame, party: pl.LazyFrame) -> pl.LazyFrame:
    return account.join(party, on="party_id").select("account_id", "party_id", "full_name")


def left_with_suffix(account: pl.LazyFrame, card: pl.LazyFrame) -> pl.LazyFrame:
    cards = card.rename({"kind": "branch"})
    return account.join(cards, on="account_id", how="left", suffix="_of_card").select(
        "account_id", "branch", "branch_of_card", "amount"
    )


def other_names(booking: pl.LazyFrame, account: pl.LazyFrame) -> pl.LazyFrame:
    return booking.join(account, left_on="booking_id", right_on="account_id", how="left").select(
        "booking_id", "account_id", "branch"
    )


def expression_keys(party: pl.LazyFrame, card: pl.LazyFrame) -> pl.LazyFrame:
    return party.join(card, left_on=pl.col("segment").str.to_uppercase(), right_on=pl.col("kind"), how="inner").select(
        "party_id", "card_id"
    )


def right(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join(t2, on="a", how="right")


def full(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join(t2, on="a", how="full")


def full_coalesced(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join(t2, on="a", how="full", coalesce=True).select("a", "c", "d")


def left_not_coalesced(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join(t2, on="a", how="left", coalesce=False).select("a", "a_right", "d")


def two_keys(t1: pl.LazyFrame, t3: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join(t3, on=["a", "c"], how="left", validate="m:m")


def semi(account: pl.LazyFrame, card: pl.LazyFrame) -> pl.LazyFrame:
    return account.join(card.filter(pl.col("kind") == "GOLD"), on="account_id", how="semi").select("branch")


def anti(account: pl.LazyFrame, card: pl.LazyFrame) -> pl.LazyFrame:
    return account.join(card, on="account_id", how="anti").select("account_id")


def cross(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join(t2, how="cross").select("a", "a_right", gap=pl.col("c") - pl.col("d"))


def as_of(trade: pl.LazyFrame, rate: pl.LazyFrame) -> pl.LazyFrame:
    return (
        trade.drop_nulls("traded_on")
        .sort("traded_on")
        .join_asof(
            rate.drop_nulls("valid_from").sort("valid_from"),
            left_on="traded_on",
            right_on="valid_from",
            by="currency",
            check_sortedness=False,
        )
        .select("trade_id", value=pl.col("price") * pl.col("per_unit"))
    )


def by_inequality(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.join_where(t2, pl.col("a") >= pl.col("b_right"), pl.col("c") < pl.col("d")).select("b", "d")


def to_itself(t1: pl.LazyFrame) -> pl.LazyFrame:
    parents = t1.select(pl.col("a").alias("parent"), pl.col("b").alias("parent_b"))
    return t1.join(parents, left_on="c", right_on="parent", how="left").select("a", "parent_b")


def aggregated_and_joined(account: pl.LazyFrame, booking: pl.LazyFrame) -> pl.LazyFrame:
    totals = (
        booking.filter(pl.col("direction") == "C").group_by("account_id").agg(pl.col("amount").sum().alias("total"))
    )
    return account.join(totals, on="account_id", how="left").select("branch", pl.col("total").fill_null(0))


def chained(card: pl.LazyFrame, account: pl.LazyFrame, party: pl.LazyFrame) -> pl.LazyFrame:
    return (
        card.join(account.select("account_id", "party_id"), on="account_id", how="left")
        .join(party.select("party_id", "city"), on="party_id", how="left")
        .select("card_id", "city")
    )


def moment(account: pl.LazyFrame, booking: pl.LazyFrame) -> pl.LazyFrame:
    as_of_day = booking.select(pl.col("booked_on").max().alias("as_of"))
    return account.join(as_of_day, how="cross").select(
        "account_id", days=(pl.col("as_of") - pl.col("opened_on")).dt.total_days()
    )


def looked_up(account: pl.LazyFrame) -> pl.LazyFrame:
    names = pl.LazyFrame({"branch": ["A", "B"], "branch_name": ["Prague", "Brno"]})
    return account.join(names, on="branch", how="left").select("account_id", "branch_name")


def updated(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.update(t2.select("a", "b"), on="a", how="left")


def below(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([t1.select("a", "b"), t2.filter(pl.col("d") > 0).select("a", b=pl.col("b") * 2)])


def below_relaxed(t1: pl.LazyFrame, card: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([t1.select("a"), card.select(a="amount")], how="vertical_relaxed")


def diagonal(t1: pl.LazyFrame, t2: pl.LazyFrame, t3: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([t1, t2, t3], how="diagonal")


def beside(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return pl.concat([t1.select("a"), t2.select("d")], how="horizontal")


def merged(t1: pl.LazyFrame, t2: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select("a", "b").sort("a").merge_sorted(t2.select("a", b="d").sort("a"), key="a")


def branches_of_one_frame(booking: pl.LazyFrame) -> pl.LazyFrame:
    coming = booking.filter(pl.col("direction") == "C").select("account_id", value="amount", kind=pl.lit("credit"))
    going = booking.filter(pl.col("direction") == "D").select("account_id", value=-pl.col("amount"), kind="direction")
    return pl.concat([coming, going]).group_by("account_id", "kind").agg(pl.col("value").sum())


CASES = (
    case(
        "inner join: the key is the left one",
        inner,
        ACCOUNT | PARTY,
        {
            "account_id": "identity account.account_id",
            "party_id": "identity account.party_id, maybe identity|transformation party.party_id",
            "full_name": "identity party.full_name",
        },
        "join account.party_id, join party.party_id",
    ),
    case(
        "left join with a suffix",
        left_with_suffix,
        ACCOUNT | CARD,
        {
            "account_id": "identity account.account_id",
            "branch": "identity account.branch",
            "branch_of_card": "identity card.kind",
            "amount": "identity card.amount",
        },
        "join account.account_id, join card.account_id",
    ),
    case(
        "keys of different names, and a column of the key's name on the other side",
        other_names,
        BOOKING | ACCOUNT,
        {
            "booking_id": "identity booking.booking_id",
            "account_id": "identity booking.account_id",
            "branch": "identity account.branch",
        },
        "join booking.booking_id, join account.account_id",
    ),
    case(
        "a key that is an expression",
        expression_keys,
        PARTY | CARD,
        {"party_id": "identity party.party_id", "card_id": "identity card.card_id"},
        "join party.segment, join card.kind",
    ),
    case(
        "right join: the key is the right one",
        right,
        T1 | T2,
        {
            "b": "identity t1.b",
            "c": "identity t1.c",
            "a": "identity t2.a",
            "b_right": "identity t2.b",
            "d": "identity t2.d",
        },
        "join t1.a, join t2.a",
    ),
    case(
        "full join keeps both keys",
        full,
        T1 | T2,
        {
            "a": "identity t1.a",
            "b": "identity t1.b",
            "c": "identity t1.c",
            "a_right": "identity t2.a",
            "b_right": "identity t2.b",
            "d": "identity t2.d",
        },
        "join t1.a, join t2.a",
    ),
    case(
        "full join with one key",
        full_coalesced,
        T1 | T2,
        {
            "a": "transformation t1.a, transformation t2.a, maybe conditional t1.a, maybe conditional t2.a",
            "c": "identity t1.c",
            "d": "identity t2.d",
        },
        "join t1.a, join t2.a",
    ),
    case(
        "left join that keeps both keys",
        left_not_coalesced,
        T1 | T2,
        {"a": "identity t1.a", "a_right": "identity t2.a", "d": "identity t2.d"},
        "join t1.a, join t2.a",
    ),
    case(
        "two keys",
        two_keys,
        T1 | T3,
        {"a": "identity t1.a", "b": "identity t1.b", "c": "identity t1.c", "e": "identity t3.e"},
        "join t1.a, join t3.a, join t1.c, join t3.c",
    ),
    case(
        "semi join to what was filtered",
        semi,
        ACCOUNT | CARD,
        {"branch": "identity account.branch"},
        "join account.account_id, join card.account_id, filter card.kind",
    ),
    case(
        "anti join",
        anti,
        ACCOUNT | CARD,
        {"account_id": "identity account.account_id"},
        "join account.account_id, join card.account_id",
    ),
    case(
        "cross join",
        cross,
        T1 | T2,
        {"a": "identity t1.a", "a_right": "identity t2.a", "gap": "transformation t1.c, transformation t2.d"},
    ),
    case(
        "as-of join",
        as_of,
        TRADE | RATE,
        {
            "trade_id": "identity trade.trade_id",
            "value": "transformation trade.price, transformation rate.per_unit",
        },
        "join trade.traded_on, join rate.valid_from, join trade.currency, join rate.currency, "
        "filter trade.traded_on, filter rate.valid_from, maybe sort trade.traded_on, maybe sort rate.valid_from",
    ),
    case(
        "join by inequalities",
        by_inequality,
        T1 | T2,
        {"b": "identity t1.b", "d": "identity t2.d"},
        "join|filter t1.a, join|filter t2.b, join|filter t1.c, join|filter t2.d",
    ),
    case(
        "a frame joined to itself",
        to_itself,
        T1,
        {"a": "identity t1.a", "parent_b": "identity t1.b"},
        "join t1.c, join t1.a",
    ),
    case(
        "aggregated, then joined",
        aggregated_and_joined,
        ACCOUNT | BOOKING,
        {
            "branch": "identity account.branch",
            "total": "aggregation booking.amount, maybe conditional booking.amount",
        },
        "filter booking.direction, group_by booking.account_id, join account.account_id, join booking.account_id",
    ),
    case(
        "two joins, the second by a column of the first",
        chained,
        CARD | ACCOUNT | PARTY,
        {"card_id": "identity card.card_id", "city": "identity party.city"},
        "join card.account_id, join account.account_id, join account.party_id, join party.party_id",
    ),
    case(
        "one aggregated row beside all",
        moment,
        ACCOUNT | BOOKING,
        {
            "account_id": "identity account.account_id",
            "days": "aggregation booking.booked_on, transformation account.opened_on",
        },
    ),
    case(
        "a lookup in the code has no source, but its key has one",
        looked_up,
        ACCOUNT,
        {"account_id": "identity account.account_id", "branch_name": ""},
        "join account.branch",
    ),
    case(
        "update",
        updated,
        T1 | T2,
        {
            "a": "identity t1.a",
            "b": "transformation t1.b, transformation t2.b, maybe conditional t1.b, maybe conditional t2.b",
            "c": "identity t1.c",
        },
        "join t1.a, join t2.a",
    ),
    case(
        "frames below one another",
        below,
        T1 | T2,
        {"a": "identity t1.a, identity t2.a", "b": "identity t1.b, transformation t2.b"},
        "filter t2.d",
    ),
    case(
        "frames below one another, their types brought together",
        below_relaxed,
        T1 | CARD,
        {"a": "identity|transformation t1.a, identity|transformation card.amount"},
    ),
    case(
        "frames of different columns below one another",
        diagonal,
        T1 | T2 | T3,
        {
            "a": "identity t1.a, identity t2.a, identity t3.a",
            "b": "identity t1.b, identity t2.b",
            "c": "identity t1.c, identity t3.c",
            "d": "identity t2.d",
            "e": "identity t3.e",
        },
    ),
    case("frames side by side", beside, T1 | T2, {"a": "identity t1.a", "d": "identity t2.d"}),
    case(
        "sorted frames merged",
        merged,
        T1 | T2,
        {"a": "identity t1.a, identity t2.a", "b": "identity t1.b, identity t2.d"},
        "sort t1.a, sort t2.a",
    ),
    case(
        "branches of one frame brought together again",
        branches_of_one_frame,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "kind": "identity booking.direction",
            "value": "aggregation booking.amount",
        },
        "filter booking.direction, group_by booking.account_id, group_by booking.direction",
    ),
)
