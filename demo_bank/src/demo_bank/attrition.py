"""Customers whose income moves gradually to another bank: their accounts, the start, and the remaining share.

Pensions stay, and so do borrowers, whose payments are taken from the account. No customer leaves in the first
year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from demo_bank.calendar_days import MONTHS

if TYPE_CHECKING:
    from demo_bank.draws import BoolArray, FloatArray, IntArray

NEVER: Final = MONTHS + 1
LEAVES_A_MONTH: Final = 0.012  # of those that may leave
SETTLING_IN: Final = 12  # months
LEFT_AFTER: Final = (1.0, 0.8, 0.6, 0.4, 0.25, 0.15)
"""Remaining shares of the income in the months from the last full one on."""


def leaving_months(rng: np.random.Generator, opened: IntArray, may_leave: BoolArray) -> IntArray:
    """Return for each account the last month with the full income, `NEVER` for those that stay.

    `opened` is the month number of opening.
    """
    last_whole = opened + SETTLING_IN + rng.geometric(LEAVES_A_MONTH, len(opened))
    return np.where(may_leave & (last_whole < MONTHS), last_whole, NEVER).astype(np.int64)


def income_left(leaves: IntArray, month: int) -> FloatArray:
    """Return the remaining share of each account's income in a month: 1 for those that stay."""
    since = np.clip(month - leaves, 0, len(LEFT_AFTER) - 1)
    return np.array(LEFT_AFTER)[since]
