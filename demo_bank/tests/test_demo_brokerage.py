"""Trades and custody: the brokerage's change files, and positions that follow from them except for a few."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from demo_bank import custodian, trade_files
from demo_bank.brokerage import MOST_ACCOUNTS, make_accounts
from demo_bank.custodian_report import RECORD_LENGTH, REPORT_FILE
from demo_bank.population import make_population

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], pl.DataFrame]

LINE = (
    r"[IU]\|\d+\|\d+\|201[78]-\d\d-\d\d \d\d:\d\d:\d\d\|(SBMT|PNDG|CNCL|CMPT)\|(TMB|TMS|TLB|TLS|TSL)\|[01]"
    r"\|[A-Z.]+\|\d+\|\d+\.\d\d\|\d+\|\d+(\|\|\|\||(\|\d+\.\d\d){4})\r\n"
)
BATCHES = [f"Batch{number}" for number in range(2, 17)]


@pytest.fixture(scope="module")
def changes(exports: Path) -> pl.DataFrame:
    """Return every change of every file, in the order of the files' numbers."""
    frames = [
        pl.read_csv(
            exports / "tpcdi_sf3_sample" / batch / "Trade.txt",
            separator="|",
            has_header=False,
            new_columns=list(trade_files.COLUMNS),
            schema_overrides={
                "price": pl.Float64,
                "fee": pl.Float64,
                "commission": pl.Float64,
                "tax": pl.Float64,
            },
        ).with_columns(batch=pl.lit(int(batch.removeprefix("Batch"))))
        for batch in BATCHES
    ]
    return pl.concat(frames).with_columns(pl.col("moment").str.to_datetime())


@pytest.fixture(scope="module")
def completed(changes: pl.DataFrame) -> pl.DataFrame:
    """Return completed trades once each, with their day and signed quantity."""
    done = changes.filter(pl.col("status") == "CMPT").unique("trade_id")
    signed = pl.when(pl.col("type").is_in(["TMB", "TLB"])).then("quantity").otherwise(-pl.col("quantity"))
    return done.with_columns(day=pl.col("moment").dt.date(), signed=signed)


@pytest.fixture(scope="module")
def closes(exports: Path) -> pl.DataFrame:
    """Return the later price file's closes."""
    file = exports / "sp500_daily_prices/all_stocks_5yr_vintage_2018-02.csv.gz"
    return pl.read_csv(file, try_parse_dates=True).select("date", "Name", "close")


@pytest.fixture(scope="module")
def positions(exports: Path) -> pl.DataFrame:
    """Return the custodian's file."""
    return pl.read_csv(exports / "custodian/positions.csv.gz", try_parse_dates=True)


def test_trade_files_have_the_incremental_layout(exports: Path) -> None:
    for batch in BATCHES:
        lines = (
            (exports / "tpcdi_sf3_sample" / batch / "Trade.txt")
            .read_bytes()
            .decode()
            .splitlines(keepends=True)
        )
        assert lines
        assert [line for line in lines if not re.fullmatch(LINE, line)] == []


def test_price_and_fees_are_there_once_completed(changes: pl.DataFrame) -> None:
    done = changes["status"] == "CMPT"
    for name in ("price", "fee", "commission", "tax"):
        assert (changes[name].is_not_null() == done).all(), name


def test_a_trade_goes_its_way_in_the_order_of_its_sequences(changes: pl.DataFrame) -> None:
    once = changes.filter(pl.col("batch") < 16).sort("sequence")
    assert once["sequence"].is_unique().all()
    ways = once.group_by("trade_id", maintain_order=True).agg(
        pl.col("flag").str.join(""),
        pl.col("status").str.join(" "),
        pl.col("moment").is_sorted(),
        pl.first("type"),
    )
    assert ways["moment"].all()
    market = pl.col("type").is_in(["TMB", "TMS"])
    assert set(ways.filter(market)["status"]) <= {"SBMT CMPT"}
    assert set(ways.filter(~market)["status"]) >= {"PNDG SBMT CMPT", "PNDG CNCL", "PNDG", "SBMT CMPT"}
    assert ways.filter(pl.col("flag").str.starts_with("U"))["status"].is_in(["SBMT CMPT", "CNCL"]).all()


def test_sequences_of_later_files_fall_between_those_of_earlier_ones(changes: pl.DataFrame) -> None:
    spans = (
        changes.filter(pl.col("batch") < 16)
        .group_by("batch")
        .agg(pl.min("sequence"), pl.max("sequence").alias("to"))
    )
    spans = spans.sort("batch")
    assert (spans["sequence"].slice(1) < spans["to"].head(13)).any()
    across = changes.filter(pl.col("batch") < 16).group_by("trade_id").agg(pl.col("batch").n_unique())
    assert (across["batch"] == 2).any()


