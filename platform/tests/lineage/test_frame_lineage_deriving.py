"""Lineage from a transform's code: what is derived, what is opaque, and what is told of a transform that fails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import polars as pl
import pytest
from frame_lineage_words import lineage_words, words

from bankmesh.lineage.model import ColumnRef
from bankmesh.lineage.polars import cross_check, derive_from_code, probe_sources, source_probe
from bankmesh.lineage.polars.frame_values import FrameValue

if TYPE_CHECKING:
    from collections.abc import Iterable

c = pl.col
SCHEMAS = {
    "bookings": pl.Schema({"account": pl.Int64, "amount": pl.Int64, "day": pl.Date}),
    "accounts": pl.Schema({"account": pl.Int64, "holder": pl.String}),
}
EVERYTHING = {ColumnRef(name, column) for name, schema in SCHEMAS.items() for column in schema}


def balances(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    known = bookings.collect_schema().names()  # a schema is no data
    return accounts.join(bookings.group_by("account").agg(c(known[1]).sum()), on="account", how="left")


def of_some_days(bookings: pl.LazyFrame, accounts: pl.LazyFrame, partitions: tuple[str, ...]) -> pl.LazyFrame:
    days = pl.Series(partitions).str.to_date()
    return bookings.filter(c("day").is_in(days.implode())).join(accounts, on="account").select("holder")


def scored(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """A model over what it has looked at, beside a column that the plan carries on."""
    mean = bookings.select(c("amount").mean()).collect().item()
    return accounts.select(c("holder"), score=pl.lit(mean))


def trained_on_nothing(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    first = bookings.collect().row(0)
    return accounts.with_columns(score=pl.lit(first[1]))


def broken(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    raise ValueError(f"{bookings} and {accounts} hold something secret")


def misnamed(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    return bookings.join(accounts, on="account").select("owner")


def forgetful(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> None:
    bookings.join(accounts, on="account")


def eager(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.DataFrame:
    return bookings.join(accounts, on="account").collect()


def test_a_plan_is_derived_without_reading() -> None:
    derived = derive_from_code(balances, SCHEMAS)
    assert (derived.opaque, derived.note) == (False, "")
    assert lineage_words(derived.lineage) == {
        "account": "I accounts.account",
        "holder": "I accounts.holder",
        "amount": "A bookings.amount",
        "rows": "G bookings.account, J accounts.account, J bookings.account",
    }
    assert derived.lineage.opaque == frozenset()


def test_partitions_are_further_arguments() -> None:
    derived = derive_from_code(of_some_days, SCHEMAS, {"partitions": ("2024-01-01", "2024-02-01")})
    assert lineage_words(derived.lineage) == {
        "holder": "I accounts.holder",
        "rows": "F bookings.day, J accounts.account, J bookings.account",
    }


def test_a_transform_that_looks_at_its_data_is_opaque_over_every_column() -> None:
    derived = derive_from_code(scored, SCHEMAS)
    assert derived.opaque
    assert derived.note == "it reads its data (bookings) before it returns a plan"
    assert derived.lineage.opaque == EVERYTHING
    assert lineage_words(derived.lineage) == {"holder": "I accounts.holder", "score": "", "rows": ""}
    assert {found.source for found in derived.lineage.dependencies("score")} == EVERYTHING


@pytest.mark.parametrize(
    ("transform", "note"),
    [
        (
            trained_on_nothing,
            "it reads its data (bookings), and then it raised OutOfBoundsError on inputs without rows",
        ),
        (eager, "it reads its data (accounts, bookings), and then it returned DataFrame, not a LazyFrame"),
    ],
)
def test_so_is_one_that_fails_on_nothing_after_it_looked(transform: object, note: str) -> None:
    derived = derive_from_code(transform, SCHEMAS, promised=["holder", "score"])
    assert derived.opaque
    assert derived.note == note
    assert derived.lineage.opaque == EVERYTHING
    assert lineage_words(derived.lineage) == {"holder": "", "score": "", "rows": ""}


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        (broken, "it raised ValueError on inputs without rows"),
        (misnamed, "its plan does not resolve: ColumnNotFoundError"),
        (forgetful, "it returned NoneType, not a LazyFrame"),
    ],
)
def test_one_that_fails_before_leaves_all_that_it_promised_underivable(transform: object, reason: str) -> None:
    derived = derive_from_code(transform, SCHEMAS, promised=["holder", "owner"])
    assert not derived.opaque
    assert derived.note == reason
    assert derived.lineage.opaque == frozenset()
    assert dict(derived.lineage.underivable) == dict.fromkeys(
        ["holder", "owner"], f"the transform could not be read: {reason}"
    )


def test_a_column_that_is_promised_and_not_delivered_is_underivable() -> None:
    derived = derive_from_code(balances, SCHEMAS, promised=["holder", "rating"])
    assert dict(derived.lineage.underivable) == {"rating": "the transform does not deliver it"}


def test_a_column_on_which_walk_and_engine_disagree_is_underivable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk is made to forget what `sum` is of, and to make up what `holder` is."""
    seen = source_probe.walk

    def wrong(*given: object) -> object:
        frame = seen(*given)
        invented = frame.column("amount").found
        return frame.with_columns(
            {
                "account": frame.column("account"),
                "holder": FrameValue(invented),
                "amount": FrameValue(frame.column("holder").found),
            }
        )

    monkeypatch.setattr(source_probe, "walk", wrong)
    derived = derive_from_code(balances, SCHEMAS)
    assert dict(derived.lineage.underivable) == {
        "holder": "the plan and what the engine reads for it disagree: the engine does not read bookings.amount; "
        "the engine also reads accounts.holder",
        "amount": "the plan and what the engine reads for it disagree: the engine does not read accounts.holder; "
        "the engine also reads bookings.amount",
    }
    assert words(derived.lineage.columns["account"]) == "I accounts.account"


