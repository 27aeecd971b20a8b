"""Every flag of market prices, on rows that have it and rows that narrowly do not."""

import datetime as dt

import polars as pl
import pytest

from investment.defs.market_prices.transform import market_prices

DAYS = [dt.date(2017, 7, day) for day in (3, 5, 6, 7, 10)]
INPUTS = {
    "shares": "price_vendor.daily_price",
    "constituents": "index_provider.constituent",
    "membership": "index_provider.membership",
    "vix": "cboe.vix",
    "rates": "ecb.reference_rate",
    "yields": "us_treasury.yield",
}


@pytest.fixture
def prices(rows):
    """`prices(shares=[...], vix=[...])`: the product's rows by instrument and day; what is left out has none."""

    def make(**given):
        frames = {name: rows(source, *given.get(name, ())).lazy() for name, source in INPUTS.items()}
        return market_prices(**frames).collect(engine="streaming")

    return make


def closes(*values, ticker="ACME", **more):
    """Rows of a share on the first days, with the range around its close."""
    return [
        {"ticker": ticker, "day": day, "open": value, "high": value, "low": value, "close": value} | more
        for day, value in zip(DAYS, values, strict=False)
        if value is not None
    ]


def flags(frame, instrument="ACME", day=0):
    return (
        frame.filter((pl.col("instrument_id") == instrument) & (pl.col("day") == DAYS[day]))["flags"].item().to_list()
    )


@pytest.mark.parametrize("missing", ["open", "high", "low", "volume"])
def test_a_field_without_a_value(prices, missing):
    frame = prices(shares=[{"day": DAYS[0], missing: None}])
    assert flags(frame) == ["MISSING_FIELD"]


def test_nothing_to_say_is_an_empty_list(prices):
    assert flags(prices(shares=[{"day": DAYS[0]}])) == []


def test_high_below_low(prices):
    assert "HIGH_BELOW_LOW" in flags(prices(shares=[{"day": DAYS[0], "high": 9, "low": 10}]))


@pytest.mark.parametrize(("close", "expected"), [(8, True), (9, False), (12, False), (13, True)])
def test_close_outside_the_range(prices, close, expected):
    frame = prices(shares=[{"day": DAYS[0], "low": 9, "high": 12, "close": close}])
    assert ("CLOSE_OUTSIDE_RANGE" in flags(frame)) is expected


@pytest.mark.parametrize(("opened", "expected"), [(8, True), (9, False), (12, False), (13, True)])
def test_open_outside_the_range(prices, opened, expected):
    frame = prices(shares=[{"day": DAYS[0], "low": 9, "high": 12, "open": opened}])
    assert ("OPEN_OUTSIDE_RANGE" in flags(frame)) is expected


def test_zero_volume_is_of_shares_only(prices):
    frame = prices(shares=[{"day": DAYS[0], "volume": 0}], vix=[{"day": DAYS[0]}])
    assert flags(frame) == ["ZERO_VOLUME"]
    assert flags(frame, "VIX") == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((100, 50, 100), True),
        ((100, 50, 116), True),  # 16 of 50 are left
        ((100, 50, 118), False),  # 18 of 50 are more than a third
        ((100, 50, 50), False),
        ((100, 91, 100), False),  # less than a tenth
        ((100, 90, 100), True),
        ((100, 160, 101), True),
        ((100, 50), False),  # the next day is not known yet
    ],
)
def test_a_jump_that_reverts_next_day(prices, path, expected):
    assert ("JUMP_REVERTED" in flags(prices(shares=closes(*path)), day=1)) is expected


def test_a_jump_that_reverts_after_a_gap_is_not_known_to_revert(prices):
    beside = closes(1, 1, 1, 1, ticker="OTHR")
    assert "JUMP_REVERTED" not in flags(prices(shares=[*closes(100, 50, None, 100), *beside]), day=1)


def test_a_known_spin_off_explains_a_jump(prices):
    day = dt.date(2015, 7, 20)
    shares = [{"ticker": "EBAY", "day": d, "close": c} for d, c in ((day - dt.timedelta(3), 66), (day, 29))]
    row = prices(shares=shares).row(1, named=True)
    assert "JUMP_EXPLAINED" in row["flags"]
    assert row["jump_explanation"] == "Spin-off of PayPal"


