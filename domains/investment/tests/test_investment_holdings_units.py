"""The unit of filings decided a second time, in plain Python: on made-up filings and on the real ones."""

import datetime as dt
import os
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.column_types import polars_schema
from bankmesh.sources import land_object, read_systems
from bankmesh.testing import domain_contract
from bankmesh.testing.trials import try_product

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("BANKMESH_REALDATA") or ROOT / ".." / "shared" / "data").resolve()
MODEL = "portfolio_holdings"
LINES, HEADERS = "sec_13f.holding", "sec_13f.filing_header"
CENT = Decimal("0.01")
# What the plain rule reads of a line.
READ = ("cik", "period", "ticker", "quantity", "reported_value", "unit", "option_type")
DECEMBER, MARCH = dt.date(2024, 12, 31), dt.date(2025, 3, 31)


def on_real_filings(test):
    """A test of the real filings, skipped without them."""
    absent = not (REAL / "sec_13f_holdings").is_dir()
    return pytest.mark.realdata(pytest.mark.skipif(absent, reason="no real exports here")(test))


def decide(lines, headers):
    """Status, reason and header's unit of every filing; `lines` are dictionaries as they land."""
    filings, totals = defaultdict(list), {(one["cik"], one["period"]): one["reported_total"] for one in headers}
    for one in lines:
        filings[one["cik"], one["period"]].append(one)
    sums = {filing: sum(one["reported_value"] for one in held) for filing, held in filings.items()}
    priced = {filing: [one for one in held if is_long_share(one)] for filing, held in filings.items()}
    references = reference_prices(priced, {filing for filing in filings if totals.get(filing) == sums[filing]})
    return {filing: _decide(sums[filing], totals.get(filing), ratios(filing, priced, references)) for filing in filings}


def is_long_share(one):
    is_share = one["unit"] == "SHARES" and one["option_type"] is None and one["ticker"] is not None
    return is_share and one["quantity"] > 0 and one["reported_value"] > 0


def reference_prices(priced, clean):
    prices, filers = defaultdict(list), defaultdict(set)
    for filer, period in clean:
        for one in priced[filer, period]:
            prices[one["ticker"], period].append(one["reported_value"] / one["quantity"])
            filers[one["ticker"], period].add(filer)
    return {at: median(found) for at, found in prices.items() if len(filers[at]) > 2}


def ratios(filing, priced, references):
    known = ((one, references.get((one["ticker"], filing[1]))) for one in priced[filing])
    return [one["reported_value"] / one["quantity"] / price for one, price in known if price is not None]


def _decide(lines_total, header_total, found):
    witness = median(found) if found else None
    if witness is None:
        return (
            ("KEPT", "HEADER_EQUALS_LINES", "DOLLARS")
            if header_total == lines_total
            else ("REFUSED", "NO_WITNESS", None)
        )
    if not (0.8 <= witness <= 1.25 or 800 <= witness <= 1250):
        return "REFUSED", "WITNESS_UNDECIDED", None
    divisor = 1 if witness <= 1.25 else 1000
    unit = header_unit(lines_total, header_total, divisor)
    status, reason = ("KEPT", None) if divisor == 1 else ("DIVIDED_BY_1000", "PRICES_THOUSANDFOLD")
    return status, reason if unit else "HEADER_MISMATCH", unit


def header_unit(lines_total, header_total, divisor):
    if header_total is None:
        return None
    if abs(header_total * divisor - lines_total) < divisor:
        return "DOLLARS"
    return "THOUSANDS" if abs(header_total * divisor * 1000 - lines_total) < divisor * 1000 else None


def decided(rows):
    """The product's decisions, by filer's number and date."""
    names = ("value_status", "value_reason", "header_unit")
    found = rows.select("portfolio_id", "reporting_date", *names).unique()
    return {(row[0].removeprefix("13F-"), row[1]): row[2:] for row in found.rows()}


# --- made-up filings -------------------------------------------------------------------------------------------------------


