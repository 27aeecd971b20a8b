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
        returns: days by instruments; NaN without a return.
        flagged: days by instruments; whether a return touches a jump that the prices flag.
    """

    days: list[dt.date]
    instruments: list[str]
    returns: Floats
    flagged: npt.NDArray[np.bool_]

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Instruments with a return on every day."""
        return np.asarray(~np.isnan(self.returns).any(axis=0))

    @property
    def market(self) -> Floats:
        """The equal-weighted mean of the instruments with complete history; NaN without any."""
        whole = self.returns[:, self.complete]
        return whole.mean(axis=1) if whole.shape[1] else np.full(len(self.days), np.nan)


def read_history(returns: pl.DataFrame) -> History:
    """Return the arrays of `features.window_returns`."""
    moves, flagged = (_by_instrument(returns, name) for name in ("price_return", "flagged"))
    return History(
        days=moves["day"].to_list(),
        instruments=moves.columns[1:],
        returns=moves.drop("day").cast(pl.Float64).to_numpy(),
        flagged=flagged.drop("day").fill_null(value=False).to_numpy(),
    )


def _by_instrument(returns: pl.DataFrame, values: str) -> pl.DataFrame:
    return returns.pivot(on="instrument_id", index="day", values=values, sort_columns=True).sort("day")
