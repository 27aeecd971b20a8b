"""Card use by month: which months, zeros, shares of debits, trend, purchases."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.defs.credit_card_spending_patterns.transform import credit_card_spending_patterns, trend

CARD = "CARD_WITHDRAWAL"


def month(number, year=1994):
    return dt.date(year, number, 1)


@pytest.fixture
def patterns(rows, bookings):
    """Patterns of cards `(card_id, account_id, issued_on)`; the party of account n is 100 + n."""

    def make(cards, booked, purchases=()):
        return credit_card_spending_patterns(
            rows(
                "core_banking.card",
                *({"card_id": c, "disposition_id": c + 50, "issued_on": day} for c, _, day in cards),
            ).lazy(),
            rows(
                "core_banking.disp",
                *({"disposition_id": c + 50, "client_id": a + 100, "account_id": a} for c, a, _ in cards),
            ).lazy(),
            rows("core_banking.card_purchase", *purchases).lazy(),
            bookings(*booked).lazy(),
        ).collect()

    return make


def test_months_from_issue_to_the_last_complete_one_with_zeros_kept(patterns):
    found = patterns(
        [(1, 7, dt.date(1994, 5, 31))],
        [
            (7, dt.date(1994, 5, 2), "DEBIT", 100, CARD),
            (7, dt.date(1994, 7, 15), "DEBIT", 40, CARD),
            (7, dt.date(1994, 7, 31), "DEBIT", 60, CARD),
            (8, dt.date(1994, 10, 30), "CREDIT", 5),
        ],
    )
    assert found["month"].to_list() == [month(n) for n in (5, 6, 7, 8, 9)]
    assert found["card_transactions"].to_list() == [1, 0, 2, 0, 0]
    assert found["card_amount"].to_list() == [100, 0, 100, 0, 0]
    assert found.select("card_id", "party_id", "account_id", "card_type").unique().rows() == [(1, 107, 7, "CLASSIC")]


@pytest.mark.parametrize(
    ("last_day", "complete", "last_month"),
    [
        (dt.date(1994, 10, 30), True, month(9)),
        (dt.date(1994, 10, 31), True, month(10)),
        (dt.date(1994, 10, 31), False, month(8)),
        (dt.date(1994, 12, 31), True, month(12)),
        (dt.date(1995, 1, 1), True, month(12)),
        (dt.date(1994, 11, 1), True, month(10)),
    ],
)
def test_the_last_month_is_one_whose_last_day_is_complete(patterns, last_day, complete, last_month):
    found = patterns(
        [(1, 7, dt.date(1994, 1, 1))],
        [(7, dt.date(1994, 9, 29), "CREDIT", 1), (7, last_day, "DEBIT", 1, CARD, complete)],
    )
    assert found["month"].max() == last_month


def test_a_card_issued_after_the_last_complete_month_has_no_row(patterns):
    booked = [(7, dt.date(1994, 10, 30), "DEBIT", 1, CARD)]
    cards = [(1, 7, dt.date(1994, 9, 30)), (2, 8, dt.date(1994, 10, 1)), (3, 9, dt.date(1996, 1, 1))]
    assert patterns(cards, booked)["card_id"].to_list() == [1]


def test_only_card_withdrawals_of_the_cards_own_account_count(patterns):
    found = patterns(
        [(1, 7, dt.date(1994, 9, 1))],
        [
            (7, dt.date(1994, 9, 1), "DEBIT", 10, CARD),
            (7, dt.date(1994, 9, 2), "DEBIT", 20, "CASH_WITHDRAWAL"),
            (7, dt.date(1994, 9, 2), "DEBIT", 30, None),
            (8, dt.date(1994, 9, 3), "DEBIT", 40, CARD),
            (7, dt.date(1994, 10, 30), "DEBIT", 50, CARD),
        ],
    )
    assert found.select("card_transactions", "card_amount").rows() == [(1, Decimal(10))]


def test_share_is_of_all_debits_of_account_and_month(patterns):
    found = patterns(
        [(1, 7, dt.date(1994, 6, 1))],
        [
            (7, dt.date(1994, 6, 1), "DEBIT", 25, CARD),
            (7, dt.date(1994, 6, 1), "DEBIT", 75, "TRANSFER_OUT"),
            (7, dt.date(1994, 6, 1), "CREDIT", 900),
            (7, dt.date(1994, 7, 1), "DEBIT", 75, "TRANSFER_OUT"),
            (7, dt.date(1994, 8, 1), "CREDIT", 900),
            (7, dt.date(1994, 9, 1), "DEBIT", 3, CARD),
            (8, dt.date(1994, 9, 30), "DEBIT", 400, CARD),
        ],
    )
    assert found["share_of_debits"].to_list() == [0.25, 0.0, None, 1.0]


def test_trend_is_against_the_mean_of_the_three_months_before(patterns):
    found = patterns(
        [(1, 7, dt.date(1994, 4, 9)), (2, 8, dt.date(1994, 4, 9))],
        [
            (7, dt.date(1994, 4, 10), "DEBIT", 100, CARD),
            (7, dt.date(1994, 6, 10), "DEBIT", 100, CARD),
            (7, dt.date(1994, 8, 10), "DEBIT", 1, CARD),
            (8, dt.date(1994, 9, 30), "DEBIT", 700, CARD),
        ],
    )
    first = [None, None, None, Decimal("-66.67"), Decimal("-32.33"), Decimal("-33.67")]
    assert found.filter(pl.col("card_id") == 1)["trend"].to_list() == first
    assert found.filter(pl.col("card_id") == 2)["trend"].to_list() == [None, None, None, 0, 0, 700]


def plain_trend(amounts):
    trends = []
    for at, amount in enumerate(amounts):
        exact = amount - sum(amounts[at - 3 : at]) / Decimal(3) if at >= 3 else None
        trends.append(None if exact is None else exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
    return trends


@settings(max_examples=60)
@given(st.lists(st.integers(0, 10**13).map(lambda cents: Decimal(cents) / 100), min_size=1, max_size=8), st.randoms())
def test_trend_agrees_with_decimal_arithmetic_in_any_order_of_rows(amounts, random):
    months = [(1, dt.date(1994, n, 1), amount) for n, amount in enumerate(amounts, start=1)]
    frame = pl.DataFrame(
        random.sample(months, len(months)),
        schema={"card_id": pl.Int64, "month": pl.Date, "card_amount": pl.Decimal(18, 2)},
        orient="row",
    )
    assert frame.with_columns(trend().alias("trend")).sort("month")["trend"].to_list() == plain_trend(amounts)


def purchase(card, day, amount, code):
    return {"card_id": card, "purchased_on": day, "amount": amount, "merchant_category_code": code}


def test_purchases_are_counted_apart_with_the_category_that_most_was_spent_on(patterns):
    found = patterns(
        [(1, 7, dt.date(1994, 8, 1))],
        [(7, dt.date(1994, 9, 30), "DEBIT", 10, CARD)],
        [
            purchase(1, dt.date(1994, 8, 1), 30, "5812"),
            purchase(1, dt.date(1994, 8, 31), 25, "5411"),
            purchase(1, dt.date(1994, 8, 31), 15, "5411"),
            purchase(1, dt.date(1994, 9, 1), 9, "5812"),
            purchase(1, dt.date(1994, 9, 2), 9, "5411"),
            purchase(2, dt.date(1994, 9, 2), 99, "7011"),
        ],
    )
    bought = found.select("purchase_transactions", "purchase_amount", "top_merchant_category").rows()
    assert bought == [(3, Decimal(70), "5411"), (2, Decimal(18), "5411")]
    assert found["card_amount"].to_list() == [0, 10]


def test_a_bank_that_records_no_purchases_has_nulls(patterns):
    found = patterns([(1, 7, dt.date(1994, 9, 1))], [(7, dt.date(1994, 9, 30), "DEBIT", 10, CARD)])
    assert found.select("purchase_transactions", "purchase_amount", "top_merchant_category").rows() == [(None,) * 3]


def test_a_month_without_purchases_counts_none_where_the_bank_records_them(patterns):
    found = patterns(
        [(1, 7, dt.date(1994, 8, 1))],
        [(7, dt.date(1994, 9, 30), "DEBIT", 10, CARD)],
        [purchase(1, dt.date(1994, 8, 1), 30, "5812")],
    )
    assert found.select("purchase_transactions", "purchase_amount").row(1) == (0, Decimal(0))


def test_a_card_of_no_disposition_does_not_vanish(rows, bookings):
    found = credit_card_spending_patterns(
        rows("core_banking.card", {"card_id": 1, "disposition_id": 51, "issued_on": dt.date(1994, 9, 1)}).lazy(),
        rows("core_banking.disp").lazy(),
        rows("core_banking.card_purchase").lazy(),
        bookings((7, dt.date(1994, 9, 30), "DEBIT", 10, CARD)).lazy(),
    ).collect()
    assert found.select("card_id", "party_id", "account_id").rows() == [(1, None, None)]


def test_two_builds_from_the_same_rows_are_equal(patterns):
    cards = [(n, n, dt.date(1994, 1, 1)) for n in range(1, 20)]
    booked = [(n, dt.date(1994, 1 + n % 9, 28), "DEBIT", n, CARD) for n in range(1, 20)]
    booked.append((1, dt.date(1994, 9, 30), "CREDIT", 1))
    bought = [purchase(n, dt.date(1994, 3, 3), 5, code) for n in range(1, 20) for code in ("5411", "5812")]
    assert patterns(cards, booked, bought).equals(patterns(cards, booked, bought))
