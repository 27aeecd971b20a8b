"""The price vendor's files: the market with the vendor's faults, in two vintages.

Faults are as in the real file, in number and kind: missing fields, a high below its low, no volume, and
errors of one day. The earlier vintage ends half a year before the later one, without
the split that the later one applies to the whole history of one instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.draws import BoolArray, FloatArray, IntArray, stream
from demo_bank.instruments import DELISTED, LISTED, SPIN_OFF_PARENT, SPLIT_FACTOR, SPLIT_TICKER
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.market import Market

FOLDER: Final = "sp500_daily_prices"
VINTAGES: Final = {"2017-08": "2017-08-11", "2018-02": "2018-02-07"}
"""Vintage in the file's name, and its last day."""
MISSING_OPENS: Final = 6
MISSING_BARS: Final = 4  # of those: open, high and low are absent
ZERO_VOLUMES: Final = 2  # of those again
OUTSIDE: Final = 2  # closes above the day's high
ONE_DAY_ERRORS: Final = 5
ERROR_FACTORS: Final = (1.6, 0.55, 1.45, 0.6, 10.0)


Cells = tuple[IntArray, IntArray]
"""Days and instruments."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """The vendor's prices: the market's arrays with faults; `faulty` marks wrong closes."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: IntArray
    faulty: BoolArray


def write_files(folder: Path, market: Market, quotes: Quotes) -> dict[str, int]:
    """Write both vintages; return rows by file."""
    rows = {}
    for vintage, last_day in VINTAGES.items():
        name = f"all_stocks_5yr_vintage_{vintage}"
        frame = vintage_frame(market, quotes, last_day)
        rows[name] = write_csv(folder / f"{name}.csv.gz", [frame])
    return rows


def make_quotes(market: Market, seed: int) -> Quotes:
    """Add the vendor's faults to the market's prices.

    Faults are in the middle of a month and before the first vintage ends, each on an instrument of its own
    whose history is complete and without events.
    """
    rng = stream(seed, "price faults")
    count = MISSING_OPENS + 1 + OUTSIDE + ONE_DAY_ERRORS
    special = {*LISTED, *DELISTED, SPLIT_TICKER, SPIN_OFF_PARENT}
    plain = [place for place, share in enumerate(market.shares) if share.ticker not in special]
    share = rng.permutation(np.array(plain, dtype=np.int64))[:count]
    day = _mid_month_days(rng, market, count)
    groups = np.split(np.arange(count), np.cumsum([MISSING_OPENS, 1, OUTSIDE]))
    gaps, crossed, outside, errors = ((day[group], share[group]) for group in groups)
    quotes = Quotes(
        open=market.open.copy(),
        high=market.high.copy(),
        low=market.low.copy(),
        close=market.close.copy(),
        volume=market.volume.copy(),
        faulty=np.zeros_like(market.listed),
    )
    _leave_out(quotes, gaps)
    quotes.high[crossed], quotes.low[crossed] = market.low[crossed], market.high[crossed] + 0.01
    quotes.high[outside] = np.round(market.close[outside] * 0.99, 2)
    quotes.low[outside] = np.minimum(market.low[outside], quotes.high[outside])
    for prices in (quotes.open, quotes.high, quotes.low, quotes.close):
        prices[errors] = np.round(prices[errors] * np.array(ERROR_FACTORS), 2)
    quotes.faulty[errors] = True
    return quotes


def _leave_out(quotes: Quotes, gaps: Cells) -> None:
    """Remove opens, for some rows high and low as well, and for some of those the volume."""
    day, share = gaps
    quotes.open[gaps] = np.nan
    for prices in (quotes.high, quotes.low):
        prices[day[:MISSING_BARS], share[:MISSING_BARS]] = np.nan
    quotes.volume[day[:ZERO_VOLUMES], share[:ZERO_VOLUMES]] = 0


def _mid_month_days(rng: np.random.Generator, market: Market, count: int) -> IntArray:
    number = (market.days - market.days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    before = market.days < np.datetime64(VINTAGES["2017-08"]) - 40
    eligible = np.flatnonzero((number >= 8) & (number <= 20) & before)[20:]  # noqa: PLR2004
    return rng.choice(eligible, count, replace=False).astype(np.int64)


def vintage_frame(market: Market, quotes: Quotes, last_day: str) -> pl.DataFrame:
    """Return one vendor file's rows: by instrument, then by day; prices before a split as they were then."""
    shown = (market.listed & (market.days[:, None] <= np.datetime64(last_day))).T
    share, day = np.nonzero(shown)
    knows_split = last_day >= max(VINTAGES.values())
    is_split = np.array([s.ticker == SPLIT_TICKER for s in market.shares])[share]
    factor = np.where(is_split & (not knows_split), SPLIT_FACTOR, 1)
    prices = {
        name: np.round(values[day, share] * factor, 4)
        for name, values in (
            ("open", quotes.open),
            ("high", quotes.high),
            ("low", quotes.low),
            ("close", quotes.close),
        )
    }
    return pl.DataFrame(
        {
            "date": pl.Series(market.days[day]),
            **prices,
            "volume": quotes.volume[day, share] // factor,
            "Name": pl.Series([s.ticker for s in market.shares]).gather(share),
        }
    ).with_columns(pl.col("open", "high", "low", "close").fill_nan(None))
