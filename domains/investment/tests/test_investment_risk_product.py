"""market_risk_metrics: which portfolios are measured, on which weights, and the product against its contract."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from bankmesh.contracts.column_types import polars_schema
from bankmesh.testing import domain_contract
from investment.defs.market_risk_metrics.transform import market_risk_metrics
from investment.risk.backtest import WINDOW
from investment.risk.value_at_risk import compounded, historical

START = dt.date(2015, 1, 1)
DAYS = 300
REPORTED = dt.date(2017, 12, 31)


def history(days=DAYS, *, without=None, **returns):
    """market_prices of shares by ticker; a share is its array of returns. `without` maps a ticker to a day left out."""
    rows = []
    for ticker, series in ({name.replace("_", "."): moves for name, moves in returns.items()}).items():
        closes = np.cumprod(np.concatenate([[50.0], 1 + np.asarray(series)]))
        for number in range(days + 1):
            if (without or {}).get(ticker) != number:
                move = None if number == 0 or (without or {}).get(ticker) == number - 1 else series[number - 1]
                rows.append((ticker, START + dt.timedelta(number), closes[number], move))
    frame = pl.DataFrame(rows, schema=["instrument_id", "day", "close", "price_return"], orient="row")
    return frame.with_columns(kind=pl.lit("EQUITY"), flags=pl.lit([], dtype=pl.List(pl.String)))


def moves(seed, days=DAYS):
    return np.random.default_rng(seed).normal(0.0005, 0.01, days)


@pytest.fixture
def metrics(rows):
    """`metrics(prices, {...}, {...})`: the product's rows over these holdings."""

    def make(prices, *holdings):
        held = rows("investment.portfolio_holdings", *holdings)
        return market_risk_metrics(prices.lazy(), held.lazy()).collect()

    return make


def portfolio(frame, **named):
    found = frame.filter(pl.col("subject_kind") == "PORTFOLIO", **named)
    assert found.height == 1
    return found.row(0, named=True)


class TestPortfolios:
    @pytest.fixture
    def prices(self):
        return history(ACME=moves(1), OTHR=moves(2), GONE=moves(3), BRK_B=moves(4), FOX=moves(5), without={"GONE": 7})

    def test_todays_weights_meet_the_moves_of_the_window(self, metrics, prices):
        row = portfolio(metrics(prices, {"market_value": 300}, {"ticker": "OTHR", "market_value": 100}))
        series = (0.75 * moves(1) + 0.25 * moves(2))[:, None]
        ten = 0.75 * compounded(moves(1)[:, None], 10) + 0.25 * compounded(moves(2)[:, None], 10)
        assert row["var_1d_95"] == pytest.approx(historical(series, 95)[0][0])
        assert row["es_1d_99"] == pytest.approx(historical(series, 99)[1][0])
        assert row["var_10d_99"] == pytest.approx(historical(ten, 99)[0][0])
        assert (row["coverage"], row["reason"], row["returns"]) == (1.0, None, DAYS)
        assert (row["window_start"], row["window_end"]) == (START + dt.timedelta(1), START + dt.timedelta(DAYS))

    def test_a_portfolio_of_one_share_has_that_shares_risk(self, metrics, prices):
        frame = metrics(prices, {})
        share = frame.filter(subject_kind="INSTRUMENT", subject_id="ACME").row(0, named=True)
        row = portfolio(frame)
        same = ["volatility", "max_drawdown", "beta", "var_1d_99", "es_10d_95", "parametric_var_10d_99"]
        assert [row[name] for name in same] == pytest.approx([share[name] for name in same])

    @pytest.mark.parametrize("other", [{"position_type": "PUT"}, {"position_type": "PRINCIPAL"}, {"market_value": 0}])
    def test_what_is_no_long_share_does_not_count(self, metrics, prices, other):
        row = portfolio(metrics(prices, {}, {"ticker": "OTHR", "market_value": 900} | other))
        assert (row["long_share_value"], row["coverage"]) == (100, 1.0)

    def test_lines_of_one_share_are_summed(self, metrics, prices):
        split = metrics(prices, {}, {"ticker": "OTHR"}, {"instrument_class": "X", "ticker": "OTHR"})
        whole = metrics(prices, {}, {"ticker": "OTHR", "market_value": 200})
        assert portfolio(split)["var_1d_95"] == portfolio(whole)["var_1d_95"]

    def test_a_class_is_found_without_its_point(self, metrics, prices):
        assert portfolio(metrics(prices, {"ticker": "BRKB"}))["coverage"] == 1.0

    def test_a_ticker_without_a_point_is_itself_where_it_is_priced(self, metrics):
        prices = history(BRK_B=moves(1), BRKB=moves(2))
        row = portfolio(metrics(prices, {"ticker": "BRKB"}))
        assert row["var_1d_95"] == pytest.approx(historical(moves(2)[:, None], 95)[0][0])

    @pytest.mark.parametrize(
        ("held", "value", "expected"),
        [
            ("GONE", 100, (0.5, None)),  # no complete history, just half is covered
            ("GONE", 101, (pytest.approx(100 / 201), "COVERAGE_BELOW_HALF")),
            ("ELSE", 300, (0.25, "COVERAGE_BELOW_HALF")),  # never priced
            (None, 300, (0.25, "COVERAGE_BELOW_HALF")),  # no ticker
        ],
    )
    def test_half_of_the_value_must_be_covered(self, metrics, prices, held, value, expected):
        row = portfolio(metrics(prices, {}, {"ticker": held, "instrument_id": "X", "market_value": value}))
        assert (row["coverage"], row["reason"]) == expected
        assert (row["var_1d_95"] is None) is (row["reason"] is not None)

    def test_the_rest_is_measured_as_if_it_were_all(self, metrics, prices):
        partly = portfolio(metrics(prices, {}, {"ticker": "GONE"}))
        assert partly["var_1d_95"] == portfolio(metrics(prices, {}))["var_1d_95"]

    @pytest.mark.parametrize(("on", "covered"), [(dt.date(2019, 3, 18), True), (dt.date(2019, 3, 19), False)])
    def test_a_ticker_that_became_another_companys_is_left_out_from_its_day(self, metrics, prices, on, covered):
        row = portfolio(metrics(prices, {"ticker": "FOX", "reporting_date": on}))
        assert row["coverage"] == (1.0 if covered else 0.0)

    def test_prices_that_begin_behind_the_change_are_of_the_company_of_today(self, metrics):
        later = history(FOX=moves(1)).with_columns(pl.col("day").dt.offset_by("5y"))
        assert portfolio(metrics(later, {"ticker": "FOX", "reporting_date": dt.date(2021, 3, 31)}))["coverage"] == 1.0

    @pytest.mark.parametrize(
        ("holding", "reason"),
        [
            ({"position_type": "CALL"}, "NO_SHARES"),
            ({"market_value": None, "value_status": "REFUSED"}, "VALUE_REFUSED"),
            ({"market_value": 0, "quantity": 0}, "NO_VALUE"),
        ],
    )
    def test_why_there_is_nothing_to_measure(self, metrics, prices, holding, reason):
        row = portfolio(metrics(prices, holding))
        assert (row["reason"], row["var_1d_95"], row["long_share_value"]) == (reason, None, None)

    def test_dates_and_portfolios_are_apart(self, metrics, prices):
        frame = metrics(
            prices,
            {"market_value": 5},
            {"reporting_date": dt.date(2018, 3, 31), "ticker": "OTHR"},
            {"portfolio_id": "13F-0000000002", "ticker": "OTHR"},
        )
        found = frame.filter(subject_kind="PORTFOLIO")
        assert found.select("subject_id", "as_of").rows() == [
            ("13F-0000000001", REPORTED),
            ("13F-0000000001", dt.date(2018, 3, 31)),
            ("13F-0000000002", REPORTED),
        ]
        assert found["var_1d_95"][1] == found["var_1d_95"][2] != found["var_1d_95"][0]


