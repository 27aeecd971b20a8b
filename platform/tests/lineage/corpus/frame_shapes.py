"""Lists, structs, rows turned to columns and back."""

from __future__ import annotations

import polars as pl
from lineage.corpus.frame_tables import BOOKING, CARD, PROFILE, T1
from lineage.corpus.notation import case

SALES = {"sales": {"branch": pl.String, "quarter": pl.String, "amount": pl.Int64, "jan": pl.Int64, "feb": pl.Int64}}


def exploded(profile: pl.LazyFrame) -> pl.LazyFrame:
    return profile.select("party_id", "tags").explode("tags").rename({"tags": "tag"})


def exploded_words(profile: pl.LazyFrame) -> pl.LazyFrame:
    return profile.select("party_id", word=pl.col("memo").str.split(" ")).explode("word").filter(pl.col("word") != "x")


def unpivoted(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.unpivot(on=["jan", "feb"], index="branch", variable_name="month", value_name="value")


def pivoted(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.pivot("quarter", on_columns=["Q1", "Q2"], index="branch", values="amount", aggregate_function="sum")


def fields(profile: pl.LazyFrame) -> pl.LazyFrame:
    return profile.select(
        "address",
        city=pl.col("address").struct.field("city"),
        text=pl.col("address").struct.field("street") + pl.col("memo"),
    )


def taken_apart(profile: pl.LazyFrame) -> pl.LazyFrame:
    return profile.select("party_id", "address").unnest("address")


def packed(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(both=pl.struct("a", "b"), changed=pl.struct(x=pl.col("a") + 1, y=pl.lit(1)))


def packed_and_read(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(s=pl.struct("a", "b")).select(x=pl.col("s").struct.field("a"))


def packed_and_taken_apart(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select("c", s=pl.struct("a", "b")).unnest("s")


def lists(profile: pl.LazyFrame) -> pl.LazyFrame:
    return profile.select(
        first_tag=pl.col("tags").list.first(),
        second_score=pl.col("scores").list.get(1),
        highest=pl.col("scores").list.max(),
        has_memo=pl.col("tags").list.contains(pl.col("memo")),
        text=pl.col("tags").list.join("-"),
        doubled=pl.col("scores").list.eval(pl.element() * 2),
        made=pl.concat_list("party_id", pl.col("scores").list.first()),
    )


def ranges(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        "booking_id",
        days=pl.date_ranges("booked_on", pl.col("booked_on").dt.offset_by("2d")),
        numbers=pl.int_ranges(0, pl.col("account_id").abs()),
    )


def months(booking: pl.LazyFrame) -> pl.LazyFrame:
    calendar = pl.LazyFrame({"month": [1, 2, 12]})
    return booking.join(calendar, how="cross").select(
        "booking_id", "month", is_of_month=pl.col("booked_on").dt.month() == pl.col("month")
    )


def largest_kind(card: pl.LazyFrame) -> pl.LazyFrame:
    per_kind = card.group_by("account_id", "kind").agg(pl.col("amount").sum())
    return (
        per_kind.sort("amount", "kind", descending=[True, False])
        .group_by("account_id")
        .agg(top_kind=pl.col("kind").first())
    )


def of_the_struct(card: pl.LazyFrame) -> pl.LazyFrame:
    return card.group_by("account_id").agg(
        top_kind=pl.struct("amount", "kind").sort(descending=True).first().struct.field("kind")
    )


def sliced(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.sort("c").slice(2, 5).reverse().select("a")


def shrunk(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.gather_every(2).select("a", "b").cast({"a": pl.Float64}).fill_null(0)


def by_names(t1: pl.LazyFrame) -> pl.LazyFrame:
    names = [name for name in t1.collect_schema().names() if name != "c"]
    return t1.select(names).with_columns(total=pl.sum_horizontal(names))


def texts(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        word=pl.col("memo").str.extract(r"(\w+)", 1),
        parts=pl.col("memo").str.split(" ").list.first(),
        starts=pl.col("memo").str.starts_with(pl.col("direction")),
        replaced=pl.col("memo").str.replace("x", pl.col("direction")),
        padded=pl.format("{}-{}", "booking_id", "direction"),
    )


CASES = (
    # How long a list is decides how often its row is there: it may be said of all rows.
    case(
        "explode",
        exploded,
        PROFILE,
        {"party_id": "identity profile.party_id", "tag": "transformation|identity profile.tags"},
        "maybe join|filter profile.tags",
    ),
    case(
        "words of a text as rows",
        exploded_words,
        PROFILE,
        {"party_id": "identity profile.party_id", "word": "transformation profile.memo"},
        "filter profile.memo, maybe join profile.memo",
    ),
    case(
        # The names of the columns are constants; only the values come from them.
        "unpivot",
        unpivoted,
        SALES,
        {
            "branch": "identity sales.branch",
            "month": "",
            "value": "identity|transformation sales.jan, identity|transformation sales.feb",
        },
    ),
    case(
        # What the rows are spread by decides which value counts; the word for it is free.
        "pivot",
        pivoted,
        SALES,
        {"branch": "identity sales.branch", "Q1": "aggregation sales.amount", "Q2": "aggregation sales.amount"},
        "group_by sales.branch",
        either={
            "Q1": "conditional|filter|group_by sales.quarter",
            "Q2": "conditional|filter|group_by sales.quarter",
        },
    ),
    case(
        "fields of a struct",
        fields,
        PROFILE,
        {
            "address": "identity profile.address",
            "city": "transformation profile.address",
            "text": "transformation profile.address, transformation profile.memo",
        },
    ),
    case(
        "a struct taken apart into columns",
        taken_apart,
        PROFILE,
        {
            "party_id": "identity profile.party_id",
            "street": "transformation profile.address",
            "city": "transformation profile.address",
        },
    ),
    case(
        "structs that are packed",
        packed,
        T1,
        {"both": "transformation t1.a, transformation t1.b", "changed": "transformation t1.a"},
    ),
    case(
        # The value is of one field; a derivation that keeps to columns may name the whole struct's sources.
        "a field of a struct that was packed before",
        packed_and_read,
        T1,
        {"x": "transformation|identity t1.a, maybe transformation t1.b"},
    ),
    case(
        "a struct packed and taken apart again",
        packed_and_taken_apart,
        T1,
        {
            "c": "identity t1.c",
            "a": "transformation|identity t1.a, maybe transformation t1.b",
            "b": "transformation|identity t1.b, maybe transformation t1.a",
        },
    ),
    case(
        "functions of lists",
        lists,
        PROFILE,
        {
            "first_tag": "transformation profile.tags",
            "second_score": "transformation profile.scores",
            "highest": "transformation profile.scores",
            "has_memo": "transformation profile.tags, transformation profile.memo",
            "text": "transformation profile.tags",
            "doubled": "transformation profile.scores",
            "made": "transformation profile.party_id, transformation profile.scores",
        },
    ),
    case(
        "ranges from columns",
        ranges,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "days": "transformation booking.booked_on",
            "numbers": "transformation booking.account_id",
        },
    ),
    case(
        "a calendar in the code",
        months,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "month": "",
            "is_of_month": "transformation booking.booked_on",
        },
    ),
    case(
        # The order before the groups decides the first value of each; said of all rows or of the column, but not lost.
        "the kind with the largest sum",
        largest_kind,
        CARD,
        {"account_id": "identity card.account_id", "top_kind": "aggregation card.kind"},
        "group_by card.account_id, group_by card.kind",
        either={"top_kind": "sort card.amount, sort card.kind"},
    ),
    case(
        # As above: one field is the value, the other only orders, which a derivation by columns cannot tell.
        "the kind with the largest amount, by a struct",
        of_the_struct,
        CARD,
        {
            "account_id": "identity card.account_id",
            "top_kind": "aggregation card.kind, aggregation|sort card.amount, maybe sort card.kind, "
            "maybe sort card.amount, maybe aggregation card.amount",
        },
        "group_by card.account_id",
    ),
    case(
        "a slice of what was sorted",
        sliced,
        T1,
        {"a": "identity t1.a"},
        "sort t1.c",
    ),
    case(
        "every second row, cast and filled",
        shrunk,
        T1,
        {
            "a": "transformation t1.a, maybe conditional t1.a",
            "b": "transformation t1.b, maybe conditional t1.b",
        },
    ),
    case(
        "names asked of the schema are no reading",
        by_names,
        T1,
        {"a": "identity t1.a", "b": "identity t1.b", "total": "transformation t1.a, transformation t1.b"},
    ),
    case(
        "functions of texts with arguments from columns",
        texts,
        BOOKING,
        {
            "word": "transformation booking.memo",
            "parts": "transformation booking.memo",
            "starts": "transformation booking.memo, transformation booking.direction",
            "replaced": "transformation booking.memo, transformation booking.direction",
            "padded": "transformation booking.booking_id, transformation booking.direction",
        },
    ),
)
