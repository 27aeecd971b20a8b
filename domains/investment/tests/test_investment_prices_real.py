"""market_prices of the real exports: known counts, and the vendor's file read a second time without types."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def shares(real_prices):
    return real_prices.filter(kind="EQUITY")


@pytest.fixture(scope="module")
def raw(real_exports):
    return pl.read_csv(next((real_exports / "sp500_daily_prices").glob("*.zst")), infer_schema=False)


def flagged(frame, flag):
    return frame.filter(pl.col("flags").list.contains(flag))


def test_every_row_of_every_publisher_is_there(real_prices):
    assert dict(real_prices.group_by("kind").len().rows()) == {
        "EQUITY": 619_040, "FX": 217_555, "INDEX": 9_235, "YIELD": 9 * 5_515
    }  # fmt: skip
    assert dict(real_prices.group_by("kind").agg(pl.col("instrument_id").n_unique()).rows()) == {
        "EQUITY": 505, "FX": 41, "INDEX": 1, "YIELD": 9
    }  # fmt: skip


def test_the_key_is_unique_and_rows_are_sorted_by_it(real_prices):
    key = real_prices.select("kind", "instrument_id", "day")
    assert key.n_unique() == key.height
    assert key.equals(key.sort("kind", "instrument_id", "day"))


def test_shares_are_as_the_file_spells_them(shares, raw):
    spelt = raw.sort("Name", "date")
    assert shares["instrument_id"].to_list() == spelt["Name"].to_list()
    for name in ("open", "high", "low", "close"):
        assert shares[name].equals(spelt[name].cast(pl.Decimal(18, 6)))
    assert set(shares["vintage"]) == {"2018-02"}
    assert not shares["restated"].any()


@pytest.mark.parametrize(
    ("flag", "count"),
    [
        ("MISSING_FIELD", 11),
        ("HIGH_BELOW_LOW", 1),
        ("ZERO_VOLUME", 4),
        ("CLOSE_OUTSIDE_RANGE", 9),
        ("OPEN_OUTSIDE_RANGE", 4),
        ("JUMP_REVERTED", 30),
        ("JUMP_EXPLAINED", 32),
        ("AFTER_GAP", 17),
        ("LAST_QUOTE", 0),
        ("VINTAGE_SEAM", 0),
    ],
)
def test_known_flags_of_shares(shares, flag, count):
    assert flagged(shares, flag).height == count


def test_the_close_that_was_half_of_itself_for_a_day(shares):
    found = shares.filter(instrument_id="LNT", day=dt.date(2016, 5, 19)).row(0, named=True)
    assert found["flags"] == ["CLOSE_OUTSIDE_RANGE", "JUMP_REVERTED"]


def test_the_largest_fall_that_stayed_is_a_spin_off(shares):
    lasting = (
        shares.filter(~pl.col("flags").list.contains("JUMP_REVERTED"))
        .sort("price_return", nulls_last=True)
        .row(0, named=True)
    )
    assert (lasting["instrument_id"], lasting["jump_explanation"]) == ("NI", "Spin-off of Columbia Pipeline Group")


def test_short_histories(shares):
    lengths = shares.group_by("instrument_id").len()
    assert lengths.filter(pl.col("len") < 1_259).height == 35
    assert lengths["len"].max() == 1_259


def test_returns_are_missing_on_first_days_and_behind_gaps_only(shares):
    missing = shares.filter(pl.col("price_return").is_null())
    assert missing.height == 505 + 17


def test_returns_are_of_the_file_s_closes(shares, raw):
    apple = raw.filter(pl.col("Name") == "AAPL").sort("date")["close"].cast(pl.Float64)
    assert shares.filter(instrument_id="AAPL")["price_return"][1:].to_list() == pytest.approx(
        (apple / apple.shift(1) - 1)[1:].to_list()
    )


def test_first_rates_are_those_that_the_ecb_published(real_prices):
    first = real_prices.filter(kind="FX", day=dt.date(1999, 1, 4))
    found = dict(first.select("instrument_id", "close").rows())
    assert {code: found[code] for code in ("USD", "JPY", "GBP", "CZK")} == {
        "USD": Decimal("1.1789"), "JPY": Decimal("133.73"), "GBP": Decimal("0.7111"), "CZK": Decimal("35.107")
    }  # fmt: skip


def test_withdrawn_currencies_end_on_their_last_day(real_prices):
    last = dict(flagged(real_prices.filter(kind="FX"), "LAST_QUOTE").select("instrument_id", "day").rows())
    assert set(last) == {"BGN", "CYP", "EEK", "HRK", "LTL", "LVL", "MTL", "ROL", "RUB", "SIT", "SKK", "TRL"}
    assert last["CYP"] == dt.date(2007, 12, 31)
    assert last["RUB"] == dt.date(2022, 3, 1)


def test_the_krona_that_came_back(real_prices):
    assert flagged(real_prices.filter(kind="FX"), "AFTER_GAP").select("instrument_id", "day").rows() == [
        ("ISK", dt.date(2018, 2, 1))
    ]


def test_yields_on_holidays_are_missing_and_zeros_are_yields(real_prices):
    yields = real_prices.filter(kind="YIELD")
    assert yields.filter(pl.col("close").is_null()).group_by("instrument_id").len()["len"].to_list() == [228] * 9
    assert yields.filter(pl.col("close").is_null()).equals(flagged(yields, "MISSING_FIELD"))
    assert dict(yields.filter(pl.col("close") == 0).group_by("instrument_id").len().rows()) == {
        "DGS1MO": 100,
        "DGS3MO": 21,
    }
    first = dict(yields.filter(day=dt.date(2005, 1, 3)).select("instrument_id", "close").rows())
    assert (first["DGS3MO"], first["DGS10"], first["DGS30"]) == (Decimal("2.32"), Decimal("4.23"), Decimal("4.85"))


def test_the_volatility_index_opened_outside_its_range(real_prices):
    assert flagged(real_prices.filter(kind="INDEX"), "OPEN_OUTSIDE_RANGE").height == 47


def test_names_are_of_the_company_of_that_time(shares):
    def named(ticker):
        return set(shares.filter(instrument_id=ticker)["instrument_name"])

    assert named("AAPL") == {"Apple Inc."}
    assert named("FB") == {None}  # another ticker today
    assert named("FOX") == {None}  # a member throughout, yet another company
    assert named("TWX") == {None}  # left the index
