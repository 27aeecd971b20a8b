"""The history window as an array of returns."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from investment.risk.value_at_risk import Floats


@dataclass(frozen=True)
class History:
    """One-day price returns of shares in the window.

    Attributes:
        days: the window's days, sorted.
        instruments: names of the columns, sorted.
        returns: days by instruments; NaN where there is none.
        flagged: how many returns of each instrument are of a price flagged as a jump.
    """

    days: list[dt.date]
    instruments: list[str]
    returns: Floats
    flagged: npt.NDArray[np.int64]

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which instruments have a return on every day."""
        return np.asarray(~np.isnan(self.returns).any(axis=0))

    @property
    def market(self) -> Floats:
        """The equal-weighted mean of the instruments with complete history; NaN where there are none."""
        whole = self.returns[:, self.complete]
        return whole.mean(axis=1) if whole.shape[1] else np.full(len(self.days), np.nan)


def read_history(returns: pl.DataFrame) -> History:
    """The array of `features.window_returns`."""
    table = returns.pivot(on="instrument_id", index="day", values="price_return", sort_columns=True).sort("day")
    names = table.columns[1:]
    flagged = dict(returns.group_by("instrument_id").agg(pl.col("flagged").sum()).iter_rows())
    return History(
        days=table["day"].to_list(),
        instruments=names,
        returns=table.drop("day").cast(pl.Float64).to_numpy().reshape(table.height, len(names)),
        flagged=np.array([flagged[name] for name in names], dtype=np.int64),
    )
