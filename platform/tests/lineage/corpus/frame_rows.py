"""Work row by row: names, expressions, conditions, filters, orders."""

from __future__ import annotations

import hashlib

import polars as pl
import polars.selectors as cs
from lineage.corpus.frame_tables import ACCOUNT, BOOKING, PARTY, T1
from lineage.corpus.notation import case


def renamed(account: pl.LazyFrame) -> pl.LazyFrame:
    return account.select("account_id", pl.col("party_id").alias("owner_id"), kept="status").rename({"kept": "state"})


def computed(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        "booking_id",
        doubled=pl.col("amount") * 2,
        negated=-pl.col("amount"),
        label=pl.col("direction").str.to_uppercase() + ":" + pl.col("memo"),
        text=pl.col("booked_on").cast(pl.String),
        month=pl.col("booked_on").dt.truncate("1mo"),
        length=pl.col("memo").str.len_chars() + 1,
        joined=pl.concat_str("direction", "memo", separator="-"),
        is_positive=pl.col("amount") > 0,
        has_no_memo=pl.col("memo").is_null(),
        constant=pl.lit("CZK"),
    )


def chosen(account: pl.LazyFrame) -> pl.LazyFrame:
    return account.select(
        usable=pl.when(pl.col("status") == "OPEN").then("credit_limit").otherwise(0.0),
        zone=pl.when(pl.col("branch") == "A")
        .then(pl.lit("north"))
        .when(pl.col("account_id") > 2)
        .then(pl.col("status"))
        .otherwise(pl.col("branch")),
        level=pl.when(pl.col("credit_limit") > 3, pl.col("party_id") > 0).then(1),
    )


def filled(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        text=pl.coalesce("memo", "direction", pl.lit("none")),
        memo=pl.col("memo").fill_null("-"),
        amount=pl.col("amount").fill_null(pl.col("booking_id")),
    )


