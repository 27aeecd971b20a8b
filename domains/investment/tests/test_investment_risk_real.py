"""market_risk_metrics of the real exports, compared with a separate computation from the files."""

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest

from investment.defs.market_risk_metrics.transform import market_risk_metrics

pytestmark = pytest.mark.realdata

FILER = "0001067983"
QUARTER = "2024-12-31"
LEFT_OUT = {"HCP", "IR", "LB", "BBT", "INFO", "APC", "STI", "CA", "FOX", "FOXA", "FB"}


@pytest.fixture(scope="module")
def filings(real_exports):
    """The filings' long shares, with the filers' own values: their units do not matter to weights within a filing."""
    return pl.read_parquet(real_exports / "sec_13f_holdings" / "holdings.parquet").select(
        pl.format("13F-{}", "cik").alias("portfolio_id"),
        pl.col("filer_name").alias("portfolio_name"),
        pl.col("period").str.to_date().alias("reporting_date"),
        "ticker",
        pl.when((pl.col("type") == "") & (pl.col("unit") == "SH"))
        .then(pl.lit("SHARE"))
        .otherwise(pl.lit("PUT"))
        .alias("position_type"),
        pl.col("value").cast(pl.Decimal(18, 2)).alias("market_value"),
    )


@pytest.fixture(scope="module")
def timed(real_prices, filings):
    began = time.process_time()
    rows = market_risk_metrics(real_prices.lazy(), filings.lazy()).collect()
    return rows, time.process_time() - began


@pytest.fixture(scope="module")
def metrics(timed):
    return timed[0]


@pytest.fixture(scope="module")
def closes(real_exports):
    """Closes of instruments with complete history, days by instruments, straight from the vendor's file."""
    raw = pl.read_csv(next((real_exports / "sp500_daily_prices").glob("*.zst")), try_parse_dates=True)
    table = raw.pivot(on="Name", index="date", values="close").sort("date").drop("date")
    return {name: table[name].to_numpy() for name in table.columns if not table[name].null_count()}


def test_every_instrument_and_filing_has_a_row(metrics):
    counts = dict(metrics.group_by("subject_kind").len().rows())
    assert counts == {"INSTRUMENT": 505, "PORTFOLIO": 770, "BACKTEST": 758, "METHOD": 4}
    instruments = metrics.filter(subject_kind="INSTRUMENT")
    assert instruments.filter(pl.col("reason").is_null()).height == 470


def test_it_stays_far_below_a_minute(timed):
    assert timed[1] < 60  # seconds of processor time, about two


def test_tickers_of_other_companies_are_not_priced(metrics, filings):
    bought = filings.filter(pl.col("ticker").is_in(LEFT_OUT))
    assert set(bought["ticker"]) == LEFT_OUT
    frame = market_risk_metrics(*_one_holding_each(metrics, bought))
    assert set(frame.collect().filter(subject_kind="PORTFOLIO")["coverage"]) == {0.0}


def _one_holding_each(metrics, bought):
    """Prices that are complete for the tickers, and a portfolio for each of them alone."""
    days = pl.date_range(dt.date(2017, 1, 1), dt.date(2017, 12, 31), eager=True).alias("day")
    prices = days.to_frame().join(bought.select(pl.col("ticker").alias("instrument_id")).unique(), how="cross")
    prices = prices.with_columns(
        kind=pl.lit("EQUITY"),
        flags=pl.lit([], dtype=pl.List(pl.String)),
        price_return=pl.lit(0.01),
    )
    holdings = bought.unique("ticker").with_columns(
        portfolio_id=pl.col("ticker"), position_type=pl.lit("SHARE"), market_value=pl.lit(1).cast(pl.Decimal(18, 2))
    )
    return prices.lazy(), holdings.lazy()


def test_a_known_portfolio_from_the_files_alone(metrics, filings, closes):
    row = metrics.filter(subject_kind="PORTFOLIO", subject_id=f"13F-{FILER}", as_of=dt.date.fromisoformat(QUARTER)).row(
        0, named=True
    )
    held = filings.filter(
        pl.col("portfolio_id") == f"13F-{FILER}",
        pl.col("reporting_date").cast(pl.String) == QUARTER,
        position_type="SHARE",
    )
    value: dict[str, float] = {}
    for ticker, amount in held.select("ticker", "market_value").rows():
        value[ticker] = value.get(ticker, 0.0) + float(amount)
    total = sum(value.values())
    covered = {ticker: amount for ticker, amount in value.items() if ticker in closes and ticker not in LEFT_OUT}
    assert float(row["long_share_value"]) == pytest.approx(267_175_474_249)
    assert row["coverage"] == pytest.approx(sum(covered.values()) / total)
    daily, ten_days = (
        sum(amount * (closes[ticker][step:] / closes[ticker][:-step] - 1) for ticker, amount in covered.items())
        / sum(covered.values())
        for step in (1, 10)
    )
    assert len(daily) == row["returns"] == 1_258
    assert row["var_1d_95"] == pytest.approx(-np.sort(daily)[62])
    assert row["var_1d_99"] == pytest.approx(-np.sort(daily)[12])
    assert row["es_1d_99"] == pytest.approx(-np.sort(daily)[:13].mean())
    assert row["var_10d_95"] == pytest.approx(-np.sort(ten_days)[62])
    assert row["parametric_var_1d_99"] == pytest.approx(2.326348 * daily.std(ddof=1) - daily.mean(), rel=1e-6)


def test_the_mean_of_all_is_the_market_of_beta(metrics, closes):
    market = np.mean([close[1:] / close[:-1] - 1 for close in closes.values()], axis=0)
    own = closes["AAPL"][1:] / closes["AAPL"][:-1] - 1
    apple = metrics.filter(subject_kind="INSTRUMENT", subject_id="AAPL").row(0, named=True)
    assert apple["beta"] == pytest.approx(np.cov(own, market)[0, 1] / market.var(ddof=1))
    realised = metrics.filter(subject_kind="BACKTEST")["realised_return"]
    assert realised.to_list() == pytest.approx(list(market[500:]), abs=1e-9)


def test_what_kupiec_says_of_the_methods(metrics):
    tests = {row["subject_id"]: row for row in metrics.filter(subject_kind="METHOD").iter_rows(named=True)}
    assert {name: test["exceptions"] for name, test in tests.items()} == {
        "HISTORICAL_95": 36, "HISTORICAL_99": 9, "PARAMETRIC_95": 40, "PARAMETRIC_99": 16
    }  # fmt: skip
    assert {name for name, test in tests.items() if test["kupiec_p_value"] < 0.05} == {"PARAMETRIC_99"}
    assert tests["PARAMETRIC_99"]["kupiec_statistic"] == pytest.approx(7.161, abs=0.001)
