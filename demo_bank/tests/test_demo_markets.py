"""Prices, constituents and rates: the publishers' formats, their quirks, and a consistent market."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from demo_bank import prices
from demo_bank.instruments import (
    DELISTED,
    LISTED,
    SPIN_OFF_CHILD,
    SPIN_OFF_DAY,
    SPIN_OFF_PARENT,
    SPLIT_TICKER,
)
from demo_bank.market_calendar import easter, new_york_days, target_days

if TYPE_CHECKING:
    from pathlib import Path

LATER, EARLIER = "2018-02", "2017-08"


def vintage(exports: Path, name: str) -> pl.DataFrame:
    """Return one price file."""
    return pl.read_csv(
        exports / f"sp500_daily_prices/all_stocks_5yr_vintage_{name}.csv.gz", try_parse_dates=True
    )


@pytest.fixture(scope="module")
def later(exports: Path) -> pl.DataFrame:
    """Return the later price file."""
    return vintage(exports, LATER)


@pytest.fixture(scope="module")
def earlier(exports: Path) -> pl.DataFrame:
    """Return the earlier price file."""
    return vintage(exports, EARLIER)


def text_of(exports: Path, path: str) -> list[str]:
    """Return the lines of a compressed file, line ends included."""
    return gzip.decompress((exports / path).read_bytes()).decode().splitlines(keepends=True)


def test_holidays_are_those_of_the_exchange_and_of_target() -> None:
    assert [str(easter(year)) for year in (2013, 2016, 2018)] == ["2013-03-31", "2016-03-27", "2018-04-01"]
    days = set(new_york_days("2013-02-08", "2018-02-07").astype(str).tolist())
    assert len(days) == 1259
    assert not {"2014-04-18", "2015-07-03", "2016-12-26", "2017-01-02", "2017-11-23", "2018-01-15"} & days
    assert {"2014-12-31", "2017-11-24", "2018-01-02"} <= days
    assert not {"2017-04-17", "2017-05-01"} & set(
        target_days("2017-01-01", "2017-12-31").astype(str).tolist()
    )


def test_prices_have_the_vendors_heading_and_order(exports: Path, later: pl.DataFrame) -> None:
    lines = text_of(exports, f"sp500_daily_prices/all_stocks_5yr_vintage_{LATER}.csv.gz")
    assert lines[0] == "date,open,high,low,close,volume,Name\n"
    assert lines[-1].endswith("\n")
    assert later.select("Name", "date").is_unique().all()
    assert later.equals(later.sort("Name", "date"))
    assert later["Name"].n_unique() == 60
    assert later["Name"].str.contains(r"^[A-Z]+(\.[A-Z])?$").all()
    assert later["Name"].str.contains(".", literal=True).any()


def test_histories_are_whole_but_for_those_that_came_or_left(later: pl.DataFrame) -> None:
    span = later.group_by("Name").agg(
        pl.len(), pl.min("date").cast(pl.String), pl.max("date").cast(pl.String).alias("to")
    )
    short = span.filter(pl.col("len") < 1259)
    assert set(short["Name"]) == {*LISTED, *DELISTED}
    assert dict(short.filter(pl.col("Name").is_in(list(LISTED))).select("Name", "date").iter_rows()) == LISTED
    assert (
        dict(short.filter(pl.col("Name").is_in(list(DELISTED))).select("Name", "to").iter_rows()) == DELISTED
    )


def test_the_later_vintage_restates_one_history_and_goes_on_for_months(
    later: pl.DataFrame, earlier: pl.DataFrame
) -> None:
    assert str(earlier["date"].max()) == prices.VINTAGES[EARLIER]
    assert str(later["date"].max()) == prices.VINTAGES[LATER]
    both = earlier.join(later, on=["Name", "date"], suffix="_later", nulls_equal=True)
    assert both.height == earlier.height
    columns = ("open", "high", "low", "close", "volume")
    differs = pl.any_horizontal(*(pl.col(name).ne_missing(pl.col(f"{name}_later")) for name in columns))
    changed = both.filter(differs)
    assert set(changed["Name"]) == {SPLIT_TICKER}
    assert changed.height == earlier.filter(pl.col("Name") == SPLIT_TICKER).height
    assert (changed["close"] / changed["close_later"] - 2).abs().max() < 1e-9  # type: ignore[operator]


def test_faults_of_the_vendor(later: pl.DataFrame) -> None:
    assert later["open"].null_count() == prices.MISSING_OPENS
    assert later["high"].null_count() == later["low"].null_count() == prices.MISSING_BARS
    assert later["close"].null_count() == 0
    assert (later["volume"] == 0).sum() == prices.ZERO_VOLUMES
    assert (later["high"] < later["low"]).sum() == 1
    outside = (pl.col("close") > pl.col("high")) | (pl.col("close") < pl.col("low"))
    assert later.filter(outside).height == prices.OUTSIDE + 1
    moved = later.with_columns(
        before=pl.col("close").pct_change().over("Name"),
        after=pl.col("close").pct_change().shift(-1).over("Name"),
    )
    reverted = moved.filter(((1 + pl.col("before")) * (1 + pl.col("after")) - 1).abs() < 0.1)
    assert reverted.filter(pl.col("before").abs() > 0.3).height == prices.ONE_DAY_ERRORS


def test_a_spin_off_takes_value_with_it(later: pl.DataFrame) -> None:
    parent = later.filter(pl.col("Name") == SPIN_OFF_PARENT).with_columns(move=pl.col("close").pct_change())
    day = parent.filter(pl.col("move") == pl.col("move").min())
    assert str(day["date"][0]) == SPIN_OFF_DAY == LISTED[SPIN_OFF_CHILD]
    assert -0.4 < day["move"][0] < -0.2


def test_returns_share_a_factor_and_differ_in_beta(later: pl.DataFrame) -> None:
    close = later.pivot("Name", index="date", values="close").sort("date").drop("date", *LISTED, *DELISTED)
    moves = np.diff(np.log(close.drop_nulls().to_numpy()), axis=0).clip(-0.1, 0.1)
    mean = moves.mean(axis=1)
    beta = ((moves - moves.mean(axis=0)) * (mean - mean.mean())[:, None]).mean(axis=0) / mean.var()
    assert 0.3 < beta.min() < 0.75
    assert 1.25 < beta.max() < 2
    assert 0.08 < mean.std() * np.sqrt(252) < 0.2


def test_constituents_and_membership(exports: Path, later: pl.DataFrame) -> None:
    folder = exports / "sp500_constituents"
    members = pl.read_csv(folder / "constituents_2018-02.csv", infer_schema=False)
    assert members.columns == [
        "Symbol", "Security", "GICS Sector", "GICS Sub-Industry", "Headquarters Location", "Date added",
        "CIK", "Founded",
    ]  # fmt: skip
    assert set(members["Symbol"]) == set(later["Name"]) - set(DELISTED)
    assert members["Founded"].str.contains(r"^\d{4} \(\d{4}\)$").any()
    spans = pl.read_csv(folder / "sp500_ticker_start_end.csv", infer_schema=False)
    assert spans.columns == ["ticker", "start_date", "end_date"]
    assert spans.group_by("ticker").len().filter(pl.col("len") == 2).height == 5
    assert set(spans.filter(pl.col("end_date").is_null())["ticker"]) == set(members["Symbol"])
    assert (spans["start_date"] < spans["end_date"].fill_null("9999")).all()


def test_exchange_rates_look_like_the_publishers(exports: Path) -> None:
    header, *lines = text_of(exports, "ecb_fx_rates/eurofxref-hist.csv.gz")
    assert header.startswith("Date,USD,JPY,BGN,CYP,")
    assert header.endswith(",THB,ZAR,\n")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d(,(\d+(\.\d+)?|N/A)){41},\n", line) for line in lines)
    days = [line[:10] for line in lines]
    assert days == sorted(days, reverse=True)
    rates = pl.read_csv(
        exports / "ecb_fx_rates/eurofxref-hist.csv.gz", null_values="N/A", try_parse_dates=True
    )
    assert rates["Date"].dt.weekday().max() == 5
    for code, day in {
        "LTL": "2014-12-31",
        "LVL": "2013-12-31",
        "EEK": "2010-12-31",
        "TRL": "2004-12-31",
    }.items():
        assert str(rates.filter(pl.col(code).is_not_null())["Date"].max()) == day, code
    assert rates["USD"].null_count() == 0


def test_yields_are_blank_on_holidays_and_may_be_zero(exports: Path) -> None:
    files = sorted(file.name.removesuffix(".csv.gz") for file in (exports / "us_treasury_yields").iterdir())
    assert files == sorted("DGS1MO DGS3MO DGS6MO DGS1 DGS2 DGS5 DGS10 DGS20 DGS30".split())
    days = set()
    for name in files:
        header, *lines = text_of(exports, f"us_treasury_yields/{name}.csv.gz")
        assert header == f"observation_date,{name}\n"
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d,(\d+\.\d\d)?\n", line) for line in lines)
        assert sum(line.endswith(",\n") for line in lines) > 100
        days.add(tuple(line[:10] for line in lines))
    assert len(days) == 1
    assert any(line.endswith(",0.00\n") for line in text_of(exports, "us_treasury_yields/DGS1MO.csv.gz"))


def test_the_volatility_index_has_six_decimals_and_at_first_one_number_a_day(exports: Path) -> None:
    header, *lines = text_of(exports, "vix_daily/vix-daily.csv.gz")
    assert header == "DATE,OPEN,HIGH,LOW,CLOSE\r\n"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d(,\d+\.\d{6}){4}\r\n", line) for line in lines)
    one = [len(set(line.strip().split(",")[1:])) == 1 for line in lines]
    assert one == [line < "2004" for line in lines]
    frame = pl.read_csv(exports / "vix_daily/vix-daily.csv.gz")
    assert (frame["HIGH"] >= frame["LOW"]).all()