def filtered(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.filter(pl.col("direction") == "C", pl.col("amount") > 1).select("booking_id", "memo")


def filtered_on_computed(booking: pl.LazyFrame) -> pl.LazyFrame:
    graded = booking.with_columns(grade=pl.when(pl.col("amount") > 3).then(pl.col("memo")).otherwise(pl.lit("low")))
    return graded.filter(pl.col("grade") != "A").select("booking_id", "grade")


def overwritten(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.with_columns(a=pl.col("b"), b=pl.col("a") + 1).with_columns(c=pl.col("a") * pl.col("c"))


def dropped(account: pl.LazyFrame) -> pl.LazyFrame:
    return account.drop("opened_on", "branch").select(cs.numeric(), cs.by_name("status"))


def selected(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(pl.all().exclude("c") * 2, pl.col("^c$").name.suffix("_old")).with_columns(
        pl.col("a", "b").name.prefix("twice_")
    )


def hashed(party: pl.LazyFrame) -> pl.LazyFrame:
    return party.select(
        token=pl.col("email").hash(),
        prefixed=pl.lit("k") + pl.col("email").hash(7).cast(pl.String),
        lowered=pl.col("email").str.to_lowercase(),
        mixed=pl.col("email").hash().cast(pl.String) + pl.col("city"),
    )


def hashed_by_python(party: pl.LazyFrame) -> pl.LazyFrame:
    def token(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return party.select("party_id", token=pl.col("email").map_elements(token, return_dtype=pl.String))


def mapped(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        "booking_id",
        shouted=pl.col("memo").map_batches(lambda texts: texts.str.to_uppercase(), return_dtype=pl.String),
        pair=pl.struct("direction", "amount").map_elements(
            lambda row: f"{row['direction']}{row['amount']}", return_dtype=pl.String
        ),
    )


def replaced(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.select(
        side=pl.col("direction").replace_strict({"A": "credit", "B": "debit"}, default=None),
        known=pl.col("direction").is_in(["A", "B"]),
        memo=pl.col("memo").replace("A", "B"),
    ).filter(pl.col("known"))


def ordered(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.sort("booked_on", pl.col("amount").abs()).select("booking_id")


def latest(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.sort("booked_on", descending=True, maintain_order=True).head(5).select("booking_id", "memo")


def top(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.top_k(3, by=["amount", "booking_id"]).select("booking_id")


def first_rows(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select("a", "b").head(3)


def numbered(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.with_row_index("n").select("n", "a", moved=pl.col("n") + pl.col("b"))


def without_nulls(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.drop_nulls("b").select("a")


def distinct(account: pl.LazyFrame) -> pl.LazyFrame:
    return account.select("branch", pl.col("status").str.to_uppercase()).unique()


def distinct_on(account: pl.LazyFrame) -> pl.LazyFrame:
    return (
        account.sort("opened_on")
        .unique(subset=["party_id"], keep="first", maintain_order=True)
        .select("account_id", "party_id")
    )


def horizontal(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(
        total=pl.sum_horizontal("a", "b"),
        highest=pl.max_horizontal("a", pl.col("c") * 2),
        folded=pl.fold(pl.lit(0), lambda so_far, x: so_far + x, [pl.col("a"), pl.col("c")]),
        any_missing=pl.any_horizontal(pl.col("a", "b").is_null()),
    )


def clipped(t1: pl.LazyFrame) -> pl.LazyFrame:
    return t1.select(
        bounded=pl.col("a").clip(pl.col("b"), 10),
        between=pl.col("a").is_between("b", "c"),
        binned=pl.col("c").cut([0, 3]).cast(pl.String),
    )


def piped(booking: pl.LazyFrame) -> pl.LazyFrame:
    def of(frame: pl.LazyFrame, direction: str) -> pl.LazyFrame:
        return frame.filter(pl.col("direction") == direction)

    return booking.pipe(of, "C").select("booking_id", "amount")


def bounded(booking: pl.LazyFrame, since: int) -> pl.LazyFrame:
    return booking.filter(pl.col("account_id") >= since).select("booking_id", offset=pl.col("amount") - since)


def asked_in_sql(booking: pl.LazyFrame) -> pl.LazyFrame:
    return booking.sql(
        "select account_id, sum(amount) as total from self where direction = 'C' group by account_id",
    )


NUMBER = {"booking_id": "identity booking.booking_id"}

CASES = (
    case(
        "columns, renamed twice",
        renamed,
        ACCOUNT,
        {
            "account_id": "identity account.account_id",
            "owner_id": "identity account.party_id",
            "state": "identity account.status",
        },
    ),
    case(
        "expressions",
        computed,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "doubled": "transformation booking.amount",
            "negated": "transformation booking.amount",
            "label": "transformation booking.direction, transformation booking.memo",
            "text": "transformation booking.booked_on",
            "month": "transformation booking.booked_on",
            "length": "transformation booking.memo",
            "joined": "transformation booking.direction, transformation booking.memo",
            "is_positive": "transformation booking.amount",
            "has_no_memo": "transformation booking.memo",
            "constant": "",
        },
    ),
    case(
        "when, then, otherwise",
        chosen,
        ACCOUNT,
        {
            "usable": "transformation account.credit_limit, conditional account.status",
            "zone": "transformation account.status, transformation account.branch, "
            "conditional account.branch, conditional account.account_id",
            "level": "conditional account.credit_limit, conditional account.party_id",
        },
    ),
    case(
        # OpenLineage's specification calls the operands of coalesce CONDITIONAL as well; both readings are accepted.
        "values where others are missing",
        filled,
        BOOKING,
        {
            "text": "transformation booking.memo, transformation booking.direction, "
            "maybe conditional booking.memo, maybe conditional booking.direction",
            "memo": "transformation booking.memo, maybe conditional booking.memo",
            "amount": "transformation booking.amount, transformation booking.booking_id, "
            "maybe conditional booking.amount",
        },
    ),
    case(
        "filter",
        filtered,
        BOOKING,
        {"booking_id": "identity booking.booking_id", "memo": "identity booking.memo"},
        "filter booking.direction, filter booking.amount",
    ),
    case(
        "filter on what a condition chose",
        filtered_on_computed,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "grade": "transformation booking.memo, conditional booking.amount",
        },
        "filter booking.memo, filter booking.amount",
    ),
    case(
        "columns written over at once",
        overwritten,
        T1,
        {"a": "identity t1.b", "b": "transformation t1.a", "c": "transformation t1.b, transformation t1.c"},
    ),
    case(
        "drop and selectors",
        dropped,
        ACCOUNT,
        {
            "account_id": "identity account.account_id",
            "party_id": "identity account.party_id",
            "credit_limit": "identity account.credit_limit",
            "status": "identity account.status",
        },
    ),
    case(
        "all but one, patterns, prefixes and suffixes",
        selected,
        T1,
        {
            "a": "transformation t1.a",
            "b": "transformation t1.b",
            "c_old": "identity t1.c",
            "twice_a": "transformation t1.a",
            "twice_b": "transformation t1.b",
        },
    ),
    case(
        "hashes mask",
        hashed,
        PARTY,
        {
            "token": "masked transformation party.email",
            "prefixed": "masked transformation party.email",
            "lowered": "transformation party.email",
            "mixed": "masked transformation party.email, transformation party.city",
        },
    ),
    case(
        "what a function of Python does is not known, so nothing is masked",
        hashed_by_python,
        PARTY,
        {"party_id": "identity party.party_id", "token": "transformation party.email"},
    ),
    case(
        "functions of Python over columns",
        mapped,
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "shouted": "transformation booking.memo",
            "pair": "transformation booking.direction, transformation booking.amount",
        },
    ),
    case(
        "values replaced by a mapping",
        replaced,
        BOOKING,
        {
            "side": "transformation booking.direction",
            "known": "transformation booking.direction",
            "memo": "transformation booking.memo",
        },
        "filter booking.direction",
    ),
    case("the order of the result", ordered, BOOKING, NUMBER, "sort booking.booked_on, sort booking.amount"),
    case(
        "an order before a head",
        latest,
        BOOKING,
        {"booking_id": "identity booking.booking_id", "memo": "identity booking.memo"},
        "sort booking.booked_on",
    ),
    case("the highest few", top, BOOKING, NUMBER, "sort|filter booking.amount, sort|filter booking.booking_id"),
    case("a head without an order", first_rows, T1, {"a": "identity t1.a", "b": "identity t1.b"}),
    case(
        "a row index is made of no column",
        numbered,
        T1,
        {"n": "", "a": "identity t1.a", "moved": "transformation t1.b"},
    ),
    case("rows without nulls", without_nulls, T1, {"a": "identity t1.a"}, "filter t1.b"),
    case(
        "distinct rows",
        distinct,
        ACCOUNT,
        {"branch": "identity account.branch", "status": "transformation account.status"},
        "group_by account.branch, group_by account.status",
    ),
    case(
        "distinct by a key, the first by an order",
        distinct_on,
        ACCOUNT,
        {"account_id": "identity account.account_id", "party_id": "identity account.party_id"},
        "group_by account.party_id, sort account.opened_on",
    ),
    case(
        "functions across columns",
        horizontal,
        T1,
        {
            "total": "transformation t1.a, transformation t1.b",
            "highest": "transformation t1.a, transformation t1.c",
            "folded": "transformation t1.a, transformation t1.c",
            "any_missing": "transformation t1.a, transformation t1.b",
        },
    ),
    case(
        "bounds from other columns",
        clipped,
        T1,
        {
            "bounded": "transformation t1.a, transformation t1.b",
            "between": "transformation t1.a, transformation t1.b, transformation t1.c",
            "binned": "transformation t1.c",
        },
    ),
    case(
        "pipe",
        piped,
        BOOKING,
        {"booking_id": "identity booking.booking_id", "amount": "identity booking.amount"},
        "filter booking.direction",
    ),
    case(
        "another argument is a constant",
        bounded,
        BOOKING,
        {"booking_id": "identity booking.booking_id", "offset": "transformation booking.amount"},
        "filter booking.account_id",
        extra={"since": 2},
    ),
    case(
        "SQL over a frame",
        asked_in_sql,
        BOOKING,
        {  # Polars' plan of a sum in SQL asks first whether there is any value.
            "account_id": "identity booking.account_id",
            "total": "aggregation booking.amount, maybe conditional booking.amount",
        },
        "filter booking.direction, group_by booking.account_id",
    ),
)
