"""Customers whose income moves to another bank, a little at a time: who, from when, and what is left.

Pensions stay, and so do borrowers, whose payments are taken from the account. Nobody leaves in the first
year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from demo_bank.calendar_days import MONTHS

if TYPE_CHECKING:
    from demo_bank.draws import BoolArray, FloatArray, IntArray

NEVER: Final = MONTHS + 1
LEAVES_A_MONTH: Final = 0.012  # of those who may
SETTLING_IN: Final = 12  # months
LEFT_AFTER: Final = (1.0, 0.8, 0.6, 0.4, 0.25, 0.15)
"""What is left of the income in the months from the last whole one on."""


def leaving_months(rng: np.random.Generator, opened: IntArray, may_leave: BoolArray) -> IntArray:
    """Return for each account the last month with the whole income, `NEVER` for those who stay.

    `opened` is the month number of opening.
    """
    last_whole = opened + SETTLING_IN + rng.geometric(LEAVES_A_MONTH, len(opened))
    return np.where(may_leave & (last_whole < MONTHS), last_whole, NEVER).astype(np.int64)


def income_left(leaves: IntArray, month: int) -> FloatArray:
    """Return what is left of each account's income in a month: 1 for those who stay."""
    since = np.clip(month - leaves, 0, len(LEFT_AFTER) - 1)
    return np.array(LEFT_AFTER)[since]
