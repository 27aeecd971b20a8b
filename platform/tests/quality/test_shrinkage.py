"""Tolerances are exact, whatever the figures."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.shrink_tolerance import AcceptedShrink, CountChange, has_shrunk

counts = st.integers(0, 10**15)
tolerances = st.decimals(0, 99, allow_nan=False, places=3)


@given(counts, tolerances)
def test_the_least_figure_that_is_tolerated(before: int, tolerance: Decimal) -> None:
    thousandths = int((100 - tolerance) * 1000)
    least = -(-before * thousandths // 100_000)
    assert not has_shrunk(CountChange("rows", before, least), tolerance)
    if least > 0:
        assert has_shrunk(CountChange("rows", before, least - 1), tolerance)


@given(counts, counts, tolerances)
def test_what_grows_has_never_shrunk(before: int, more: int, tolerance: Decimal) -> None:
    assert not has_shrunk(CountChange("rows", before, before + more), tolerance)


def test_edges() -> None:
    assert not has_shrunk(CountChange("rows", 100, 95), 5)
    assert has_shrunk(CountChange("rows", 100, 94), 5)
    assert not has_shrunk(CountChange("rows", 0, 0), 0)


def test_a_decision_survives_its_json() -> None:
    decision = AcceptedShrink("a branch was sold", "Jana")
    assert AcceptedShrink.from_json(decision.to_json()) == decision
    assert AcceptedShrink.from_json(None) is None
