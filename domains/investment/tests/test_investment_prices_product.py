"""market_prices against its contract: what is published, what the gate refuses, and what a restatement looks like."""

import datetime as dt

import pytest

from bankmesh.ports import open_version
from bankmesh.quality.gate import Outcome
from investment.defs.market_prices.transform import market_prices

DAYS = [dt.date(2017, 7, day) for day in (3, 5, 6)]
OLD, NEW = "all_stocks_5yr_vintage_2017-08.csv.gz", "all_stocks_5yr_vintage_2018-02.csv.gz"


@pytest.fixture
def attempt(trial, contract, rows):
    """The product from a share's rows, with one row of every other kind."""

    def make(*shares):
        inputs = {
            "shares": rows("price_vendor.daily_price", *shares),
            "constituents": rows("index_provider.constituent", {"ticker": "ACME"}),
            "membership": rows("index_provider.membership", {}),
            "vix": rows("cboe.vix", {}),
            "rates": rows("ecb.reference_rate", {}),
            "yields": rows("us_treasury.yield", {}),
        }
        return trial(contract("market_prices"), inputs, transform=market_prices)

    return make


def test_it_keeps_its_contract_and_is_sorted_by_its_key(attempt):
    made = attempt({"day": DAYS[1]}, {"day": DAYS[0]}, {"day": DAYS[2], "ticker": "BRK.B"})
    assert made.broken == ()
    key = made.rows.select("kind", "instrument_id", "day").rows()
    assert key == sorted(key)
    assert len(key) == 6


def test_flagged_rows_are_published(attempt):
    made = attempt({"day": DAYS[0], "high": 9, "low": 10}, {"day": DAYS[1], "open": None, "close": 20})
    assert made.publication is not None
    assert {flag for flags in made.rows["flags"] for flag in flags} == {
        "CLOSE_OUTSIDE_RANGE",
        "HIGH_BELOW_LOW",
        "MISSING_FIELD",
        "OPEN_OUTSIDE_RANGE",
    }


def test_a_day_twice_in_one_file_is_refused(attempt):
    made = attempt({"day": DAYS[0]}, {"day": DAYS[0], "close": 11})
    assert made.broken == ("primary_key_unique",)
    assert made.publication is None


def test_a_price_of_zero_is_refused(attempt):
    assert "prices_are_positive" in attempt({"day": DAYS[0], "close": 0}).broken


def test_a_publisher_without_rows_is_refused(attempt):
    assert attempt().broken == ("has_every_kind",)


def test_a_file_that_restates_gives_a_version_that_lists_what_it_restated(attempt):
    before = [{"day": day, "close": 10, "source_file": OLD} for day in DAYS[:2]]
    first = attempt(*before)
    after = [{"day": day, "close": close, "source_file": NEW} for day, close in zip(DAYS, (5, 10, 10), strict=True)]
    second = attempt(*before, *after)
    assert (first.publication.version, second.publication.version) == (0, 1)
    assert not first.rows["restated"].any()
    told = second.rows.filter(second.rows["restated_in"] == "2018-02")
    assert told.select("day", "close", "superseded_close").rows() == [(DAYS[0], 5, 10)]
    assert told["restated_fields"].to_list() == [["close"]]
    kept = open_version(second.port, first.publication.version).scan_polars().collect()
    assert 5 not in kept["close"].to_list()


def test_errors_of_the_vendor_beyond_a_percent_are_a_warning_only(attempt):
    made = attempt({"day": DAYS[0], "open": None})
    assert made.clause("shares_with_range").outcome is Outcome.WARNED
    assert made.publication is not None


def test_two_builds_from_the_same_inputs_are_equal(attempt):
    shares = [{"day": day, "ticker": ticker} for day in DAYS for ticker in ("B", "A", "BRK.B")]
    assert attempt(*shares).rows.equals(attempt(*reversed(shares)).rows)