def test_the_engine_reads_what_it_is_said_to_read() -> None:
    """The cross-check asks the optimiser; here the same is asked by running the plan over sources without rows."""
    made = probe_sources(SCHEMAS)
    plan = balances(**made.frames).with_columns(c("amount").fill_null(0).alias("total"))
    assert cross_check(plan, made.frames) == {}
    asked = source_probe.requested_columns(plan, made.frames, plan.collect_schema().names())
    assert not made.was_read
    for column, expected in asked.items():
        made.read.clear()
        plan.select(column).collect()
        assert refs(made.read) == expected


def refs(read: dict[str, set[str]]) -> set[ColumnRef]:
    return {ColumnRef(name, column) for name, columns in read.items() for column in columns}


@pytest.mark.parametrize("collect", ["collect", "head", "async", "all", "batches", "describe"])
def test_whatever_reads_is_noticed(collect: str) -> None:
    made = probe_sources(SCHEMAS)
    frame = made.frames["accounts"]
    readers = {
        "collect": lambda: frame.select("holder").collect(),
        "head": lambda: frame.head(1).collect(),
        "async": lambda: frame.collect(engine="streaming"),
        "all": lambda: pl.collect_all([frame.select(pl.len())]),
        "batches": lambda: list(frame.collect_batches()),
        "describe": frame.describe,
    }
    readers[collect]()
    assert made.was_read
    assert set(made.read) == {"accounts"}


def wide(bookings: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    made = [c("amount").rolling_mean(n + 2).over("account", order_by="day").alias(f"m{n}") for n in range(60)]
    return bookings.join(accounts, on="account").with_columns(made).sort("account", "day")


def test_deriving_takes_no_time_worth_speaking_of() -> None:
    names: Iterable[str] = derive_from_code(wide, SCHEMAS).lineage.columns
    assert len(list(names)) == 64
    start = time.process_time()
    derive_from_code(wide, SCHEMAS)
    assert time.process_time() - start < 1.0  # 0.05 s on an idle machine
