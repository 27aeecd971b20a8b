"""Durations of service levels."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.parsing.durations import UNITS, seconds


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1, "s", 1),
        (1, "m", 60),
        (1.5, "h", 5_400),
        (1, "d", 86_400),
        (2, "w", 1_209_600),
        (1, "mo", 2_592_000),
        (1, "y", 31_536_000),
    ],
)
def test_a_unit_of_the_standard_has_its_seconds(value, unit, expected):
    assert seconds(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("1", "d"),
        (True, "d"),
        (None, "d"),
        (0, "d"),
        (-1, "d"),
        (math.nan, "d"),
        (math.inf, "d"),
        (1, None),
        (1, "M"),
        (10**40, "s"),
        (10**400, "s"),
        (1001, "y"),
    ],
    ids=str,
)
def test_anything_else_is_refused(value, unit):
    with pytest.raises(ValueError, match=r"allowed|positive|thousand"):
        seconds(value, unit)


@given(
    st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans()),
    st.one_of(st.sampled_from(sorted(UNITS)), st.text(), st.none()),
)
def test_a_duration_is_positive_and_fits_a_timedelta_or_is_refused(value, unit):
    try:
        found = seconds(value, unit)
    except ValueError:
        return
    assert found > 0
    timedelta(seconds=found)
