"""Estimates, intervals and calibration against their definitions and published examples."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from customer_service.judging.calibration import bins, brier, expected_error, slope_and_intercept
from customer_service.judging.findings import SCHEMA, Subject, as_frame
from customer_service.judging.intervals import Estimate, auc, share

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=40)


def kernel(above, below):
    return 1.0 if above > below else 0.5 if above == below else 0.0


def by_definition(outcomes, scores):
    """Area and variance as DeLong et al. define them, pair by pair."""
    above = [s for o, s in zip(outcomes, scores, strict=True) if o]
    below = [s for o, s in zip(outcomes, scores, strict=True) if not o]
    area = np.mean([[kernel(a, b) for b in below] for a in above])
    of_above = [np.mean([kernel(a, b) for b in below]) for a in above]
    of_below = [np.mean([kernel(a, b) for a in above]) for b in below]
    return area, np.var(of_above, ddof=1) / len(above) + np.var(of_below, ddof=1) / len(below)


@given(CASES)
def test_the_area_and_its_interval_are_those_of_the_definition(cases):
    outcomes, scores = zip(*cases, strict=True)
    assume(2 <= sum(outcomes) <= len(outcomes) - 2)
    area, variance = by_definition(outcomes, scores)
    found = auc(outcomes, scores)
    assert found.value == pytest.approx(area)
    if variance < 1e-12 or not 0 < area < 1:
        assert found.lower is found.upper is None
    else:
        # delta method: the logit's deviation is the area's over area times one less area
        half = 1.959964 * math.sqrt(variance) / (area * (1 - area))
        logits = [math.log(bound / (1 - bound)) for bound in (found.lower, found.upper) if 1e-9 < bound < 1 - 1e-9]
        expected = [math.log(area / (1 - area)) + sign * half for sign in (-1, 1)]
        for logit in logits:
            assert min(abs(logit - one) for one in expected) < 1e-4 * max(1, abs(logit))
        assert found.lower <= area <= found.upper


def test_the_area_agrees_with_another_library():
    from sklearn.metrics import roc_auc_score

    chance = np.random.default_rng(5)
    outcomes = chance.random(500) < 0.2
    scores = np.round(outcomes + chance.normal(size=500), 1)
    assert auc(outcomes.tolist(), scores.tolist()).value == pytest.approx(roc_auc_score(outcomes, scores))


def test_the_interval_covers_the_true_area_about_as_often_as_it_says():
    chance = np.random.default_rng(11)
    truth = 0.5 * (1 + math.erf(1 / 2))  # of two normals one deviation apart
    covered = 0
    for _ in range(400):
        scores = np.concatenate([chance.normal(1, 1, 30), chance.normal(0, 1, 70)])
        found = auc([True] * 30 + [False] * 70, scores.tolist())
        covered += found.lower <= truth <= found.upper
    assert 0.92 <= covered / 400 <= 0.98


@pytest.mark.parametrize("outcomes", [[], [True], [False, False]])
def test_without_both_outcomes_there_is_no_area(outcomes):
    assert auc(outcomes, [0.5] * len(outcomes)) is None


def test_one_positive_case_has_an_area_without_interval():
    assert auc([True, False, False], [1, 0, 2]) == Estimate(0.5)


def test_shares_have_wilsons_interval():
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263, 15 of 148, 0 of 20 and 1 of 29.
    for (successes, trials), bounds in {
        (81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718),
    }.items():  # fmt: skip
        found = share(successes, trials)
        assert found.value == successes / trials
        assert (found.lower, found.upper) == pytest.approx(bounds, abs=5e-5)
    assert share(0, 0) is None


def test_the_brier_score_is_the_mean_squared_error():
    assert brier([True, False], [1.0, 0.0]) == 0
    assert brier([True, False], [0.5, 0.5]) == 0.25


@given(CASES, st.integers(1, 12))
def test_bins_hold_every_case_once_in_the_order_of_scores(cases, count):
    outcomes, scores = zip(*cases, strict=True)
    found = bins(outcomes, scores, count)
    assert sum(part.cases for part in found) == len(cases)
    assert sum(part.positives for part in found) == sum(outcomes)
    assert len(found) == min(count, len(cases))
    means = [part.mean_score for part in found]
    assert means == sorted(means)
    assert max(part.cases for part in found) - min(part.cases for part in found) <= 1


def test_the_calibration_error_is_zero_where_scores_come_true():
    assert expected_error([True, False] * 10, [0.5] * 20, 1) == 0
    assert expected_error([True] * 10, [0.7] * 10, 2) == pytest.approx(0.3)


def test_slope_and_intercept_tell_how_scores_are_off():
    chance = np.random.default_rng(2)
    logits = chance.normal(size=40_000)
    outcomes = (chance.random(40_000) < 1 / (1 + np.exp(-(0.5 + 2 * logits)))).tolist()
    slope, intercept = slope_and_intercept(outcomes, (1 / (1 + np.exp(-logits))).tolist())
    assert (slope, intercept) == pytest.approx((2, 0.5), abs=0.08)
    assert slope_and_intercept([True, True], [0.1, 0.2]) is None
    assert slope_and_intercept([True, False], [0.1, 0.1]) is None


def test_findings_are_sorted_and_a_figure_that_is_missing_is_null():
    subject = Subject("m", "0" * 16, "d")
    frame = as_frame([subject.finding("b", None, 0, "."), subject.finding("a", Estimate(1 / 3, 0.1, 0.9), 3, ".")])
    assert frame.schema == SCHEMA
    assert frame.select("metric", "value", "lower", "upper").rows() == [
        ("a", 0.333333, 0.1, 0.9),
        ("b", None, None, None),
    ]
    assert subject.finding("c", 2, 1, ".")["value"] == 2