def test_a_known_spin_off_explains_no_calm_day(prices):
    day = dt.date(2015, 7, 20)
    shares = [{"ticker": "EBAY", "day": d, "close": c} for d, c in ((day - dt.timedelta(3), 66), (day, 65))]
    assert prices(shares=shares)["jump_explanation"].to_list() == [None, None]


@pytest.fixture
def family():
    """A parent and its child in the index provider's files."""
    return {
        "constituents": [
            {"ticker": "PRNT", "company_name": "Duvora Group"},
            {"ticker": "CHLD", "company_name": "Duvora Air"},
            {"ticker": "ELSE", "company_name": "Elsewhere"},
        ],
        "membership": [{"ticker": t} for t in ("PRNT", "CHLD", "ELSE")],
    }


def test_a_newcomer_of_the_same_name_explains_a_fall(prices, family):
    shares = [
        *closes(100, 70, 70, ticker="PRNT"),
        *closes(None, 30, 30, ticker="CHLD"),
        *closes(100, 70, 70, ticker="ELSE"),
    ]
    frame = prices(shares=shares, **family)
    assert "JUMP_EXPLAINED" in flags(frame, "PRNT", 1)
    assert "JUMP_EXPLAINED" not in flags(frame, "ELSE", 1)
    explained = frame.filter(pl.col("jump_explanation").is_not_null())["jump_explanation"].to_list()
    assert explained == [f"Spin-off or share class: Duvora Air was first priced on {DAYS[1]}"]


@pytest.mark.parametrize(
    "shares",
    [
        pytest.param([*closes(100, 130, ticker="PRNT"), *closes(None, 30, ticker="CHLD")], id="it rose"),
        pytest.param([*closes(100, 96, ticker="PRNT"), *closes(None, 30, ticker="CHLD")], id="it hardly fell"),
        pytest.param([*closes(100, 70, ticker="PRNT"), *closes(30, 30, ticker="CHLD")], id="no newcomer"),
    ],
)
def test_what_is_no_evidence_of_a_spin_off(prices, family, shares):
    assert prices(shares=shares, **family)["jump_explanation"].null_count() == len(shares)


@pytest.mark.parametrize(("fall", "explained"), [(dt.date(2017, 7, 10), True), (dt.date(2017, 7, 11), False)])
def test_a_newcomer_explains_a_fall_within_five_days(prices, family, fall, explained):
    parent = [*closes(100, 100, 100, 100, ticker="PRNT"), {"ticker": "PRNT", "day": fall, "close": 70}]
    frame = prices(shares=[*parent, *closes(None, 30, ticker="CHLD")], **family)
    assert (frame["jump_explanation"].null_count() < frame.height) is explained


def test_the_row_after_a_gap(prices):
    frame = prices(shares=[*closes(10, None, 10, 10), *closes(1, 1, 1, 1, ticker="OTHR")])
    assert flags(frame, day=2) == ["AFTER_GAP"]
    assert flags(frame, day=3) == []
    assert frame.filter((pl.col("instrument_id") == "ACME") & (pl.col("day") == DAYS[2]))["price_return"].item() is None


def test_the_last_row_of_what_goes_on_without_it(prices):
    frame = prices(rates=[{"day": DAYS[0], "usd": 1, "rub": 60}, {"day": DAYS[1], "usd": 1, "rub": None}])
    assert flags(frame, "RUB", 0) == ["LAST_QUOTE"]
    assert flags(frame, "USD", 1) == []
    assert frame.filter(pl.col("instrument_id") == "RUB").height == 1


def test_the_seam_of_two_vintages_that_share_no_day(prices):
    old, new = "all_stocks_5yr_vintage_2017-08.csv.gz", "all_stocks_5yr_vintage_2018-02.csv.gz"
    frame = prices(shares=[{"day": DAYS[0], "source_file": old}, {"day": DAYS[1], "source_file": new, "close": 11}])
    assert flags(frame, day=1) == ["VINTAGE_SEAM"]
    assert frame["price_return"].to_list() == [None, None]