class TestInstruments:
    def test_beta_is_against_the_mean_of_complete_histories(self, metrics):
        prices = history(AAA=moves(1), BBB=moves(2), GONE=moves(3), without={"GONE": 7})
        frame = metrics(prices, {}).filter(subject_kind="INSTRUMENT")
        assert frame["subject_id"].to_list() == ["AAA", "BBB", "GONE"]
        assert frame["beta"][:2].mean() == pytest.approx(1)
        assert frame["reason"].to_list() == [None, None, "INCOMPLETE_HISTORY"]
        assert frame["returns"].to_list() == [DAYS, DAYS, DAYS - 2]
        assert frame["volatility"].null_count() == 0
        assert frame["var_1d_95"].null_count() == 1

    def test_a_quarter_of_days_is_the_least(self, metrics):
        short = history(NEWS=moves(3)).filter(pl.col("day") > START + dt.timedelta(DAYS - 60))
        long = short.filter(pl.col("day") > short["day"].min()).with_columns(instrument_id=pl.lit("LESS"))
        prices = pl.concat([history(AAA=moves(1)), short, long])
        frame = metrics(prices, {}).filter(subject_kind="INSTRUMENT")
        assert frame.select("subject_id", "returns", "reason").rows() == [
            ("AAA", DAYS, None),
            ("LESS", 59, "SHORT_HISTORY"),
            ("NEWS", 60, "INCOMPLETE_HISTORY"),
        ]
        assert frame["volatility"].is_null().to_list() == [False, True, False]

    def test_less_than_a_year_has_no_value_at_risk(self, metrics):
        frame = metrics(history(249, ACME=moves(1)), {})
        assert set(frame["reason"]) == {"SHORT_HISTORY"}
        assert frame["var_1d_95"].null_count() == frame.height
        assert frame.filter(subject_kind="INSTRUMENT")["volatility"].null_count() == 0

    def test_returns_that_touch_a_jump_are_counted_and_can_be_left_out(self, metrics):
        series = moves(1)
        series[8], series[9] = -0.5, 1.0  # an error of a day
        series[100] = -0.3  # a spin-off
        flags = {9: ["JUMP_REVERTED"], 101: ["JUMP_EXPLAINED"], 200: ["ZERO_VOLUME"]}
        prices = history(ACME=series).with_columns(
            pl.Series("flags", [flags.get(day, []) for day in range(DAYS + 1)], dtype=pl.List(pl.String))
        )
        row = metrics(prices, {}).filter(subject_kind="INSTRUMENT").row(0, named=True)
        assert row["flagged_returns"] == 3
        assert row["volatility_without_jumps"] == pytest.approx(np.delete(series, [8, 9, 100]).std(ddof=1) * 252**0.5)
        assert row["volatility"] == pytest.approx(series.std(ddof=1) * 252**0.5)

    def test_a_jump_of_one_share_does_not_touch_the_next_share(self, metrics):
        prices = history(AAA=moves(1), BBB=moves(2)).with_columns(
            pl.when((pl.col("instrument_id") == "AAA") & (pl.col("day") == pl.col("day").max()))
            .then(pl.lit(["JUMP_REVERTED"]))
            .otherwise(pl.col("flags"))
            .alias("flags")
        )
        assert metrics(prices, {}).filter(subject_kind="INSTRUMENT")["flagged_returns"].to_list() == [1, 0]

    def test_the_window_is_five_years(self, metrics):
        frame = metrics(history(1500, ACME=moves(1, 1500)), {}).filter(subject_kind="INSTRUMENT")
        assert frame["returns"].to_list() == [1260]
        assert frame["window_start"].to_list() == [START + dt.timedelta(241)]

    def test_other_kinds_have_no_row(self, metrics):
        rates = history(USD=moves(2)).with_columns(kind=pl.lit("FX"))
        frame = metrics(pl.concat([history(ACME=moves(1)), rates]), {})
        assert frame.filter(subject_kind="INSTRUMENT")["subject_id"].to_list() == ["ACME"]


