"""The dbt product portfolio_holdings: positions of filers, in dollars if their unit can be decided."""

import datetime as dt
from decimal import Decimal

import pytest

MODEL = "portfolio_holdings"
LINES, HEADERS = "sec_13f.holding", "sec_13f.filing_header"
PRICES = {"AAA": 20, "BBB": 50, "CCC": 8}
DECEMBER = dt.date(2024, 12, 31)


def cik(number):
    return f"{number:010d}"


def portfolio(number):
    return f"13F-{cik(number)}"


def line(filer, ticker="AAA", quantity=100, value=None, **more):
    value = PRICES[ticker] * quantity if value is None else value
    return {"cik": cik(filer), "ticker": ticker, "quantity": quantity, "reported_value": value, **more}


def header(filer, total, **more):
    return {"cik": cik(filer), "reported_total": total, **more}


def clean_filing(filer, *tickers, times=1):
    """A filing whose header equals its lines; `times` of their value in dollars."""
    lines = [line(filer, ticker, value=100 * PRICES[ticker] * times) for ticker in tickers or PRICES]
    return lines, [header(filer, sum(one["reported_value"] for one in lines))]


# Three filings that agree make a reference price.
REFERENCE = [clean_filing(filer) for filer in (101, 102, 103)]
REFERENCE_LINES = [one for lines, _ in REFERENCE for one in lines]
REFERENCE_HEADERS = [one for _, headers in REFERENCE for one in headers]


@pytest.fixture
def inputs(rows):
    """Frames for every input of the product: the reference filings, and these lines and headers."""

    def make(lines=(), headers=(), positions=(), trades=(), *, reference=True):
        lines = [*(REFERENCE_LINES if reference else ()), *lines]
        headers = [*(REFERENCE_HEADERS if reference else ()), *headers]
        given = {
            LINES: lines, HEADERS: headers, "custodian.position": positions, "investment.trade_executions": trades,
        }  # fmt: skip
        return {name: rows(name, *some) for name, some in given.items()}

    return make


@pytest.fixture
def holdings(query, inputs):
    """Positions of filer 1: `holdings([line, ...], [header, ...])`."""

    def run(lines, headers, **options):
        found = query(MODEL, inputs(lines, headers, **options)).to_dicts()
        return [row for row in found if row["portfolio_id"] == portfolio(1)]

    return run


def decision(rows):
    (found,) = {(row["value_status"], row["value_reason"], row["header_unit"]) for row in rows}
    return found


# --- units --------------------------------------------------------------------------------------------------------------


def test_values_whose_prices_are_those_of_others_are_kept(holdings):
    rows = holdings(*clean_filing(1))
    assert decision(rows) == ("KEPT", None, "DOLLARS")
    assert [row["market_value"] for row in rows] == [2_000, 5_000, 800]
    assert {(row["witness_ratio"], row["witness_lines"]) for row in rows} == {(1.0, 3)}


def test_a_header_in_thousands_corrects_nothing(holdings):
    lines, _ = clean_filing(1, "AAA", "BBB")
    assert decision(holdings(lines, [header(1, 7)])) == ("KEPT", None, "THOUSANDS")


@pytest.mark.parametrize(("total", "fits"), [(7, False), (8, True), (9, True), (10, False)])
def test_a_total_in_thousands_may_be_rounded_either_way_and_no_further(holdings, total, fits):
    exact = decision(holdings([line(1, value=2_000), line(1, "BBB", value=6_000)], [header(1, total)]))
    between = decision(holdings([line(1, value=2_000), line(1, "BBB", value=6_500)], [header(1, total)]))
    assert exact == (("KEPT", None, "THOUSANDS") if total == 8 else ("KEPT", "HEADER_MISMATCH", None))
    assert between == (("KEPT", None, "THOUSANDS") if fits else ("KEPT", "HEADER_MISMATCH", None))


def test_values_whose_prices_are_a_thousandfold_are_divided(holdings):
    lines, _ = clean_filing(1, times=1_000)
    rows = holdings(lines, [header(1, 7_800)])
    assert decision(rows) == ("DIVIDED_BY_1000", "PRICES_THOUSANDFOLD", "DOLLARS")
    assert [(row["reported_value"], row["market_value"]) for row in rows] == [
        (2_000_000, 2_000), (5_000_000, 5_000), (800_000, 800)
    ]  # fmt: skip
    assert {row["witness_ratio"] for row in rows} == {1_000.0}


def test_a_header_that_equals_thousandfold_lines_saves_them_not(holdings):
    """The header agrees with the lines, and both are wrong; prices decide."""
    rows = holdings(*clean_filing(1, times=1_000))
    assert decision(rows) == ("DIVIDED_BY_1000", "HEADER_MISMATCH", None)
    assert sum(row["market_value"] for row in rows) == 7_800


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (0.79, "REFUSED"), (0.8, "KEPT"), (1.25, "KEPT"), (1.26, "REFUSED"),
        (799, "REFUSED"), (800, "DIVIDED_BY_1000"), (1_250, "DIVIDED_BY_1000"), (1_251, "REFUSED"),
    ],
)  # fmt: skip
def test_the_witness_is_believed_within_bounds(holdings, times, expected):
    value = round(2_000 * times)
    rows = holdings([line(1, value=value)], [header(1, value + 1)])
    assert rows[0]["value_status"] == expected
    assert (rows[0]["value_reason"] == "WITNESS_UNDECIDED") == (expected == "REFUSED")


