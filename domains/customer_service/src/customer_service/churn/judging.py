"""Evaluation of the inflow attrition model: its published scores against the outcomes of the test cut-off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from customer_service.churn.features import FEATURES, ONE_OFF_SHARE
from customer_service.churn.model import MODEL, matrix
from customer_service.judging.calibration import bins, brier, slope_and_intercept
from customer_service.judging.findings import Subject
from customer_service.judging.intervals import auc, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from customer_service.churn.experiment import Experiment
    from customer_service.churn.model import ChurnModel

BINS = 5
AUC_NOTE = "How often attrition scores above none; DeLong's variance, interval on the logit scale."


class SingleFeature(NamedTuple):
    """A feature as a score: unchanged, or negated if lower values mean attrition."""

    name: str
    sign: int


def judge_churn(model: ChurnModel | None, experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Return findings on the eligible parties at the test cut-off; none without a model or without a party."""
    cases = experiment.test_cases
    if model is None or cases.is_empty():
        return
    subject = Subject(MODEL, model.version, "eligible parties at the test cut-off", experiment.days.test)
    scores = model.score(cases)
    yield from _discrimination(subject, experiment.training, cases, scores)
    yield from _calibration(subject, experiment.training, cases, scores)
    yield from _one_off_deposits(subject, cases, scores)


def _discrimination(
    subject: Subject, training: pl.DataFrame, cases: pl.DataFrame, scores: list[float]
) -> Iterator[dict[str, Any]]:
    outcomes, count = _outcomes(cases), cases.height
    yield subject.finding("prevalence", share(sum(outcomes), count), count, "Share with attrition.")
    learnt = _outcomes(training)
    days = ", ".join(str(day) for day in training["cut_off"].unique().sort())
    note = f"Share with attrition among the training cases, at {days}."
    yield subject.finding("training_prevalence", share(sum(learnt), len(learnt)), len(learnt), note)
    yield subject.finding("auc", auc(outcomes, scores), count, AUC_NOTE)
    yield subject.finding("auc_constant", 0.5, count, "Baseline: the same score for every party, by definition.")
    single = best_single_feature(training)
    note = f"Baseline: {'less' if single.sign < 0 else 'more'} {single.name}, the best on the training cut-offs."
    alone = (cases[single.name] * single.sign).to_list()
    yield subject.finding("auc_best_single_feature", auc(outcomes, alone), count, note)
    linear = auc(outcomes, logistic_scores(training, cases))
    note = "Baseline: logistic regression on the same features."
    yield subject.finding("auc_logistic_regression", linear, count, note)


def _calibration(
    subject: Subject, training: pl.DataFrame, cases: pl.DataFrame, scores: list[float]
) -> Iterator[dict[str, Any]]:
    outcomes, count = _outcomes(cases), cases.height
    yield subject.finding("brier", brier(outcomes, scores), count, "Mean squared error of the scores.")
    learnt = _outcomes(training)
    constant = [sum(learnt) / len(learnt)] * count
    note = "Baseline: the prevalence of the training cut-offs for every party."
    yield subject.finding("brier_constant", brier(outcomes, constant), count, note)
    note = "Near the prevalence where calibrated in the large."
    yield subject.finding("mean_score", sum(scores) / count, count, note)
    slope, intercept = slope_and_intercept(outcomes, scores) or (None, None)
    note = "Of a logistic regression of the outcome on the score's logit, 1 if perfect; below, scores are too extreme."
    yield subject.finding("calibration_slope", slope, count, note)
    yield subject.finding("calibration_intercept", intercept, count, "Of that regression; 0 if perfect.")
    for number, part in enumerate(bins(outcomes, scores, BINS), start=1):
        note = f"Share with attrition in fifth {number} of the scores, whose mean is {part.mean_score:.4f}."
        yield subject.finding(f"calibration_{number}_of_{BINS}", share(part.positives, part.cases), part.cases, note)


def _one_off_deposits(subject: Subject, cases: pl.DataFrame, scores: list[float]) -> Iterator[dict[str, Any]]:
    scored = cases.with_columns(pl.Series("score", scores, dtype=pl.Float64))
    one_off = pl.col("largest_credit_share") >= ONE_OFF_SHARE
    followed = scored.filter("attrition_followed")
    for metric, among, of in (
        ("one_off_share", scored, "the eligible"),
        ("one_off_share_of_attrition", followed, "those with attrition"),
    ):
        part = among.filter(one_off).height
        note = f"Share of {of} whose largest credit was at least half of their inflow."
        yield subject.finding(metric, share(part, among.height), among.height, note)
    for metric, condition, who in (
        ("auc_with_one_off", one_off, "parties with such a credit"),
        ("auc_without_one_off", ~one_off, "parties without such a credit"),
    ):
        group = scored.filter(condition)
        area = auc(_outcomes(group), group["score"].to_list())
        yield subject.finding(metric, area, group.height, f"As auc, among {who}.")


def best_single_feature(training: pl.DataFrame) -> SingleFeature:
    """Return the single feature that best separates the outcomes of the training cut-offs, with its direction."""
    outcomes = _outcomes(training)
    areas = {name: found.value for name in FEATURES if (found := auc(outcomes, training[name].to_list()))}
    name = max(areas, key=lambda name: abs(areas[name] - 0.5))
    return SingleFeature(name, 1 if areas[name] >= 0.5 else -1)  # noqa: PLR2004 - the area of a coin


def logistic_scores(training: pl.DataFrame, cases: pl.DataFrame) -> list[float]:
    """Return the scores of the cases by logistic regression on standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    machine = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    machine.fit(matrix(training), training["attrition_followed"].to_numpy())
    return [float(value) for value in machine.predict_proba(matrix(cases))[:, 1]]


def _outcomes(cases: pl.DataFrame) -> list[bool]:
    return cases["attrition_followed"].to_list()
