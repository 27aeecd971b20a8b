"""Formulas of risk against independent libraries, published figures, and what must hold for any series."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from investment.risk.descriptive import beta, max_drawdown, volatility
from investment.risk.value_at_risk import CONFIDENCES, compounded, historical, parametric, tail_scenarios


@pytest.fixture(scope="module")
def returns():
    """Three series of 1,258 days with fat tails."""
    return 0.0004 + 0.01 * np.random.default_rng(7).standard_t(4, (1258, 3))


moves = st.floats(-0.4, 0.5, allow_nan=False, allow_subnormal=False)
unhurried = settings(max_examples=60, deadline=None)
one_series = arrays(np.float64, st.tuples(st.integers(20, 120), st.just(1)), elements=moves)


class TestAgainstEmpyrical:
    """empyrical-reloaded computes the same measures in another way, a series at a time."""

    @pytest.fixture(scope="class")
    def empyrical(self):
        return pytest.importorskip("empyrical")

    def test_volatility(self, returns, empyrical):
        expected = [empyrical.annual_volatility(series) for series in returns.T]
        assert volatility(returns) == pytest.approx(expected, rel=1e-12)

    def test_max_drawdown(self, returns, empyrical):
        expected = [-empyrical.max_drawdown(series) for series in returns.T]
        assert max_drawdown(returns) == pytest.approx(expected, rel=1e-12)

    def test_beta(self, returns, empyrical):
        market = returns.mean(axis=1)
        expected = [empyrical.beta(series, market) for series in returns.T]
        assert beta(returns, market) == pytest.approx(expected, rel=1e-9)

    def test_expected_shortfall_where_the_tail_is_a_whole_number_of_days(self, returns, empyrical):
        # empyrical takes floor((n - 1) * tail) + 1 of the worst, we the least number that makes the tail full.
        series = returns[:1200, :1]
        assert historical(series, 95)[1] == pytest.approx([-empyrical.conditional_value_at_risk(series[:, 0], 0.05)])


class TestAgainstScipyAndNumpy:
    @pytest.mark.parametrize("confidence", CONFIDENCES)
    def test_the_quantile_is_the_lower_one(self, returns, confidence):
        expected = -np.quantile(returns, 1 - confidence / 100, axis=0, method="inverted_cdf")
        assert historical(returns, confidence)[0] == pytest.approx(expected)

    @pytest.mark.parametrize("confidence", CONFIDENCES)
    @pytest.mark.parametrize("days", [1, 10])
    def test_normal_value_at_risk(self, returns, confidence, days):
        norm = pytest.importorskip("scipy.stats").norm
        fitted = norm(days * returns.mean(axis=0), math.sqrt(days) * returns.std(axis=0, ddof=1))
        assert parametric(returns, confidence, days)[0] == pytest.approx(-fitted.ppf(1 - confidence / 100), rel=1e-9)

    @pytest.mark.parametrize("confidence", CONFIDENCES)
    def test_normal_expected_shortfall_is_the_mean_of_the_tail(self, returns, confidence):
        stats = pytest.importorskip("scipy.stats")
        series = returns[:, :1]
        fitted = stats.norm(series.mean(), series.std(ddof=1))
        bound = fitted.ppf(1 - confidence / 100)
        expected = -fitted.expect(lambda x: x, ub=bound) / (1 - confidence / 100)
        assert parametric(series, confidence)[1] == pytest.approx([expected], rel=1e-6)

    def test_beta_is_the_slope_of_a_regression(self, returns):
        market = returns[:, 1]
        slope = np.polyfit(market, returns[:, 0], 1)[0]
        assert beta(returns[:, :1], market) == pytest.approx([slope])


class TestPublishedFigures:
    """J. C. Hull, Risk Management and Financial Institutions: 10 million, a deviation of 2 % a day, mean zero."""

    @pytest.fixture
    def position(self):
        series = np.array([[0.02], [-0.02]]) / math.sqrt(2)
        assert series.std(ddof=1) == pytest.approx(0.02)
        return series

    def test_one_day_at_99_percent(self, position):
        assert 10_000_000 * parametric(position, 99)[0] == pytest.approx([465_300], abs=100)

    def test_ten_days_at_99_percent(self, position):
        assert 10_000_000 * parametric(position, 99, 10)[0] == pytest.approx([1_471_300], abs=200)

    def test_expected_shortfall_of_a_normal_at_99_percent(self, position):
        # McNeil, Frey and Embrechts (2015), section 2.3: 2.665 deviations.
        assert parametric(position, 99)[1] / 0.02 == pytest.approx([2.665], abs=0.0005)


class TestSmallCasesByHand:
    @pytest.mark.parametrize(
        ("scenarios", "confidence", "expected"),
        [(500, 95, 25), (500, 99, 5), (1258, 95, 63), (1258, 99, 13), (20, 95, 1), (21, 95, 2)],
    )
    def test_scenarios_in_the_tail(self, scenarios, confidence, expected):
        assert tail_scenarios(scenarios, confidence) == expected

    def test_twenty_scenarios(self):
        series = np.arange(-10, 10, dtype=float)[:, None] / 100
        value_at_risk, shortfall = historical(series, 95)
        assert value_at_risk == pytest.approx([0.10])
        assert shortfall == pytest.approx([0.10])

    def test_shortfall_takes_ties_at_the_quantile(self):
        series = np.array([-0.2, -0.1, -0.1, -0.1] + [0.0] * 36)[:, None]
        value_at_risk, shortfall = historical(series, 95)
        assert value_at_risk == pytest.approx([0.1])
        assert shortfall == pytest.approx([0.125])

    def test_overlapping_compounded_returns(self):
        series = np.array([[0.1], [-0.5], [1.0]])
        assert compounded(series, 2)[:, 0] == pytest.approx([1.1 * 0.5 - 1, 0.0])

    def test_drawdown_counts_from_the_start(self):
        assert max_drawdown(np.array([[-0.5], [0.5]])) == pytest.approx([0.5])
        assert max_drawdown(np.array([[0.1], [0.1]])) == pytest.approx([0.0])

    def test_days_without_a_return_are_left_out(self):
        gappy = np.array([[0.01, 0.01], [np.nan, 0.0], [0.03, 0.03], [-0.02, -0.02]])
        known = gappy[[0, 2, 3]]
        market = np.array([0.02, 0.5, 0.01, -0.01])
        assert volatility(gappy)[0] == pytest.approx(volatility(known)[0])
        assert beta(gappy, market)[0] == pytest.approx(beta(known, market[[0, 2, 3]])[0])
        assert max_drawdown(gappy)[0] == pytest.approx(max_drawdown(known)[0])

    def test_nothing_known_is_not_a_number(self):
        nothing = np.full((3, 1), np.nan)
        assert np.isnan(volatility(nothing)).all()
        assert np.isnan(beta(nothing, np.ones(3))).all()


class TestForAnySeries:
    @unhurried
    @given(one_series)
    def test_more_confidence_means_at_least_as_much_at_risk(self, series):
        for method in (historical, parametric):
            assert method(series, 99)[0] >= method(series, 95)[0]
            assert method(series, 99)[1] >= method(series, 95)[1] - 1e-12

    @unhurried
    @given(one_series, st.sampled_from(CONFIDENCES))
    def test_shortfall_is_beyond_value_at_risk(self, series, confidence):
        for method in (historical, parametric):
            value_at_risk, shortfall = method(series, confidence)
            assert shortfall >= value_at_risk - 1e-12

    @unhurried
    @given(one_series, st.floats(0.1, 10), st.sampled_from(CONFIDENCES))
    def test_twice_the_position_has_twice_the_risk(self, series, factor, confidence):
        for method in (historical, parametric):
            for larger, smaller in zip(method(factor * series, confidence), method(series, confidence), strict=True):
                assert larger == pytest.approx(factor * smaller, abs=1e-9)
        assert volatility(factor * series) == pytest.approx(factor * volatility(series), abs=1e-9)

    @unhurried
    @given(one_series, st.floats(-0.1, 0.1), st.sampled_from(CONFIDENCES))
    def test_a_sure_gain_lowers_the_risk_by_itself(self, series, gain, confidence):
        for method in (historical, parametric):
            assert method(series + gain, confidence)[0] == pytest.approx(method(series, confidence)[0] - gain, abs=1e-9)

    @unhurried
    @given(one_series, st.randoms())
    def test_the_order_of_scenarios_does_not_matter(self, series, random):
        shuffled = np.array(random.sample(list(series), len(series)))
        assert (historical(shuffled, 95)[0] == historical(series, 95)[0]).all()

    @unhurried
    @given(st.lists(st.floats(1, 1000), min_size=20, max_size=60), st.floats(0.001, 1000))
    def test_the_scale_of_prices_does_not_matter(self, closes, scale):
        one, other = (np.diff(p) / p[:-1] for p in (np.array(closes), scale * np.array(closes)))
        for measure in (volatility, max_drawdown, lambda r: historical(r, 99)[0]):
            assert measure(one[:, None]) == pytest.approx(measure(other[:, None]), abs=1e-6)

    @unhurried
    @given(one_series)
    def test_drawdown_is_a_share(self, series):
        assert 0 <= max_drawdown(series)[0] <= 1

    @unhurried
    @given(one_series)
    def test_the_market_has_a_beta_of_one(self, series):
        own = beta(series, series[:, 0])[0]
        assert math.isnan(own) or own == pytest.approx(1)

    @unhurried
    @given(arrays(np.float64, st.tuples(st.integers(20, 60), st.just(3)), elements=moves))
    def test_beta_is_linear_in_the_portfolio(self, series):
        market = np.random.default_rng(1).normal(size=len(series))
        weights = np.array([0.2, 0.3, 0.5])
        assert beta((series @ weights)[:, None], market)[0] == pytest.approx(beta(series, market) @ weights, abs=1e-9)
