"""Positions that the custodian reports, compared with the sums of completed trades."""

import datetime as dt

import pytest

MODEL = "portfolio_holdings"
JUNE, JULY, AUGUST = dt.date(2017, 6, 30), dt.date(2017, 7, 31), dt.date(2017, 8, 31)
NOBODY = 99


def at(month, day, hour=12):
    return dt.datetime(2017, month, day, hour, tzinfo=dt.UTC)


def trade(number, quantity, completed_at, *, side="BUY", **more):
    moments = {"first_seen_at": completed_at, "completed_at": completed_at, "last_changed_at": completed_at}
    return {"trade_id": number, "quantity": quantity, "side": side, **moments, **more}


def position(quantity, on=JULY, **more):
    return {"quantity": quantity, "position_date": on, "market_value": 5 * quantity, **more}


# The known trades begin in June and end in August, whatever trades a test adds.
SPAN = [
    trade(901, 1, at(6, 1), account_number=NOBODY),
    trade(902, 1, at(8, 31), account_number=NOBODY),
]


@pytest.fixture
def inputs(rows):
    """Frames for every input of the product: no filings, these positions and trades."""

    def make(positions, trades, *, span=True):
        given = {
            "sec_13f.holding": (),
            "sec_13f.filing_header": (),
            "custodian.position": positions,
            "investment.trade_executions": [*trades, *(SPAN if span else ())],
        }
        return {name: rows(name, *some) for name, some in given.items()}

    return make


@pytest.fixture
def reconciled(query, inputs):
    """(symbol, day, quantity, expected, difference, status) of each position."""

    def run(positions, trades, **options):
        found = query(MODEL, inputs(positions, trades, **options))
        names = (
            "instrument_id", "reporting_date", "quantity", "expected_quantity", "quantity_difference",
            "reconciliation_status",
        )  # fmt: skip
        return found.select(names).rows()

    return run


def test_a_position_that_completed_trades_add_up_to_is_matched(reconciled):
    trades = [
        trade(1, 10, at(6, 5)),
        trade(2, 4, at(7, 3), side="SELL"),
        trade(3, 7, at(7, 31, 23)),
        trade(4, 100, at(8, 1, 0)),
    ]
    assert reconciled([position(10, JUNE), position(13, JULY)], trades) == [
        ("ACME", JUNE, 10, 10, 0, "MATCHED"),
        ("ACME", JULY, 13, 13, 0, "MATCHED"),
    ]


def test_a_position_that_differs_is_a_break(reconciled):
    assert reconciled([position(110)], [trade(1, 10, at(7, 3))]) == [("ACME", JULY, 110, 10, 100, "BREAK")]


def test_trades_that_are_not_completed_move_nothing(reconciled):
    states = ["PENDING", "SUBMITTED", "CANCELED"]
    trades = [trade(n, 5, at(7, 3), status=status) for n, status in enumerate(states, start=2)]
    open_trades = [one | {"completed_at": None} for one in trades]
    undone = trade(9, 5, at(7, 3), status="CANCELED")
    assert reconciled([position(10)], [trade(1, 10, at(7, 3)), *open_trades, undone])[0][-1] == "MATCHED"


def test_trades_of_other_accounts_and_securities_move_nothing(reconciled):
    trades = [trade(1, 10, at(7, 3)), trade(2, 5, at(7, 3), account_number=2), trade(3, 5, at(7, 3), symbol="OTHER")]
    found = reconciled([position(10), position(5, symbol="OTHER")], trades)
    assert [row[-1] for row in found] == ["MATCHED", "MATCHED"]


