"""Holdings filings: the real file's columns and types, and unclear units that other filings resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from demo_bank.filers import FILERS, PERIODS
from demo_bank.filings import HOLDINGS
from demo_bank.instruments import SPLIT_TICKER

if TYPE_CHECKING:
    from pathlib import Path

WITNESSES = 3


@pytest.fixture(scope="module")
def holdings(exports: Path) -> pl.DataFrame:
    """Return every row of every filing."""
    return pl.read_parquet(exports / "sec_13f_holdings/holdings.parquet")


@pytest.fixture(scope="module")
def headers(exports: Path) -> pl.DataFrame:
    """Return the page headers, every field as text."""
    return pl.read_csv(exports / "sec_13f_holdings/filing_headers.csv", infer_schema=False)


@pytest.fixture(scope="module")
def filings(holdings: pl.DataFrame, headers: pl.DataFrame) -> pl.DataFrame:
    """Return each filing: the sum of its rows, its stated total, its ratio to the values of others."""
    key = ["filer_name", "period"]
    stated = headers.filter(pl.col("page") == "0").select(
        *key, pl.col("reported_total_usd").cast(pl.Int64).alias("stated")
    )
    sums = holdings.group_by(key).agg(pl.col("value").sum()).join(stated, on=key)
    shares = holdings.filter((pl.col("type") == "") & (pl.col("unit") == "SH") & (pl.col("ticker") != "None"))
    priced = shares.with_columns(implied=pl.col("value") / pl.col("shares")).join(sums.drop("value"), on=key)
    equal = sums.filter(pl.col("value") == pl.col("stated")).select(key)
    witness = (
        priced.join(equal, on=key)
        .group_by("ticker", "period")
        .agg(pl.col("implied").median().alias("usual"), pl.col("filer_name").n_unique().alias("filings"))
        .filter(pl.col("filings") >= WITNESSES)
    )
    ratios = (
        priced.join(witness, on=["ticker", "period"])
        .group_by(key)
        .agg((pl.col("implied") / pl.col("usual")).median().alias("ratio"))
    )
    return sums.join(ratios, on=key, how="left").with_columns(share=pl.col("value") / pl.col("stated"))


def of(filings: pl.DataFrame, start: str) -> pl.DataFrame:
    """Return the filings of one filer."""
    return filings.filter(pl.col("filer_name").str.starts_with(start))


def test_columns_and_types_are_the_real_ones(holdings: pl.DataFrame, headers: pl.DataFrame) -> None:
    assert dict(holdings.schema) == HOLDINGS
    assert len(HOLDINGS) == 22
    assert ",".join(headers.columns) == (
        "cik,filer_name,period,page,pages,rows,total_positions,reported_total_usd,value_long_usd,prior_state,"
        "accepted_at,accessions,confidential_omitted"
    )
    assert holdings["cik"].str.contains(r"^\d{10}$").all()
    assert holdings["accepted_at"].str.contains(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$").all()
    assert holdings["accession"].str.contains(r"^\d{10}-\d\d-\d{6}(,\d{10}-\d\d-\d{6})?$").all()
    amended = holdings.filter(pl.col("accession").str.contains(","))
    assert amended.select("cik", "period").n_unique() == 1
    assert set(amended["accession"]) < set(headers["accessions"])
    assert set(holdings["period"]) == set(PERIODS)


def test_headers_count_their_pages_and_positions(holdings: pl.DataFrame, headers: pl.DataFrame) -> None:
    pages = headers.group_by("cik", "period").agg(
        pl.col("rows", "pages", "total_positions").cast(pl.Int64).sum().name.suffix("_sum"),
        pl.col("total_positions").first().cast(pl.Int64),
        pl.len(),
    )
    assert (pages["rows_sum"] == pages["total_positions"]).all()
    assert (pages["pages_sum"] == pages["len"].cast(pl.Int64) ** 2).all()
    assert pages["len"].max() == 2
    counted = holdings.group_by("cik", "period").len("counted").join(pages, on=["cik", "period"])
    assert counted.height == pages.height
    assert (counted["counted"] == counted["total_positions"]).all()


def test_every_listed_share_of_a_quarter_has_witnesses(holdings: pl.DataFrame, exports: Path) -> None:
    prices = exports / "sp500_daily_prices/all_stocks_5yr_vintage_2018-02.csv.gz"
    listed = pl.read_csv(prices)["Name"].unique().to_list()
    honest = [
        filer.name for filer in FILERS if filer.rows_times == filer.header_times == filer.header_of == 1
    ]
    held = holdings.filter(
        pl.col("filer_name").is_in(honest), pl.col("ticker").is_in(listed), pl.col("type") == ""
    )
    counts = held.group_by("ticker", "period").agg(pl.col("filer_name").n_unique())
    assert (counts["filer_name"] >= WITNESSES).mean() > 0.9  # type: ignore[operator]


def test_the_units_trap(filings: pl.DataFrame) -> None:
    rows_too_high, header_in_thousands = of(filings, "JUNIPER"), of(filings, "KESTREL")
    assert rows_too_high["share"].is_between(999, 1001).all()
    assert rows_too_high["ratio"].is_between(800, 1250).all()
    assert header_in_thousands["share"].is_between(999, 1001).all()
    assert header_in_thousands["ratio"].is_between(0.8, 1.25).all()  # the header does not separate these two
    equal_and_wrong = of(filings, "LANGSTROTH")
    assert (equal_and_wrong["share"] == 1).all()
    assert equal_and_wrong["ratio"].is_between(800, 1250).all()
    another_sum = of(filings, "MOORCROFT")
    assert another_sum["share"].is_between(1.5, 1.7).all()
    assert another_sum["ratio"].is_between(0.8, 1.25).all()
    refused = of(filings, "NETTLEWOOD")
    assert refused["ratio"].null_count() == refused.height == len(PERIODS)
    assert (refused["share"] != 1).all()


def test_everyone_else_is_plain(filings: pl.DataFrame) -> None:
    odd = ("JUNIPER", "KESTREL", "LANGSTROTH", "MOORCROFT", "NETTLEWOOD")
    plain = filings.filter(~pl.any_horizontal(*(pl.col("filer_name").str.starts_with(name) for name in odd)))
    assert plain["filer_name"].n_unique() == len(FILERS) - len(odd)
    assert (plain["share"] == 1).all()
    assert plain["ratio"].is_between(0.95, 1.05).all()


def test_quirks_of_rows(holdings: pl.DataFrame) -> None:
    assert set(holdings["type"]) == {"", "Put", "Call"}
    assert set(holdings["unit"]) == {"SH", "PRN"}
    assert "None" in set(holdings["ticker"].drop_nulls()) & set(holdings["cls"])
    assert "N/A" in set(holdings["name"])
    assert holdings["weight"].null_count() == 1
    assert holdings["ticker"].null_count() > 100
    position = ["cik", "period", "name", "cls", "type", "unit"]
    assert holdings.group_by(position).len()["len"].max() == 2
    notes_as_shares = holdings.filter(pl.col("cls").str.starts_with("NOTE"), pl.col("unit") == "SH")
    assert notes_as_shares.height > 50
    tickers = set(holdings["ticker"].drop_nulls())
    assert {"NVRH.B", "NVRHB"} <= tickers
    late = holdings.filter(
        pl.col("accepted_at").str.slice(0, 10).str.to_date() - pl.col("period").str.to_date()
        > pl.duration(days=45)
    )
    assert late.select("cik", "period").n_unique() == 1
    sums = holdings.group_by("cik", "period").agg(pl.col("weight").sum())
    assert (sums["weight"] > 100.5).any()


def test_shares_double_with_the_split_while_the_value_does_not(holdings: pl.DataFrame) -> None:
    flagged = holdings.filter(pl.col("flags") == '["SUSPECTED_SPLIT"]')
    assert set(flagged["ticker"]) == {SPLIT_TICKER}
    assert set(flagged["period"]) == {"2017-12-31"}
    assert (flagged["dSharesPct"] > 60).all()
    assert (flagged["dValuePct"].abs() < 60).all()


def test_changes_are_against_the_quarter_before(holdings: pl.DataFrame) -> None:
    first = holdings.group_by("cik").agg(pl.col("period").min())
    assert (
        holdings.join(first, on=["cik", "period"])["action"].null_count() == holdings["action"].null_count()
    )
    actions = holdings.filter(pl.col("action").is_in(["ADDED", "TRIMMED"]))
    assert ((actions["dShares"] > 0) == (actions["action"] == "ADDED")).all()
    assert holdings.filter(pl.col("action") == "NEW")["dShares"].null_count() > 0
