"""The demo market: geometric random walks with a common factor, so that betas and risks are meaningful.

Arrays are days by instruments. A price is that of the later vendor file: adjusted for the split, not for
dividends. Where an instrument is not listed its price is not a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from demo_bank.draws import BoolArray, FloatArray, IntArray, stream
from demo_bank.instruments import (
    DELISTED,
    LISTED,
    SPIN_OFF_DAY,
    SPIN_OFF_PARENT,
    SPIN_OFF_SHARE,
    Instrument,
    instruments,
)
from demo_bank.market_calendar import FIRST_PRICE_DAY, LAST_PRICE_DAY, Days, new_york_days

FACTOR_VOLATILITY: Final = 0.0075  # a day; about 12 % a year
DRIFT: Final = 0.0003
TAIL: Final = 5  # degrees of freedom of the daily moves: fatter than normal, as share prices are
FOUR_DECIMALS: Final = 7  # every seventh instrument is quoted to a hundredth of a cent


@dataclass(frozen=True, slots=True)
class Market:
    """True prices, without the vendor's faults."""

    days: Days
    shares: list[Instrument]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: IntArray
    listed: BoolArray

    def column(self, ticker: str) -> int:
        """Return the position of an instrument."""
        return [share.ticker for share in self.shares].index(ticker)


def make_market(seed: int) -> Market:
    """Draw five years of prices; the size does not depend on the size of the bank."""
    rng = stream(seed, "market")
    days, shares = new_york_days(FIRST_PRICE_DAY, LAST_PRICE_DAY), instruments()
    listed = _listed(days, shares)
    moves = _moves(rng, days, shares)
    close = np.exp(np.log(rng.uniform(18, 160, len(shares))) + np.cumsum(moves, axis=0))
    own = np.abs(moves).mean(axis=0)
    before = np.vstack([close[:1], close[:-1]])
    opened = before * np.exp(0.35 * own * rng.standard_normal(close.shape))
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    high = top * np.exp(0.45 * own * np.abs(rng.standard_normal(close.shape)))
    low = bottom * np.exp(-0.45 * own * np.abs(rng.standard_normal(close.shape)))
    usual = np.exp(rng.uniform(np.log(4e5), np.log(1.5e7), len(shares)))
    volume = usual * rng.lognormal(0, 0.35, close.shape) * (1 + 12 * np.abs(moves))
    decimals = np.where(np.arange(len(shares)) % FOUR_DECIMALS == FOUR_DECIMALS - 1, 1e4, 1e2)
    prices = {"open": opened, "high": high, "low": low, "close": close}
    rounded = {
        name: np.where(listed, np.round(p * decimals) / decimals, np.nan) for name, p in prices.items()
    }
    return Market(days=days, shares=shares, volume=volume.astype(np.int64), listed=listed, **rounded)


def _moves(rng: np.random.Generator, days: Days, shares: list[Instrument]) -> FloatArray:
    """Return daily logarithmic moves: beta times the common factor, plus the instrument's own."""
    shape = (len(days), len(shares))
    unit = np.sqrt(TAIL / (TAIL - 2))
    factor = DRIFT + FACTOR_VOLATILITY * rng.standard_t(TAIL, (len(days), 1)) / unit
    own = rng.uniform(0.007, 0.018, len(shares)) * rng.standard_t(TAIL, shape) / unit
    moves: FloatArray = rng.uniform(0.5, 1.5, len(shares)) * factor + own
    moves[0] = 0
    spins_off = np.searchsorted(days, np.datetime64(SPIN_OFF_DAY))
    parent = [share.ticker for share in shares].index(SPIN_OFF_PARENT)
    moves[spins_off, parent] += np.log(1 - SPIN_OFF_SHARE)
    return moves


def _listed(days: Days, shares: list[Instrument]) -> BoolArray:
    first = np.array([LISTED.get(share.ticker, FIRST_PRICE_DAY) for share in shares], dtype="datetime64[D]")
    last = np.array([DELISTED.get(share.ticker, LAST_PRICE_DAY) for share in shares], dtype="datetime64[D]")
    return np.asarray((days[:, None] >= first) & (days[:, None] <= last), dtype=np.bool_)
