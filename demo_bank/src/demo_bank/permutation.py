"""A bijection over a range of ids, so that ids are unique without a list of those already given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from demo_bank.draws import IntArray


class IdPermutation:
    """Maps 0..size-1 one to one onto 1..size, far from monotonically: x becomes (a·x + b) mod size, plus 1.

    Any 0 < a < size without a common factor with size is a bijection; a is taken near the golden section of
    the range, which keeps neighbours apart. Sizes up to 2³¹ fit the arithmetic of 64 bits.
    """

    LARGEST = 2**31

    def __init__(self, size: int, seed: int) -> None:
        """Choose the permutation of `size` ids that belongs to `seed`."""
        if not 1 <= size <= self.LARGEST:
            raise ValueError(f"a permutation is of 1 to {self.LARGEST} ids, not {size}")
        self.size = size
        self._factor = max(1, int(size * 0.6180339887498949))
        while math.gcd(self._factor, size) != 1:
            self._factor += 1
        self._offset = (seed * 2_654_435_761) % size

    def __call__(self, positions: IntArray) -> IntArray:
        """Return the ids at `positions`, each of 0..size-1."""
        if positions.size and not (positions.min() >= 0 and positions.max() < self.size):
            raise ValueError(f"positions beyond the {self.size} ids reserved")
        return np.asarray((positions * self._factor + self._offset) % self.size + 1, dtype=np.int64)
