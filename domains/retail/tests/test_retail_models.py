"""The dbt products account, transaction_history and loan_applications on rows with known results."""

import datetime as dt
from decimal import Decimal

import pytest

from bankmesh.errors import PortError
from bankmesh.testing import domain_contract, find_dependent_partitions

MAY = dt.date(1994, 5, 5)


def owner(party, account, number=None):
    return {"disposition_id": number or party, "client_id": party, "account_id": account}


def disponent(party, account):
    return owner(party, account) | {"disposition_type": "DISPONENT"}


@pytest.fixture
def accounts(build):
    def run(accounts, dispositions):
        inputs = {"core_banking.account": accounts, "core_banking.disp": dispositions}
        return build("account", inputs, {"retail.party": [{"party_id": n} for n in range(1, 10)]})

    return run


def test_an_account_has_its_owner_and_a_count_of_disponents(accounts):
    opened = dt.date(1995, 3, 24)
    found = accounts(
        [{"account_id": 2}, {"account_id": 1, "district_id": 18, "opened_on": opened, "statement_frequency": "WEEKLY"}],
        [disponent(4, 1), owner(3, 1), disponent(5, 1), owner(6, 2)],
    )
    assert found.broken == ()
    first, second = found.rows.rows(named=True)
    assert first == {
        "account_id": 1, "owner_party_id": 3, "disponent_count": 2, "district_id": 18, "opened_on": opened,
        "statement_frequency": "WEEKLY",
    }  # fmt: skip
    assert (second["account_id"], second["owner_party_id"], second["disponent_count"]) == (2, 6, 0)


def test_an_account_without_exactly_one_owner_is_refused(accounts):
    nobody, disponent_only, two_owners, one_owner = 1, 2, 3, 4
    dispositions = [disponent(3, disponent_only), owner(4, two_owners), owner(5, two_owners), owner(9, one_owner)]
    found = accounts([{"account_id": n} for n in (nobody, disponent_only, two_owners, one_owner)], dispositions)
    assert found.rows["owner_party_id"].to_list() == [None, None, None, 9]
    assert found.clause("owner_party_id__required").failing_rows == 3
    assert found.broken == ("owner_party_id__required",)
    assert found.publication is None


@pytest.fixture
def history(build):
    def run(*bookings, **options):
        numbered = [{"transaction_id": n, **booking} for n, booking in enumerate(bookings, start=1)]
        references = {"retail.account": [{"account_id": 1, "owner_party_id": 1}]}
        found = build("transaction_history", {"core_banking.trans": numbered}, references, **options)
        return found, found.rows.sort("transaction_id")

    return run


def test_a_credit_raises_and_a_debit_lowers(history):
    found, rows = history(
        {"direction": "CREDIT", "amount": Decimal("12.30")},
        {"direction": "DEBIT", "amount": Decimal("0.10"), "balance_after": Decimal("-0.10")},
        {"direction": "DEBIT", "amount": 0},
    )
    assert found.broken == ()
    assert rows["signed_amount"].to_list() == [Decimal("12.30"), Decimal("-0.10"), 0]
    assert rows["amount"].to_list() == [Decimal("12.30"), Decimal("0.10"), 0]
    assert rows["balance_after"][1] == Decimal("-0.10")
    assert rows["currency"].unique().to_list() == ["CZK"]


def test_bookings_lie_in_the_partition_of_their_month(history):
    days = [dt.date(1993, 1, 1), dt.date(1996, 2, 29), dt.date(1999, 12, 31)]
    found, rows = history(*({"booking_date": day} for day in days))
    assert found.broken == ()
    assert rows["booking_date"].to_list() == days
    assert rows["booking_month"].to_list() == [day.replace(day=1) for day in days]


def test_only_the_partitions_that_are_asked_for_are_built(history):
    days = [dt.date(1994, 4, 30), dt.date(1994, 5, 1), dt.date(1994, 5, 31), dt.date(1994, 6, 1)]
    _, rows = history(*({"booking_date": day} for day in days), partitions=("1994-05-01",))
    assert rows["booking_date"].to_list() == days[1:3]


def test_a_month_depends_on_the_bookings_of_that_month_alone(rows, mesh_home, dbt_target):
    """As `defs.yaml` declares."""
    days = [dt.date(1994, 4, 30), dt.date(1994, 5, 1), dt.date(1994, 5, 31), dt.date(1994, 12, 31), dt.date(1995, 1, 1)]
    bookings = rows(
        "core_banking.trans",
        *(
            {"transaction_id": n, "booking_date": day, "complete_through": dt.date(1994, 5, 15)}
            for n, day in enumerate(days)
        ),
    )
    references = {"retail.account": rows("retail.account", {"account_id": 1, "owner_party_id": 1})}
    columns = {"core_banking.trans": "booking_date"}
    options = {"references": references, "dbt_target": dbt_target}
    contract = domain_contract("retail", "transaction_history")
    inputs = {"core_banking.trans": bookings}
    assert find_dependent_partitions(contract, inputs, columns, home=mesh_home, **options) == ()


def test_days_after_the_last_complete_one_are_marked(history):
    _, rows = history(*({"booking_date": dt.date(1994, 10, day)} for day in (29, 30, 31)))
    assert rows["is_day_complete"].to_list() == [True, True, False]


def test_an_export_that_says_nothing_of_its_completeness_is_refused(history):
    found, _ = history({"complete_through": None})
    assert found.broken == ("is_day_complete__required",)


def test_account_zero_without_a_bank_is_no_counterparty(history):
    given = [(None, "0"), ("AB", "0"), ("AB", "4711"), (None, "4711"), (None, None)]
    _, rows = history(*({"counterparty_bank": bank, "counterparty_account": account} for bank, account in given))
    assert rows.select("counterparty_bank", "counterparty_account").rows() == [(None, None), *given[1:]]


def test_a_booking_before_the_first_partition_does_not_vanish(history):
    with pytest.raises(PortError, match="booking_month 1992-12-01"):
        history({"booking_date": dt.date(1992, 12, 31)}, {"booking_date": MAY})


def test_loans_keep_terms_and_outcome(build):
    loans = [
        {
            "loan_id": 9,
            "account_id": 2,
            "granted_on": MAY,
            "amount": 80952,
            "duration_months": 24,
            "monthly_payment": 3373,
            "outcome": outcome,
        }
        for outcome in ("FINISHED_OK",)
    ]
    loans.append({"loan_id": 3, "account_id": 1, "outcome": "RUNNING_IN_DEBT"})
    accounts = [{"account_id": n, "owner_party_id": n} for n in (1, 2)]
    found = build("loan_applications", {"core_banking.loan": loans}, {"retail.account": accounts})
    assert found.broken == ()
    assert found.rows["loan_id"].to_list() == [3, 9]
    assert found.rows.row(1) == (9, 2, MAY, Decimal(80952), 24, Decimal(3373), "FINISHED_OK")


def test_a_loan_of_no_account_is_refused(build):
    found = build(
        "loan_applications",
        {"core_banking.loan": [{"loan_id": 3, "account_id": 7}]},
        {"retail.account": [{"account_id": 1, "owner_party_id": 1}]},
    )
    assert found.broken == ("account_id__references_account",)
    assert found.clause("account_id__references_account").failing_rows == 1