def test_the_last_file_repeats_an_earlier_one(exports: Path) -> None:
    folder = exports / "tpcdi_sf3_sample"
    assert (folder / "Batch16/Trade.txt").read_bytes() == (folder / "Batch9/Trade.txt").read_bytes()


def test_every_trade_is_of_a_listed_share_near_its_close(
    completed: pl.DataFrame, closes: pl.DataFrame
) -> None:
    priced = completed.join(closes, left_on=["symbol", "day"], right_on=["Name", "date"], how="left")
    assert priced["close"].null_count() == 0
    assert ((priced["price"] / priced["close"] - 1).abs() < 0.0101).all()
    assert completed["day"].min().isoformat() >= "2017-01-03"  # type: ignore[union-attr]


def test_nobody_sells_what_they_do_not_hold(completed: pl.DataFrame) -> None:
    held = completed.sort("day", "moment").select(pl.col("signed").cum_sum().over("account", "symbol"))
    assert (held["signed"] >= 0).all()
    assert (completed["signed"] < 0).any()


def test_positions_are_completed_trades_but_for_the_stated_breaks(
    positions: pl.DataFrame, completed: pl.DataFrame
) -> None:
    ends = sorted(set(positions["position_date"]))
    assert len(ends) == 13
    expected = pl.concat(
        completed.filter(pl.col("day") <= end)
        .group_by("account", "symbol")
        .agg(pl.col("signed").sum())
        .filter(pl.col("signed") != 0)
        .with_columns(position_date=pl.lit(end))
        for end in ends
    )
    both = expected.join(
        positions,
        left_on=["position_date", "account", "symbol"],
        right_on=["position_date", "account_number", "symbol"],
        how="full",
        coalesce=True,
    )
    broken = both.filter(pl.col("signed").ne_missing(pl.col("quantity"))).sort("position_date")
    kinds = [
        "UNKNOWN" if signed is None else "MISSING" if quantity is None else "QUANTITY"
        for signed, quantity in broken.select("signed", "quantity").iter_rows()
    ]
    assert kinds == list(custodian.BREAKS.values())
    assert [ends.index(day) for day in broken["position_date"]] == list(custodian.BREAKS)


def test_positions_are_valued_at_the_close_and_owned_by_clients(
    positions: pl.DataFrame, closes: pl.DataFrame, core: Read
) -> None:
    assert positions.columns == [
        "position_date", "custodian", "account_number", "client_id", "symbol", "quantity", "price",
        "market_value", "currency",
    ]  # fmt: skip
    priced = positions.join(
        closes, left_on=["symbol", "position_date"], right_on=["Name", "date"], how="left"
    )
    assert ((priced["price"] - priced["close"]).abs() < 0.0051).all()
    assert ((positions["price"] * positions["quantity"] - positions["market_value"]).abs() < 0.011).all()
    assert positions["client_id"].str.contains(r"^C\d{8}$").all()
    owners = core("disp").filter(pl.col("type") == "OWNER")["client_id"].cast(pl.Int64)
    assert positions["client_id"].str.slice(1).cast(pl.Int64).is_in(owners.to_list()).all()
    assert positions.group_by("account_number").agg(pl.col("client_id").n_unique())["client_id"].max() == 1


def test_brokerage_accounts_are_capped() -> None:
    accounts = make_accounts(make_population(scale=40, seed=1), seed=1)
    assert len(accounts.number) == MOST_ACCOUNTS
    assert len(set(accounts.number.tolist())) == MOST_ACCOUNTS


def test_the_fixed_width_report_has_the_same_positions_and_totals(
    exports: Path, positions: pl.DataFrame
) -> None:
    text = gzip.decompress((exports / "custodian" / REPORT_FILE).read_bytes()).decode("ascii")
    header, *lines, trailer = text.splitlines()
    assert {len(line) for line in text.splitlines()} == {RECORD_LENGTH}
    assert header.rstrip() == f"H{positions['position_date'].max():%Y%m%d}{custodian.CUSTODIAN}"
    for line, row in zip(lines, positions.rows(named=True), strict=True):
        assert line[:45].rstrip() == (
            f"D{row['position_date']:%Y%m%d}{row['account_number']:012}{row['client_id']}{row['symbol']}"
        )
        sign = "-" if row["quantity"] < 0 else " "
        quantity, price, value = (
            abs(row["quantity"]),
            round(row["price"] * 100),
            round(row["market_value"] * 100),
        )
        assert line[45:] == f"{quantity:012}{sign}{price:011}{abs(value):015}{sign}{row['currency']}"
    value = round(sum(round(number * 100) for number in positions["market_value"]))
    assert trailer.rstrip() == f"T{len(lines):09}{positions['quantity'].sum():015} {value:018}"
