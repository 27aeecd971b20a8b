"""The cut-off days of the model of attrition."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_service.churn.cut_offs import (
    MINIMUM_TENURE_DAYS,
    MOST_QUARTERS,
    cut_offs,
    latest_judgeable,
    months_from,
    quarter_ends_before,
)

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31))
FIRST = dt.date(1993, 1, 1)


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize("complete_through", ["1994-10-30", "1994-10-31"])
def test_two_years_of_bookings_give_one_test_and_three_training_cut_offs(complete_through):
    found = cut_offs(FIRST, day(complete_through))
    assert found.test == day("1994-06-30")
    assert found.training == (day("1993-09-30"), day("1993-12-31"), day("1994-02-28"))
    assert found.current == day(complete_through)


def test_a_long_history_is_learnt_from_for_two_years_only():
    found = cut_offs(FIRST, day("1998-12-31"))
    assert found.test == day("1998-08-31")
    assert found.training[-1] == day("1998-04-30")
    assert found.training[-2] == day("1998-03-31")
    assert len(found.training) == MOST_QUARTERS + 1


def test_a_history_that_is_too_short_has_nothing_to_learn_from():
    found = cut_offs(FIRST, day("1994-02-28"))
    assert (found.test, found.training) == (day("1993-10-31"), ())


@given(first=DAYS, length=st.integers(0, 3000))
def test_no_outcome_window_of_training_reaches_the_test_cut_off(first, length):
    last = first + dt.timedelta(days=length)
    found = cut_offs(first, last)
    assert months_from(found.test, 4) <= last == found.current
    assert all(months_from(training, 4) < found.test for training in found.training)
    assert all((training - first).days >= MINIMUM_TENURE_DAYS for training in found.training)
    assert list(found.training) == sorted(set(found.training))


@given(DAYS)
def test_the_latest_judgeable_day_is_the_latest(known_through):
    found = latest_judgeable(known_through)
    assert months_from(found, 4) <= known_through
    assert months_from(found + dt.timedelta(days=1), 4) > known_through


@given(DAYS, st.integers(0, 12))
def test_quarters_end_before_the_day(before, count):
    found = quarter_ends_before(before, count)
    assert len(found) == count
    assert all((end + dt.timedelta(days=1)).day == 1 and end.month % 3 == 0 for end in found)
    assert all(end < before for end in found)
    if found:
        assert months_from(found[-1] + dt.timedelta(days=1), 3) > before - dt.timedelta(days=1)


@given(DAYS, st.integers(-30, 30))
def test_months_are_counted_as_polars_counts_them(start, months):
    assert months_from(start, months) == pl.Series([start]).dt.offset_by(f"{months}mo")[0]