def test_without_a_witness_a_header_that_equals_the_lines_is_believed(holdings):
    rows = holdings([line(1, "RARE", value=500)], [header(1, 500)])
    assert decision(rows) == ("KEPT", "HEADER_EQUALS_LINES", "DOLLARS")
    assert (rows[0]["witness_ratio"], rows[0]["witness_lines"]) == (None, 0)


def test_without_a_witness_a_header_that_differs_refuses_the_values(holdings):
    rows = holdings([line(1, "RARE", value=500_000)], [header(1, 500)])
    assert decision(rows) == ("REFUSED", "NO_WITNESS", None)
    assert (rows[0]["market_value"], rows[0]["weight"], rows[0]["reported_value"]) == (None, None, 500_000)


def test_a_filing_without_any_header_is_not_one_whose_header_equals_its_lines(holdings):
    assert decision(holdings([line(1, "RARE", value=500)], [])) == ("REFUSED", "NO_WITNESS", None)


def test_a_header_that_is_neither_is_told_and_the_values_stay(holdings):
    rows = holdings([line(1), line(1, "BBB")], [header(1, 6_400)])
    assert decision(rows) == ("KEPT", "HEADER_MISMATCH", None)
    assert [row["market_value"] for row in rows] == [2_000, 5_000]


def test_two_filings_are_no_reference(holdings):
    lines = [one for filer in (101, 102) for one in clean_filing(filer)[0]]
    headers = [one for filer in (101, 102) for one in clean_filing(filer)[1]]
    mine = [line(1, value=2_000_000)]
    found = holdings([*lines, *mine], [*headers, header(1, 2_000)], reference=False)
    assert decision(found) == ("REFUSED", "NO_WITNESS", None)


def test_filings_whose_header_differs_are_no_reference(holdings):
    wrong = [line(filer, "DDD", value=100) for filer in (2, 3, 4)]
    headers = [header(2, 99), header(3, 100), header(4, 100)]
    assert decision(holdings([*wrong, line(1, "DDD", value=100)], [*headers, header(1, 7)])) == (
        "REFUSED", "NO_WITNESS", None
    )  # fmt: skip


def test_references_are_of_the_same_date(holdings):
    other = {"period": dt.date(2025, 3, 31)}
    rows = holdings([line(1, value=2_000_000, **other)], [header(1, 2_000, **other)])
    assert decision(rows) == ("REFUSED", "NO_WITNESS", None)


def test_options_principal_amounts_and_values_of_zero_are_no_witness(holdings):
    lines = [
        line(1, option_type="PUT", value=2_000_000),
        line(1, "BBB", unit="PRINCIPAL", value=1),
        line(1, "CCC", value=0),
        line(1, "BBB", quantity=0, value=77),
    ]
    assert decision(holdings(lines, [header(1, 1)])) == ("REFUSED", "NO_WITNESS", None)


def test_thousandths_are_rounded_half_up_in_whole_numbers(holdings):
    lines = [line(1, quantity=1, value=value) for value in (20_005,)] + [line(1, "BBB", quantity=1, value=50_004)]
    rows = holdings(lines, [header(1, 70)])
    assert [row["market_value"] for row in rows] == [Decimal("20.01"), Decimal("50.00")]
    assert decision(rows)[2] == "DOLLARS"  # 70,009 thousandths of a dollar are 70 dollars


# --- positions ------------------------------------------------------------------------------------------------------------


def test_options_and_principal_amounts_are_positions_of_their_own(holdings):
    lines = [
        line(1),
        line(1, option_type="PUT"),
        line(1, option_type="CALL"),
        line(1, option_type="CALL", unit="PRINCIPAL"),
        line(1, unit="PRINCIPAL"),
    ]
    rows = holdings(lines, [header(1, 10_000)])
    assert [(row["position_type"], row["unit"]) for row in rows] == [
        ("CALL", "PRINCIPAL"), ("CALL", "SHARES"), ("PRINCIPAL", "PRINCIPAL"), ("PUT", "SHARES"), ("SHARE", "SHARES"),
    ]  # fmt: skip
    assert {row["quantity"] for row in rows} == {100}


def test_lines_of_the_same_instrument_are_summed(holdings):
    lines = [line(1, quantity=100), line(1, quantity=50), line(1, title_of_class="CL A", quantity=3)]
    rows = holdings(lines, [header(1, 3_060)])
    assert [(row["instrument_class"], row["quantity"], row["market_value"], row["source_lines"]) for row in rows] == [
        ("CL A", 3, 60, 1), ("COM", 150, 3_000, 2),
    ]  # fmt: skip