def test_flags_are_sorted(prices):
    frame = prices(shares=[{"day": DAYS[0], "high": 9, "low": 10, "close": 11, "open": 12, "volume": 0}])
    assert flags(frame) == ["CLOSE_OUTSIDE_RANGE", "HIGH_BELOW_LOW", "OPEN_OUTSIDE_RANGE", "ZERO_VOLUME"]


def test_kinds_have_their_own_units_names_and_calendar(prices):
    frame = prices(
        shares=[{"day": DAYS[0]}],
        vix=[{"day": DAYS[1]}],
        rates=[{"day": DAYS[2]}],
        yields=[{"day": DAYS[3], "source_file": "DGS1MO.csv.gz"}, {"day": DAYS[3], "source_file": "DGS30.csv.gz"}],
    )
    assert frame.select("kind", "instrument_id", "unit", "instrument_name").rows() == [
        ("EQUITY", "ACME", "USD", None),
        ("FX", "USD", "PER_EUR", "USD for one euro"),
        ("INDEX", "VIX", "POINTS", "CBOE Volatility Index"),
        ("YIELD", "DGS1MO", "PERCENT", "US Treasury constant maturity, 1 months"),
        ("YIELD", "DGS30", "PERCENT", "US Treasury constant maturity, 30 years"),
    ]
    assert frame["flags"].to_list() == [[]] * 5


def test_a_yield_of_zero_is_valid_and_a_blank_is_missing(prices):
    frame = prices(yields=[{"day": DAYS[0], "yield_percent": 0}, {"day": DAYS[1], "yield_percent": None}])
    assert frame["close"].to_list() == [0, None]
    assert frame["flags"].to_list() == [[], ["MISSING_FIELD"]]


def test_yields_have_no_return(prices):
    frame = prices(yields=[{"day": DAYS[0], "yield_percent": 2}, {"day": DAYS[1], "yield_percent": 3}])
    assert frame["price_return"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("spans", "in_index", "named"),
    [
        pytest.param([{}], True, True, id="a member until today"),
        pytest.param([{"member_until": dt.date(2017, 7, 4)}], True, False, id="left later: another may use the ticker"),
        pytest.param([{"member_until": DAYS[0]}], False, False, id="the end is the first day without"),
        pytest.param([{"member_from": dt.date(2017, 7, 4)}], False, False, id="joined later"),
        pytest.param(
            [{"member_until": dt.date(2005, 1, 3)}, {"member_from": dt.date(2010, 1, 4)}], True, True, id="came back"
        ),
        pytest.param(
            [{"member_until": dt.date(2018, 1, 3)}, {"member_from": dt.date(2018, 1, 4)}],
            True,
            False,
            id="two companies",
        ),
        pytest.param([], None, False, id="never a member"),
    ],
)
def test_membership_and_name_on_the_day(prices, spans, in_index, named):
    frame = prices(shares=[{"day": DAYS[0]}], membership=spans, constituents=[{"ticker": "ACME"}])
    assert frame["in_index"].to_list() == [in_index]
    assert frame["instrument_name"].to_list() == ["Acme Works" if named else None]


def test_a_ticker_that_another_company_took_over_has_no_name_before(prices):
    days = [dt.date(2019, 3, 18), dt.date(2019, 3, 19)]
    frame = prices(
        shares=[{"ticker": "FOX", "day": day} for day in days],
        membership=[{"ticker": "FOX"}],
        constituents=[{"ticker": "FOX", "company_name": "Fox Corporation"}],
    )
    assert frame["instrument_name"].to_list() == [None, "Fox Corporation"]


def test_the_newest_constituents_name_the_company(prices):
    constituents = [
        {"ticker": "ACME", "company_name": name, "source_file": f"constituents_{month}.csv"}
        for name, month in (("New", "2018-02"), ("Old", "2017-08"))
    ]
    frame = prices(shares=[{"day": DAYS[0]}], membership=[{}], constituents=constituents)
    assert frame["instrument_name"].to_list() == ["New"]
