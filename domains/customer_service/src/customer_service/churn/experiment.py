"""The data of one model: for training, for evaluation, and for the current scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from customer_service.churn.cut_offs import CutOffs, cut_offs
from customer_service.churn.features import FEATURES, at_cut_off, outcomes_after

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True)
class Experiment:
    """Frames by cut-off.

    Attributes:
        days: the cut-offs.
        training: eligible parties at the training cut-offs: party_id, cut_off, features, attrition_followed.
        test: every party at the test cut-off, as `at_cut_off` gives it.
        outcomes: outcomes of the test cut-off: party_id, attrition_followed.
        current: every party on the last complete day.
    """

    days: CutOffs
    training: pl.DataFrame
    test: pl.DataFrame
    outcomes: pl.DataFrame
    current: pl.DataFrame

    @property
    def test_cases(self) -> pl.DataFrame:
        """Return eligible parties at the test cut-off with their outcomes, in the columns of `training`."""
        return _cases(self.test.lazy(), self.outcomes.lazy()).sort("party_id").collect()


def known_days(transactions: pl.LazyFrame) -> CutOffs | None:
    """Return the cut-offs that the bookings allow; None if no booking day is complete."""
    day = pl.col("booking_date")
    span = transactions.select(day.min().alias("first"), day.filter(pl.col("is_day_complete")).max().alias("last"))
    first, last = span.collect(engine="streaming").row(0)
    return None if last is None else cut_offs(first, last)


def prepare(
    transactions: pl.LazyFrame,
    accounts: pl.LazyFrame,
    parties: pl.LazyFrame,
    interactions: pl.LazyFrame,
    days: CutOffs,
) -> Experiment:
    """Build the frames: one lazy plan for each cut-off, each reading the months that it needs."""

    def known(day: dt.date) -> pl.LazyFrame:
        return at_cut_off(transactions, accounts, parties, interactions, day)

    plans = [_cases(known(day), outcomes_after(transactions, accounts, day)) for day in days.training]
    plans.append(known(days.test))
    plans.append(outcomes_after(transactions, accounts, days.test))
    plans.append(known(days.current))
    # One after another, so that memory is bounded by that of one cut-off.
    *training, test, outcomes, current = (plan.collect(engine="streaming") for plan in plans)
    nothing = _cases(test.lazy(), outcomes.lazy()).collect().clear()
    return Experiment(days, pl.concat([nothing, *training]).sort("cut_off", "party_id"), test, outcomes, current)


def _cases(features: pl.LazyFrame, outcomes: pl.LazyFrame) -> pl.LazyFrame:
    eligible = features.filter("eligible").select("party_id", "cut_off", *FEATURES)
    # Eligible parties had inflow before the cut-off, so there is always an outcome.
    return eligible.join(outcomes, on="party_id", how="inner", validate="1:1")