def test_a_security_that_the_custodian_leaves_out_is_a_break_with_a_row_of_its_own(query, inputs):
    trades = [trade(1, 10, at(7, 3)), trade(2, 8, at(7, 3), symbol="LOST")]
    found = query(MODEL, inputs([position(10)], trades)).to_dicts()
    assert [(row["instrument_id"], row["reconciliation_status"]) for row in found] == [
        ("ACME", "MATCHED"), ("LOST", "BREAK"),
    ]  # fmt: skip
    lost = found[1]
    assert (lost["quantity"], lost["expected_quantity"], lost["quantity_difference"]) == (0, 8, -8)
    assert (lost["market_value"], lost["weight"], lost["source_lines"]) == (0, 0.0, 0)
    assert (lost["portfolio_id"], lost["party_id"], lost["currency"]) == ("CUSTODY-1", 7, "USD")


def test_a_security_that_no_trade_explains_is_a_break(reconciled):
    found = reconciled([position(10), position(50, symbol="WHENCE")], [trade(1, 10, at(7, 3))])
    assert found[1] == ("WHENCE", JULY, 50, 0, 50, "BREAK")


def test_what_was_sold_again_is_rightly_in_no_report(reconciled):
    trades = [
        trade(1, 10, at(7, 3)),
        trade(2, 5, at(7, 4), symbol="GONE"),
        trade(3, 5, at(7, 5), symbol="GONE", side="SELL"),
    ]
    assert [row[0] for row in reconciled([position(10)], trades)] == ["ACME"]


@pytest.mark.parametrize("on", [dt.date(2017, 5, 31), dt.date(2017, 9, 30)])
def test_a_day_outside_the_trades_known_is_not_reconciled(reconciled, on):
    assert reconciled([position(10, on)], [trade(1, 10, at(7, 3))]) == [
        ("ACME", on, 10, None, None, "NOT_RECONCILED")
    ]  # fmt: skip


def test_an_account_of_which_no_trade_is_known_is_not_reconciled(reconciled):
    assert reconciled([position(10, account_number=3)], [trade(1, 10, at(7, 3))]) == [
        ("ACME", JULY, 10, None, None, "NOT_RECONCILED")
    ]  # fmt: skip


def test_without_any_trade_nothing_is_reconciled(reconciled):
    assert reconciled([position(10)], [], span=False)[0][-1] == "NOT_RECONCILED"


def test_lines_of_one_security_are_summed(reconciled):
    assert reconciled([position(4), position(6)], [trade(1, 10, at(7, 3))]) == [("ACME", JULY, 10, 10, 0, "MATCHED")]


def test_a_break_in_the_last_report_is_told_and_earlier_ones_stay_in_the_rows(build, inputs):
    trades = [trade(1, 10, at(6, 5))]
    early = build(MODEL, inputs([position(9, JUNE), position(10, JULY)], trades))
    late = build(MODEL, inputs([position(10, JUNE), position(9, JULY)], trades))
    statuses = [found.rows["reconciliation_status"].to_list() for found in (early, late)]
    assert statuses == [["BREAK", "MATCHED"], ["MATCHED", "BREAK"]]
    outcomes = [found.clause("custodian_agrees_with_trades").outcome.value for found in (early, late)]
    assert outcomes == ["passed", "warned"]
    assert early.broken == late.broken == ()


def test_custody_positions_keep_the_contract(build, inputs):
    positions = [position(10), position(5, symbol="OTHER"), position(3, account_number=2, party_id=8)]
    found = build(MODEL, inputs(positions, [trade(1, 10, at(7, 3))]))
    assert found.broken == ()
    assert found.clause("custodian_agrees_with_trades").observed == 1
    first = found.rows.to_dicts()[0]
    assert first["portfolio_name"] == "A Custodian, account 1"
    assert (first["portfolio_kind"], first["value_status"], first["value_reason"]) == ("CUSTODY", "KEPT", None)
    assert (first["weight"], first["header_total"], first["filed_at"]) == (50 / 75, None, None)


def test_an_account_that_is_reported_in_two_currencies_is_refused(build, inputs):
    found = build(MODEL, inputs([position(10), position(5, symbol="OTHER", currency="EUR")], []))
    assert found.broken == ("currency__required",)
