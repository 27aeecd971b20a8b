"""Rolling forecasts and Kupiec's test, against published figures and scipy."""

import numpy as np
import pytest

from investment.risk.backtest import WINDOW, proportion_of_failures, windows_before

REJECTED_FROM = 3.841
"""Of chi-squared with one degree of freedom, at 5 %."""


def outcome(days, exceptions):
    """Returns with as many losses beyond a value at risk of 1 %."""
    realised = np.zeros(days)
    realised[:exceptions] = -0.02
    return realised, np.full(days, 0.01)


@pytest.mark.parametrize(
    ("confidence", "days", "fewest", "most"),
    [
        # Numbers of exceptions that do not reject, exclusive: Kupiec (1995), as in Jorion (2007), table 6-2.
        (99, 510, 1, 11),
        (99, 1000, 4, 17),
        (95, 510, 16, 36),
        (95, 1000, 37, 65),
    ],
)
def test_the_published_regions(confidence, days, fewest, most):
    kept = [
        count
        for count in range(days // 5)
        if proportion_of_failures(*outcome(days, count), confidence).statistic < REJECTED_FROM
    ]
    assert kept == list(range(fewest + 1, most))


def test_the_published_example():
    # Jorion (2007), chapter 6: 20 exceptions in 252 days at 95 % give a statistic of 3.91.
    test = proportion_of_failures(*outcome(252, 20), 95)
    assert test.statistic == pytest.approx(3.91, abs=0.005)
    assert test.expected == pytest.approx(12.6)
    assert (test.forecasts, test.exceptions) == (252, 20)


@pytest.mark.parametrize("exceptions", [0, 1, 5, 30, 758])
def test_the_p_value_is_that_of_chi_squared(exceptions):
    chi2 = pytest.importorskip("scipy.stats").chi2
    test = proportion_of_failures(*outcome(758, exceptions), 99)
    assert test.p_value == pytest.approx(chi2.sf(test.statistic, 1), rel=1e-9, abs=1e-300)


def test_the_statistic_is_the_likelihood_ratio_of_binomials():
    binom = pytest.importorskip("scipy.stats").binom
    test = proportion_of_failures(*outcome(758, 16), 99)
    ratio = 2 * (binom.logpmf(16, 758, 16 / 758) - binom.logpmf(16, 758, 0.01))
    assert test.statistic == pytest.approx(ratio)


def test_just_the_expected_number_is_perfect():
    test = proportion_of_failures(*outcome(1000, 50), 95)
    assert test.statistic == pytest.approx(0, abs=1e-12)
    assert test.p_value == pytest.approx(1)


def test_a_loss_equal_to_the_forecast_is_no_exception():
    realised = np.full(10, -0.01)
    assert proportion_of_failures(realised, np.full(10, 0.01), 95).exceptions == 0


def test_nothing_to_test():
    with pytest.raises(ValueError, match="no forecast"):
        proportion_of_failures(np.array([]), np.array([]), 95)


def test_a_forecast_knows_the_days_before_only():
    series = np.arange(WINDOW + 3, dtype=float)
    windows = windows_before(series)
    assert windows.shape == (WINDOW, 3)
    for number, day in enumerate(range(WINDOW, WINDOW + 3)):
        assert windows[:, number].max() == series[day] - 1
        assert windows[:, number].min() == series[day] - WINDOW


def test_a_short_history_has_no_windows():
    assert windows_before(np.zeros(WINDOW)).shape == (WINDOW, 0)