def test_classes_that_differ_in_blanks_alone_are_the_same(holdings):
    lines = [line(1, title_of_class="CL A"), line(1, title_of_class="CL    A")]
    (row,) = holdings(lines, [header(1, 4_000)])
    assert (row["instrument_class"], row["quantity"]) == ("CL A", 200)


def test_an_instrument_without_ticker_has_the_same_identity_with_every_filer_and_quarter(query, inputs):
    rare = {"ticker": None, "issuer_id": "i0rare01", "title_of_class": "COM", "reported_value": 9, "quantity": 1}
    lines = [
        {"cik": cik(1), "name": "RARE INC"} | rare,
        {"cik": cik(2), "name": "Rare, Inc."} | rare,
        {"cik": cik(2), "name": "RARE", "period": dt.date(2025, 3, 31)} | rare,
    ]
    headers = [header(1, 9), header(2, 9), header(2, 9, period=dt.date(2025, 3, 31))]
    rows = query(MODEL, inputs(lines, headers, reference=False)).to_dicts()
    assert {(row["instrument_id"], row["ticker"]) for row in rows} == {("ISSUER-i0rare01", None)}
    assert len(rows) == 3


def test_a_class_that_is_missing_is_said_to_be(holdings):
    rows = holdings([line(1, title_of_class=None, name=None)], [header(1, 2_000)])
    assert (rows[0]["instrument_class"], rows[0]["instrument_name"]) == ("NOT STATED", None)


@pytest.mark.parametrize(
    ("title", "is_note"),
    [
        ("NOTE 1.250% 5/1", True), ("Note   3/1", True), ("SDBCV", True), ("CV BND", True),
        ("COM", False), ("CORE US AGGBD ET", False), ("CV PFD", False), ("KEYNOTE SYSTEMS", False),
    ],
)  # fmt: skip
def test_notes_entered_as_shares_are_principal(holdings, title, is_note):
    rows = holdings([line(1, None, value=9_700, title_of_class=title)], [header(1, 9_700)])
    assert rows[0]["is_note_filed_as_shares"] is is_note
    assert (rows[0]["position_type"], rows[0]["unit"]) == ("PRINCIPAL" if is_note else "SHARE", "SHARES")


def test_weights_are_computed_anew_over_all_positions_of_filer_and_date(holdings):
    lines = [line(1, weight=88.0), line(1, "BBB", option_type="PUT", weight=99.0)]
    later = [line(1, period=dt.date(2025, 3, 31), value=500)]
    rows = holdings([*lines, *later], [header(1, 7_000), header(1, 500, period=dt.date(2025, 3, 31))])
    assert [row["weight"] for row in rows] == [2_000 / 7_000, 5_000 / 7_000, 1.0]


def test_a_portfolio_that_is_worth_nothing_has_no_weights(holdings):
    assert holdings([line(1, value=0)], [header(1, 0)])[0]["weight"] is None


@pytest.mark.parametrize(
    ("period", "accepted", "late"),
    [
        ((2024, 12, 31), (2025, 2, 14, 23), False),  # a Friday
        ((2024, 12, 31), (2025, 2, 15, 0), True),
        ((2025, 12, 31), (2026, 2, 17, 23), False),  # the 14th is a Saturday, Monday Washington's Birthday
        ((2025, 12, 31), (2026, 2, 18, 0), True),
        ((2020, 12, 31), (2021, 2, 16, 12), False),  # the 14th is a Sunday
        ((2025, 6, 30), (2025, 8, 15, 12), True),
        ((2026, 6, 30), (2026, 8, 14, 12), False),
        ((2026, 9, 30), (2026, 11, 16, 12), False),  # the 14th is a Saturday
        ((2026, 9, 30), (2026, 11, 17, 12), True),
    ],
)
def test_filings_later_than_45_days_are_marked(holdings, period, accepted, late):
    dated = {"period": dt.date(*period)}
    lines = [line(1, **dated, accepted_at=dt.datetime(*accepted, tzinfo=dt.UTC))]
    assert holdings(lines, [header(1, 2_000, **dated)])[0]["is_filed_late"] is late


# --- the whole product ------------------------------------------------------------------------------------------------------


def test_the_product_keeps_its_contract_and_comes_out_sorted(build, inputs):
    lines = [line(1), line(1, "BBB", option_type="PUT"), line(2, "RARE", value=7)]
    found = build(MODEL, inputs(lines, [header(1, 7_000), header(2, 8)]))
    assert found.broken == ()
    assert found.publication.rows == 9 + 3
    assert found.clause("values_refused").outcome.value == "warned"
    key = [column.name for column in found.contract.columns if column.primary_key_position]
    assert found.rows.select(key).rows() == sorted(found.rows.select(key).rows())
    assert found.rows.filter(found.rows["portfolio_id"] == portfolio(1)).select("portfolio_kind", "currency").row(0) == (
        "FILER", "USD"
    )  # fmt: skip


def test_a_version_without_positions_is_refused(build, inputs):
    assert build(MODEL, inputs(reference=False)).broken == ("has_rows",)
