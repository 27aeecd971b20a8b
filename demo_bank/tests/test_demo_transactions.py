"""The transaction file: balances, order, quirks; and that it is written month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from demo_bank import ledger, published
from demo_bank.bank import make_bank
from demo_bank.bookings import plain
from demo_bank.calendar_days import MONTH_STARTS
from demo_bank.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], pl.DataFrame]


def closing(transactions: pl.DataFrame) -> pl.DataFrame:
    """Return the balances of each account's day that are no other booking's balance before."""
    found = pl.col("balance").filter(~pl.col("balance").is_in(pl.col("before").implode()))
    return transactions.group_by("account_id", "date").agg(found.alias("closing"))


def test_the_closing_balance_of_every_day_is_unique(transactions: pl.DataFrame) -> None:
    assert (closing(transactions)["closing"].list.len() == 1).all()


def test_sums_agree_with_closing_balances_within_one_crown(transactions: pl.DataFrame) -> None:
    days = transactions.group_by("account_id", "date").agg(pl.col("signed").sum())
    both = days.join(closing(transactions).explode("closing"), on=["account_id", "date"]).sort("date")
    drift = both.select((pl.col("signed").cum_sum().over("account_id") - pl.col("closing")).abs()).to_series()
    assert 0 < int(str(drift.max())) < 10  # it rounds, and never by a whole crown


def test_file_order_is_by_day_and_neither_booking_order_nor_id_order(transactions: pl.DataFrame) -> None:
    assert transactions["date"].is_sorted()
    assert not transactions["trans_id"].is_sorted()
    later = transactions.group_by("account_id", "date", maintain_order=True).agg(
        (pl.col("before").slice(1) == pl.col("balance").head(pl.len() - 1)).all().alias("in_order"),
        n=pl.len(),
    )
    assert not later.filter(pl.col("n") > 1)["in_order"].all()


def test_control_file_counts_and_dates_the_export(exports: Path, transactions: pl.DataFrame) -> None:
    control = (exports / "berka_pkdd99/trans.control.csv").read_bytes()
    assert control == b"object;rows;complete_through\r\ntrans;%d;1998-12-31\r\n" % transactions.height


def test_shares_of_types_and_symbols_are_near_the_published(transactions: pl.DataFrame) -> None:
    # Published: PRIJEM 405,083, VYDAJ 634,571, VYBER 16,666 of 1,056,320.
    types = dict(transactions["type"].value_counts(normalize=True).iter_rows())
    for name, rows in {"PRIJEM": 405_083, "VYDAJ": 634_571, "VYBER": 16_666}.items():
        assert abs(types[name] - rows / published.TRANSACTIONS) < 0.03, name
    symbols = dict(transactions["k_symbol"].value_counts(normalize=True).iter_rows())
    for name, rows in {
        "UROK": 183_114,
        "SLUZBY": 155_832,
        "SIPO": 118_065,
        " ": 53_433,
        "DUCHOD": 30_338,
    }.items():
        assert abs(symbols[name] - rows / published.TRANSACTIONS) < 0.03, name


def test_three_kinds_of_missing_and_the_zero_account(transactions: pl.DataFrame) -> None:
    assert {"", " "} <= set(transactions["k_symbol"])
    assert transactions["bank"].is_null().any()
    zero = transactions.filter(pl.col("account") == "0")
    assert set(zero["bank"]) == {""}
    assert {"VYBER", "VYBER KARTOU"} == set(zero["operation"])


def test_orders_are_paid_to_the_ordered_counterparty(core: Read, transactions: pl.DataFrame) -> None:
    paid = transactions.filter(pl.col("operation") == "PREVOD NA UCET").select(
        "account_id", pl.col("bank").alias("bank_to"), pl.col("account").alias("account_to"), "amount"
    )
    ordered = core("order").with_columns(
        pl.col("account_id").cast(pl.Int64), (pl.col("amount").cast(pl.Float64) * 10).round().cast(pl.Int64)
    )
    assert paid.join(ordered, on=paid.columns, how="anti").is_empty()


def test_card_cash_comes_after_issue_and_loan_payments_after_the_grant(
    core: Read, transactions: pl.DataFrame
) -> None:
    cards = core("card").join(core("disp"), on="disp_id")
    issued = cards.select(
        pl.col("account_id").cast(pl.Int64), pl.col("issued").str.slice(0, 6).cast(pl.Int64)
    )
    cash = transactions.filter(pl.col("operation") == "VYBER KARTOU").join(
        issued, on="account_id", how="left"
    )
    assert (cash["date"] > cash["issued"]).all()
    granted = core("loan").select(pl.col("account_id", "date").cast(pl.Int64)).rename({"date": "granted"})
    payments = transactions.filter(pl.col("k_symbol") == "UVER").join(granted, on="account_id", how="left")
    assert (payments["date"] // 100 > payments["granted"] // 100).all()


def test_nothing_is_booked_before_the_account_is_open_and_balances_are_rarely_negative(
    core: Read, transactions: pl.DataFrame
) -> None:
    opened = core("account").select(pl.col("account_id", "date").cast(pl.Int64)).rename({"date": "opened"})
    dated = transactions.join(opened, on="account_id", how="left")
    assert (dated["date"] >= dated["opened"]).all()
    assert 0 < float((transactions["balance"] < 0).mean() or 0) < 0.05  # type: ignore[arg-type]


def test_each_month_is_made_alone_and_only_state_is_carried() -> None:
    bank = make_bank(scale=0.03, seed=7)
    made = ledger.months(7, bank.population.accounts, bank.habits, bank.orders, bank.cards)
    largest = 0
    for number, month in enumerate(made):
        days = month.bookings.day
        assert days.min() >= MONTH_STARTS[number]
        assert days.max() < MONTH_STARTS[number + 1]
        largest = max(largest, len(days))
    assert number == 71
    assert largest < 9 * len(bank.population.accounts)


def test_a_booking_that_returns_to_an_earlier_balance_is_refused() -> None:
    account = np.zeros(3, dtype=np.int64)
    day = np.array([5, 5, 6], dtype=np.int64)
    kind = np.array([Kind.CASH_IN, Kind.CASH_OUT, Kind.CASH_OUT], dtype=np.int64)
    state = ledger.State.empty(1)
    month = ledger.post(np.random.default_rng(1), plain(account, day, kind, np.full(3, 700)), state)
    assert len(month.balance) == 2
    assert state.balance[0] == month.balance[-1]
