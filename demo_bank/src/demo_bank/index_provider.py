"""The index provider's files: today's members of the index, and spans of membership.

Quirks of the real files: several spans for one ticker, an open end for members, tickers of companies that
left long ago, share classes with a dot, and a year of foundation with a second one in brackets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank import names
from demo_bank.draws import stream
from demo_bank.instruments import DELISTED, LISTED, Instrument
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.market import Market

FOLDER: Final = "sp500_constituents"
FIRST_CIK: Final = 90_000_017
FORMER_MEMBERS: Final = tuple("ABRQ BLDR.A CORQ DMTL ELVQ FRSN GMLQ HRTQ KNTQ LSTR.W MLVQ PRTQ".split())
TWO_SPANS: Final = 5  # of members left the index once and came back
FIRST_SPAN: Final = np.datetime64("1996-01-02")
LATEST_FOUNDATION: Final = 2012


def write_files(folder: Path, market: Market, seed: int) -> dict[str, int]:
    """Write both files; return rows by file."""
    members = [share for share in market.shares if share.ticker not in DELISTED]
    return {
        "constituents_2018-02": write_csv(
            folder / "constituents_2018-02.csv", [_constituents(members, seed)]
        ),
        "sp500_ticker_start_end": write_csv(
            folder / "sp500_ticker_start_end.csv", [_spans(market.shares, seed)]
        ),
    }


def _constituents(members: list[Instrument], seed: int) -> pl.DataFrame:
    rng = stream(seed, "constituents")
    towns = names.places()
    town = [towns[place] for place in rng.permutation(len(towns))[: len(members)]]
    founded = rng.integers(1868, LATEST_FOUNDATION, len(members))
    renamed = rng.random(len(members)) < 0.08  # noqa: PLR2004
    added = FIRST_SPAN + rng.integers(0, 6_000, len(members))
    return pl.DataFrame(
        {
            "Symbol": [share.ticker for share in members],
            "Security": [share.name for share in members],
            "GICS Sector": [share.sector for share in members],
            "GICS Sub-Industry": [share.sub_industry for share in members],
            "Headquarters Location": [f"{city}, {state}" for city, state, *_ in town],
            "Date added": [
                LISTED.get(share.ticker, str(day)) for share, day in zip(members, added, strict=True)
            ],
            "CIK": FIRST_CIK + 31 * np.arange(len(members)),
            "Founded": [
                f"{LATEST_FOUNDATION} ({year})" if merged else str(year)
                for year, merged in zip(founded.tolist(), renamed.tolist(), strict=True)
            ],
        }
    )


def _spans(shares: list[Instrument], seed: int) -> pl.DataFrame:
    """Return ticker, start_date, end_date: by ticker and start; members have no end."""
    rng = stream(seed, "membership")
    returned = set(
        rng.permutation([share.ticker for share in shares if share.ticker not in LISTED])[:TWO_SPANS]
    )
    rows: list[tuple[str, str, str | None]] = []
    for ticker in [share.ticker for share in shares]:
        first = FIRST_SPAN + int(rng.integers(0, 4_000))
        if ticker in returned:
            left = first + int(rng.integers(200, 1_500))
            rows.append((ticker, str(first), str(left)))
            first = left + int(rng.integers(200, 600))
        rows.append((ticker, LISTED.get(ticker, str(first)), DELISTED.get(ticker)))
    for ticker in FORMER_MEMBERS:
        first = FIRST_SPAN + int(rng.integers(0, 3_000))
        rows.append((ticker, str(first), str(first + int(rng.integers(100, 3_000)))))
    return pl.DataFrame(rows, schema=["ticker", "start_date", "end_date"], orient="row").sort(
        "ticker", "start_date"
    )