class TestMethod:
    @pytest.fixture(scope="class")
    def frame(self):
        days = WINDOW + 100
        prices = history(days, AAA=moves(1, days), BBB=moves(2, days))
        holdings = pl.DataFrame(schema=polars_schema(domain_contract("investment", "portfolio_holdings")))
        return market_risk_metrics(prices.lazy(), holdings.lazy()).collect()

    def test_each_day_is_forecast_from_the_500_before(self, frame):
        rows = frame.filter(subject_kind="BACKTEST")
        market = (moves(1, WINDOW + 100) + moves(2, WINDOW + 100)) / 2
        assert rows["as_of"].to_list() == [START + dt.timedelta(WINDOW + 1 + day) for day in range(100)]
        assert rows["realised_return"].to_list() == pytest.approx(list(market[WINDOW:]))
        assert rows["var_1d_99"][7] == pytest.approx(historical(market[7 : WINDOW + 7][:, None], 99)[0][0])
        assert (rows["window_end"] < rows["as_of"]).all()

    def test_each_method_is_tested_on_them(self, frame):
        days = frame.filter(subject_kind="BACKTEST")
        tests = frame.filter(subject_kind="METHOD")
        assert tests["subject_id"].to_list() == ["HISTORICAL_95", "HISTORICAL_99", "PARAMETRIC_95", "PARAMETRIC_99"]
        for test in tests.iter_rows(named=True):
            method, confidence = test["subject_id"].split("_")
            forecast = days[f"{'' if method == 'HISTORICAL' else 'parametric_'}var_1d_{confidence}"]
            assert test["exceptions"] == (days["realised_return"] < -forecast).sum()
            assert test["returns"] == 100
            assert 0 <= test["kupiec_p_value"] <= 1


def test_it_keeps_its_contract(trial, contract, rows):
    prices = history(WINDOW + 50, ACME=moves(1, WINDOW + 50), OTHR=moves(2, WINDOW + 50))
    full = polars_schema(contract("market_prices"))
    inputs = {
        "prices": prices.with_columns(
            pl.lit(None, dtype=kind).alias(name) for name, kind in full.items() if name not in prices.columns
        ),
        "holdings": rows(
            "investment.portfolio_holdings",
            {"ticker": "OTHR"},
            {"portfolio_id": "13F-0000000002", "position_type": "PUT"},
            {"portfolio_id": "13F-0000000003", "market_value": None},
            {"portfolio_id": "13F-0000000004", "ticker": "ELSE"},
        ),
    }
    made = trial(contract("market_risk_metrics"), inputs, transform=market_risk_metrics)
    assert made.broken == ()
    assert made.publication is not None
    key = made.rows.select("subject_kind", "subject_id", "as_of").rows()
    assert key == sorted(key)
    assert made.rows.filter(subject_kind="PORTFOLIO")["reason"].to_list() == [
        None, "NO_SHARES", "VALUE_REFUSED", "COVERAGE_BELOW_HALF"
    ]  # fmt: skip
    assert made.rows.equals(trial(contract("market_risk_metrics"), inputs, transform=market_risk_metrics).rows)


def test_inputs_without_rows_give_no_rows(contract):
    empty = [pl.LazyFrame(schema=polars_schema(contract(name))) for name in ("market_prices", "portfolio_holdings")]
    assert market_risk_metrics(*empty).collect().is_empty()
