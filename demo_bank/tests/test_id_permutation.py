"""The id permutation gives every id once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_bank.permutation import IdPermutation


@given(size=st.integers(1, 3000), seed=st.integers(0, 2**40))
def test_it_is_a_bijection(size: int, seed: int) -> None:
    ids = IdPermutation(size, seed)(np.arange(size))
    assert sorted(ids.tolist()) == list(range(1, size + 1))


@given(size=st.integers(2**20, IdPermutation.LARGEST), seed=st.integers(0, 2**40), data=st.data())
def test_large_ranges_do_not_overflow(size: int, seed: int, data: st.DataObject) -> None:
    permutation = IdPermutation(size, seed)
    positions = data.draw(st.lists(st.integers(0, size - 1), unique=True, max_size=50))
    ids = permutation(np.array([*positions], dtype=np.int64)).tolist()
    assert len(set(ids)) == len(ids)
    assert all(1 <= number <= size for number in ids)


def test_neighbours_are_far_apart() -> None:
    ids = IdPermutation(3_682_987, 1)(np.arange(1000))
    assert np.abs(np.diff(ids)).min() > 1_000_000


def test_positions_beyond_the_range_are_refused() -> None:
    with pytest.raises(ValueError, match="beyond the 10 ids"):
        IdPermutation(10, 1)(np.array([10]))
    with pytest.raises(ValueError, match="a permutation is of"):
        IdPermutation(0, 1)
