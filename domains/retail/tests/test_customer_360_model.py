"""The customer view on rows with known results."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import pytest

AS_OF = dt.date(1994, 10, 30)


@pytest.fixture
def view(build, bookings):
    """`view(parties, accounts, booked, ...)`; account n belongs to party n, and account 99 sets as_of to 1994-10-30."""

    def run(parties, accounts=(), booked=(), *, loans=(), cards=(), as_of=AS_OF):
        held = [{"owner_party_id": account["account_id"]} | account for account in accounts]
        inputs = {
            "retail.party": [*parties, {"party_id": 99}],
            "retail.account": [*held, {"account_id": 99, "owner_party_id": 99}],
            "retail.transaction_history": bookings(*booked, (99, as_of, "CREDIT", 1)),
            "retail.loan_applications": loans,
            "retail.credit_card_spending_patterns": cards,
        }
        found = build("customer_360", inputs)
        assert found.broken == ()
        rows = found.rows.to_dicts()
        assert [row["customer_id"] for row in rows] == sorted(row["party_id"] for row in inputs["retail.party"])
        assert {row["as_of"] for row in rows} == {as_of}
        return rows[:-1]

    return run


def test_a_disponent_owns_nothing_and_has_null_money(view):
    (row,) = view([{"party_id": 1}])
    assert [row[name] for name in ("account_count", "card_count", "loan_count", "transaction_count")] == [0, 0, 0, 0]
    money = ("balance", "average_monthly_inflow", "average_monthly_outflow", "last_transaction_on")
    assert [row[name] for name in money] == [None] * 4
    assert row["product_holdings"] == []


def test_balance_and_counts_are_of_all_bookings_up_to_as_of(view):
    (row,) = view(
        [{"party_id": 1}],
        [{"account_id": 1, "opened_on": dt.date(1994, 10, 12)}],
        [
            (1, dt.date(1994, 10, 12), "CREDIT", Decimal("900.10")),
            (1, dt.date(1994, 10, 29), "DEBIT", Decimal("1000.30")),
            (1, dt.date(1994, 10, 31), "CREDIT", 5000, None, False),
        ],
    )
    assert (row["balance"], row["transaction_count"]) == (Decimal("-100.20"), 2)
    assert row["last_transaction_on"] == dt.date(1994, 10, 29)


def test_an_account_without_bookings_has_no_balance(view):
    (row,) = view([{"party_id": 1}], [{"account_id": 1}])
    assert (row["account_count"], row["balance"], row["transaction_count"]) == (1, None, 0)


def test_means_are_over_complete_months_since_opening(view):
    opened = {
        1: dt.date(1994, 8, 1),  # August and September are complete
        2: dt.date(1994, 8, 2),  # September alone
        3: dt.date(1994, 9, 30),  # no month yet
        4: dt.date(1994, 1, 31),  # February to September
        5: dt.date(1994, 10, 30),
    }
    booked = [
        *((account, dt.date(1994, 8, 31), "CREDIT", 30) for account in (1, 2, 4)),
        *((account, dt.date(1994, 9, 30), "CREDIT", 60) for account in (1, 2, 3, 4)),
        *((account, dt.date(1994, 10, 2), "CREDIT", 77) for account in (1, 2, 3, 4)),
        (4, dt.date(1994, 1, 31), "CREDIT", 7),
        (4, dt.date(1994, 2, 1), "CREDIT", 10),
        (1, dt.date(1994, 8, 1), "DEBIT", 3),
        (1, dt.date(1994, 10, 30), "DEBIT", 50),
    ]
    rows = view(
        [{"party_id": n} for n in opened], [{"account_id": n, "opened_on": day} for n, day in opened.items()], booked
    )
    assert [row["average_monthly_inflow"] for row in rows] == [45, 60, None, Decimal("12.50"), None]
    assert [row["average_monthly_outflow"] for row in rows] == [Decimal("1.50"), 0, None, 0, None]


def test_a_month_whose_last_day_is_as_of_is_complete(view):
    opened = {1: dt.date(1994, 8, 31), 2: dt.date(1994, 10, 1), 3: dt.date(1994, 10, 2)}
    booked = [(n, dt.date(1994, 10, 31), "CREDIT", 30) for n in opened]
    accounts = [{"account_id": n, "opened_on": day} for n, day in opened.items()]
    rows = view([{"party_id": n} for n in opened], accounts, booked, as_of=dt.date(1994, 10, 31))
    assert [row["average_monthly_inflow"] for row in rows] == [15, 30, None]


def test_means_are_exact_and_rounded_half_up(view):
    totals = {
        n: Decimal(text)
        for n, text in enumerate(("0.01", "0.03", "0.09", "10.03", "99999999999.99", "1000000000000.03"))
    }
    booked = [(n, dt.date(1994, 9, 5), kind, total) for n, total in totals.items() for kind in ("CREDIT", "DEBIT")]
    accounts = [{"account_id": n, "opened_on": dt.date(1994, 4, 1)} for n in totals]
    rows = view([{"party_id": n} for n in totals], accounts, booked)
    means = [(total / 6).quantize(Decimal("0.01"), ROUND_HALF_UP) for total in totals.values()]
    assert means[1] == Decimal("0.01")  # half a heller, up
    assert [row["average_monthly_inflow"] for row in rows] == means
    assert [row["average_monthly_outflow"] for row in rows] == means


AGES = [
    (AS_OF, [(dt.date(1960, 10, 29), 34), (AS_OF.replace(year=1960), 34), (dt.date(1960, 10, 31), 33), (AS_OF, 0)]),
    (dt.date(1994, 2, 27), [(dt.date(1960, 2, 29), 33), (dt.date(1960, 2, 28), 33), (dt.date(1960, 2, 27), 34)]),
    (dt.date(1994, 3, 1), [(dt.date(1960, 2, 29), 34), (dt.date(1960, 3, 1), 34), (dt.date(1960, 3, 2), 33)]),
    (dt.date(1996, 2, 28), [(dt.date(1960, 2, 29), 35), (dt.date(1961, 2, 28), 35), (dt.date(1961, 3, 1), 34)]),
    (dt.date(1996, 2, 29), [(dt.date(1960, 2, 29), 36), (dt.date(1961, 2, 28), 35), (dt.date(1961, 3, 1), 34)]),
]


@pytest.mark.parametrize(("as_of", "ages"), AGES, ids=[str(as_of) for as_of, _ in AGES])
def test_age_is_in_full_years_at_as_of(view, as_of, ages):
    rows = view([{"party_id": n, "birth_date": born} for n, (born, _) in enumerate(ages)], as_of=as_of)
    assert [row["age"] for row in rows] == [age for _, age in ages]


def test_holdings_are_a_sorted_list(view):
    accounts = [{"account_id": n} for n in (1, 2, 3)]
    loans = [{"loan_id": n, "account_id": account} for n, account in ((1, 2), (2, 3), (3, 3))]
    cards = [
        {"card_id": 5, "account_id": 1},
        *({"card_id": 6, "account_id": 3, "month": dt.date(1994, m, 1)} for m in (5, 6)),
    ]
    rows = view([{"party_id": n} for n in (1, 2, 3, 4)], accounts, loans=loans, cards=cards)
    assert [row["product_holdings"] for row in rows] == [
        ["ACCOUNT", "CREDIT_CARD"], ["ACCOUNT", "LOAN"], ["ACCOUNT", "CREDIT_CARD", "LOAN"], []
    ]  # fmt: skip
    assert [(row["card_count"], row["loan_count"]) for row in rows] == [(1, 0), (0, 1), (1, 2), (0, 0)]


def test_who_the_crm_does_not_know_has_no_name_and_no_address(view):
    (row,) = view([{"party_id": 1, "gender": "FEMALE"}])
    assert (row["full_name"], row["address"], row["marketing_opt_in"], row["gender"]) == (None, None, None, "FEMALE")


def test_address_is_one_line(view):
    party = {
        "party_id": 1,
        "full_name": "Ann Cole",
        "address": "1 Elm St",
        "city": "Salem",
        "state": "OR",
        "postal_code": "00501",
    }
    (row,) = view([party | {"marketing_opt_in": False}])
    assert (row["full_name"], row["address"]) == ("Ann Cole", "1 Elm St, Salem, OR 00501")
    assert row["marketing_opt_in"] is False


def test_an_address_without_state_and_postal_code_ends_with_the_city(view):
    assert (
        view([{"party_id": 1, "full_name": "Ann", "address": "1 Elm St", "city": "Salem"}])[0]["address"]
        == "1 Elm St, Salem"
    )
