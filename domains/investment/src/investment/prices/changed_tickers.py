"""Tickers that belong to another company today than in older prices, with the day of the change.

Facts, as the companies announced their mergers and new tickers. A later portfolio that names such a ticker does not
hold the company of the older prices. So such a position is left out if its date is after the change and prices of the
window are before it.
"""

import datetime as dt
from typing import NamedTuple

import polars as pl


class ChangedTicker(NamedTuple):
    """A ticker that is no longer that of the old company from `changed_on` on."""

    ticker: str
    changed_on: dt.date
    what: str


def _changed(ticker: str, day: str, what: str) -> ChangedTicker:
    return ChangedTicker(ticker, dt.date.fromisoformat(day), what)


CHANGED_TICKERS: tuple[ChangedTicker, ...] = (
    _changed("APC", "2019-08-08", "Anadarko Petroleum, bought by Occidental; later ARKO Petroleum"),
    _changed("BBT", "2019-12-09", "BB&T, merged into Truist (TFC); later Beacon Financial"),
    _changed("CA", "2018-11-05", "CA Technologies, bought by Broadcom; later a municipal bond fund"),
    _changed("FB", "2022-06-09", "Facebook, now Meta Platforms (META); later a buffer fund"),
    _changed("FOX", "2019-03-19", "Twenty-First Century Fox, bought by Disney; since then Fox Corporation"),
    _changed("FOXA", "2019-03-19", "Twenty-First Century Fox, bought by Disney; since then Fox Corporation"),
    _changed("HCP", "2019-11-05", "HCP, then Healthpeak Properties (PEAK); later HashiCorp"),
    _changed("INFO", "2022-02-28", "IHS Markit, merged into S&P Global; later an exchange-traded fund"),
    _changed(
        "IR", "2020-03-02", "Ingersoll-Rand plc, now Trane Technologies (TT); since then the former Gardner Denver"
    ),
    _changed("LB", "2021-08-03", "L Brands, now Bath & Body Works (BBWI); later LandBridge"),
    _changed("PX", "2018-10-31", "Praxair, merged into Linde (LIN); later P10"),
    _changed("STI", "2019-12-09", "SunTrust Banks, merged into Truist (TFC); later Solidion Technology"),
    _changed("XL", "2018-09-12", "XL Group, bought by AXA; later XL Fleet"),
)


def changed_tickers() -> pl.LazyFrame:
    """Return the facts above. Columns: ticker, changed_on."""
    rows = [(change.ticker, change.changed_on) for change in CHANGED_TICKERS]
    return pl.LazyFrame(rows, schema={"ticker": pl.String, "changed_on": pl.Date}, orient="row")