@st.composite
def filings(draw):
    """Filings of a few filers and dates: in dollars, thousandfold or odd, under headers that fit or do not."""
    lines, headers = [], []
    for filer in range(1, draw(st.integers(3, 6)) + 1):
        for period in draw(st.sampled_from([[DECEMBER], [DECEMBER, MARCH]])):
            times = draw(st.sampled_from([1, 1, 1, 1000, 1000, 7]))
            key = {"cik": f"{filer:010d}", "period": period}
            held = [key | draw(line(times)) for _ in range(draw(st.integers(1, 4)))]
            total = sum(one["reported_value"] for one in held)
            shown = draw(st.sampled_from([total, total, total, total // 1000, total + 1, total // 2, None]))
            lines += held
            headers += [] if shown is None else [key | {"reported_total": shown}]
    return lines, headers


@st.composite
def line(draw, times):
    ticker = draw(st.sampled_from(["AAA", "AAA", "BBB", "CCC", None]))
    quantity = draw(st.sampled_from([0, 1, 3, 10, 200]))
    price = {"AAA": 20, "BBB": 50, "CCC": 8, None: 5}[ticker] * draw(st.sampled_from([0, 0.8, 1, 1, 1, 1.25, 1.3]))
    return {
        "ticker": ticker,
        "quantity": quantity,
        "reported_value": round(price * max(quantity, 1) * times),
        "unit": draw(st.sampled_from(["SHARES"] * 4 + ["PRINCIPAL"])),
        "option_type": draw(st.sampled_from([None] * 4 + ["PUT"])),
    }


@settings(max_examples=30, deadline=None)
@given(filings())
def test_every_filing_is_decided_as_in_plain_python(query, rows, filed):
    lines, headers = filed
    frames = {
        LINES: rows(LINES, *lines),
        HEADERS: rows(HEADERS, *headers),
        "custodian.position": rows("custodian.position"),
        "investment.trade_executions": rows("investment.trade_executions"),
    }
    assert decided(query(MODEL, frames)) == decide(lines, headers)


# --- the real filings ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filed(tmp_path_factory):
    """The real filings: landed lines and headers, the product made of them, and both as they were decided."""
    home, folder = tmp_path_factory.mktemp("holdings"), ROOT / "domains" / "investment" / "src" / "investment"
    systems = {system.name: system for system in read_systems(folder / "sources")}
    landed = {}
    for name in (LINES, HEADERS, "custodian.position"):
        system, _, legacy = name.partition(".")
        landing = land_object(systems[system].object(legacy), REAL, home, "investment")
        assert (name, landing.rejects) == (name, 0)
        landed[name] = pl.read_parquet(landing.rows_paths)
    contract = domain_contract("investment", MODEL)
    trades = pl.DataFrame(schema=polars_schema(domain_contract("investment", "trade_executions")))
    trial = try_product(contract, {**landed, "investment.trade_executions": trades}, home=home, dbt_target=home / "dbt")
    lines, headers = landed[LINES], landed[HEADERS]
    decisions = decide(lines.select(READ).to_dicts(), headers.to_dicts())
    return SimpleNamespace(lines=lines, headers=headers, trial=trial, rows=trial.rows, decisions=decisions)


@on_real_filings
def test_all_lines_of_all_filings_are_published(filed):
    assert (filed.lines.height, filed.headers.height) == (624_183, 847)
    assert filed.trial.broken == ()
    assert filed.trial.publication.rows == filed.rows.height == 622_648
    assert filed.rows["source_lines"].sum() == 624_183
    assert filed.rows.select("portfolio_id", "reporting_date").n_unique() == 770


@on_real_filings
def test_a_well_known_portfolio_is_what_everybody_knows(filed):
    berkshire = filed.rows.filter(pl.col("portfolio_id") == "13F-0001067983")
    value = dict(berkshire.group_by("reporting_date").agg(pl.col("market_value").sum()).rows())
    assert value[DECEMBER] == 267_175_474_249
    assert value[dt.date(2024, 9, 30)] == 266_378_900_503
    apple = berkshire.filter(pl.col("reporting_date") == DECEMBER, pl.col("ticker") == "AAPL")
    assert apple.select("quantity", "position_type", "value_status").rows() == [(300_000_000, "SHARE", "KEPT")]


@on_real_filings
def test_every_real_filing_is_decided_as_in_plain_python(filed):
    assert decided(filed.rows) == filed.decisions
    assert Counter(filed.decisions.values()) == {
        ("KEPT", None, "DOLLARS"): 650,
        ("KEPT", None, "THOUSANDS"): 48,
        ("KEPT", "HEADER_MISMATCH", None): 21,
        ("KEPT", "HEADER_EQUALS_LINES", "DOLLARS"): 14,
        ("DIVIDED_BY_1000", "PRICES_THOUSANDFOLD", "DOLLARS"): 30,
        ("DIVIDED_BY_1000", "HEADER_MISMATCH", None): 4,
        ("REFUSED", "NO_WITNESS", None): 3,
    }


@on_real_filings
def test_664_headers_equal_their_lines(filed):
    totals = filed.rows.group_by("portfolio_id", "reporting_date").agg(
        pl.col("reported_value").sum(), pl.col("header_total").first()
    )
    assert totals.filter(pl.col("reported_value") == pl.col("header_total")).height == 664


@on_real_filings
def test_no_witness_is_near_a_bound(filed):
    """No real filing is near a bound, so the exact bounds do not matter; the gap between the units is hundreds."""
    witnesses = filed.rows["witness_ratio"].drop_nulls().unique()
    near_one, near_thousand = witnesses.filter(witnesses < 2), witnesses.filter(witnesses >= 2)
    assert 0.85 < near_one.min() <= near_one.max() < 1.16
    assert 999 < near_thousand.min() <= near_thousand.max() < 1001


def position_type(ticker, title, option_type, unit):
    """Of a line as it lands; the words that name notes are looked for in plain Python."""
    if option_type:
        return option_type
    words = set(title.upper().split())
    is_note = words & {"NOTE", "NOTES", "SDCV", "SDBCV", "CONVBD"} or {"CV", "BND"} <= words
    return "PRINCIPAL" if unit == "PRINCIPAL" or (ticker is None and is_note) else "SHARE"


@on_real_filings
def test_every_position_is_as_summed_in_plain_python(filed):
    read = (
        "cik",
        "period",
        "ticker",
        "issuer_id",
        "title_of_class",
        "option_type",
        "unit",
        "quantity",
        "reported_value",
    )
    expected, worth = defaultdict(lambda: [0, 0]), defaultdict(Decimal)
    for cik, period, ticker, issuer, title, option_type, unit, quantity, value in filed.lines.select(read).rows():
        kind = position_type(ticker, title or "", option_type, unit)
        summed = expected[f"13F-{cik}", period, ticker or f"ISSUER-{issuer}", one_blank(title), kind, unit]
        summed[0] += quantity
        summed[1] += value
    for key, summed in expected.items():
        summed[1] = in_dollars(summed[1], filed.decisions[key[0].removeprefix("13F-"), key[1]][0])
        worth[key[:2]] += summed[1] or 0
    names = ("portfolio_id", "reporting_date", "instrument_id", "instrument_class", "position_type", "unit")
    wrong = [
        key
        for *key, quantity, value, weight in filed.rows.select(*names, "quantity", "market_value", "weight").rows()
        if expected.pop(tuple(key), None) != [quantity, value] or not same_weight(weight, value, worth[tuple(key[:2])])
    ]
    assert (wrong, len(expected)) == ([], 0)


def one_blank(title):
    return " ".join((title or "NOT STATED").split())


def same_weight(weight, value, total):
    if value is None:
        return weight is None
    return abs(weight - float(value) / float(total)) < 1e-12


def in_dollars(value, status):
    if status == "REFUSED":
        return None
    return (Decimal(value) / (1 if status == "KEPT" else 1000)).quantize(CENT, ROUND_HALF_UP)


@on_real_filings
def test_what_the_source_says_of_its_quirks_is_found(filed):
    rows = filed.rows
    assert filed.lines.filter(pl.col("unit") == "PRINCIPAL").height == 4_621
    assert filed.lines["ticker"].null_count() == 12_619
    assert rows.filter(pl.col("position_type") == "SHARE")["unit"].unique().to_list() == ["SHARES"]
    assert rows.filter(pl.col("is_note_filed_as_shares"))["ticker"].null_count() == 509
    assert rows["instrument_name"].null_count() == 17
    assert "N/A" not in rows["instrument_name"]
    assert rows.filter(pl.col("ticker") == "NA")["instrument_name"].unique().to_list() == ["NANO LABS LTD"]
    late = rows.filter("is_filed_late").select("portfolio_id", "reporting_date").n_unique()
    assert late == 49


@on_real_filings
def test_an_export_without_custodian_has_filers_alone(filed):
    assert filed.rows["portfolio_kind"].unique().to_list() == ["FILER"]
    assert filed.rows["reconciliation_status"].null_count() == filed.rows.height
