"""Published reference rates: the ECB's exchange rates, the Treasury's yields, and the volatility index.

Headings and quirks are those of the real files: a trailing comma and `N/A` for currencies that joined the
euro or were replaced, blanks on holidays, yields of 0.00 in the years of zero rates, and an index that
until 2004 has one number a day. The rates are random walks from round starting points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.draws import FloatArray, stream
from demo_bank.market_calendar import LAST_PRICE_DAY, Days, new_york_days, target_days, weekdays
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from pathlib import Path

ECB_FOLDER: Final = "ecb_fx_rates"
TREASURY_FOLDER: Final = "us_treasury_yields"
VIX_FOLDER: Final = "vix_daily"
CURRENCIES: Final = {
    "USD": 1.2, "JPY": 130, "BGN": 1.9558, "CYP": 0.58, "CZK": 27, "DKK": 7.45, "EEK": 15.6466, "GBP": 0.8,
    "HUF": 280, "LTL": 3.4528, "LVL": 0.7, "MTL": 0.43, "PLN": 4.2, "ROL": 38000, "RON": 4.2, "SEK": 9.3,
    "SIT": 239, "SKK": 38, "CHF": 1.3, "ISK": 95, "NOK": 8.4, "HRK": 7.5, "RUB": 40, "TRL": 1700000,
    "TRY": 2.3,
    "AUD": 1.5, "BRL": 2.9, "CAD": 1.45, "CNY": 8.4, "HKD": 9.6, "IDR": 13000, "ILS": 4.8, "INR": 65,
    "KRW": 1400, "MXN": 17, "MYR": 4.3, "NZD": 1.75, "PHP": 58, "SGD": 1.75, "THB": 43, "ZAR": 11,
}  # fmt: skip
"""Code and a starting point of about the right size, in the order of the columns."""
PEGGED: Final = ("BGN", "DKK", "EEK", "LTL")
QUOTED: Final = {
    "CYP": ("2004-01-02", "2007-12-31"), "MTL": ("2004-01-02", "2007-12-31"), "SIT": ("2004-01-02",
    "2006-12-29"),
    "SKK": ("2004-01-02", "2008-12-31"), "EEK": ("2004-01-02", "2010-12-31"), "LVL": ("2004-01-02",
    "2013-12-31"),
    "LTL": ("2004-01-02", "2014-12-31"), "ROL": ("2004-01-02", "2005-06-30"), "RON": ("2005-07-01",
    "2018-12-31"),
    "TRL": ("2004-01-02", "2004-12-31"), "TRY": ("2005-01-03", "2018-12-31"), "ISK": ("2004-01-02",
    "2008-12-09"),
    "ILS": ("2011-01-03", "2018-12-31"), "INR": ("2009-01-02", "2018-12-31"),
}  # fmt: skip
"""First and last day of quotation, where not the whole file; the days are historical facts."""
YIELDS: Final = {
    "DGS1MO": 0.8, "DGS3MO": 1.0, "DGS6MO": 1.2, "DGS1": 1.4, "DGS2": 1.8, "DGS5": 2.6, "DGS10": 3.4,
    "DGS20": 3.9,
    "DGS30": 4.1,
}  # fmt: skip
"""Series and mean yield in per cent; the shortest falls to zero for some years."""
ONE_NUMBER_UNTIL: Final = np.datetime64("2004-01-01")


def write_files(out: Path, seed: int) -> dict[str, int]:
    """Write the three publishers' files into their folders below `out`; return rows by file."""
    heading = f"Date,{','.join(CURRENCIES)},"
    path = out / ECB_FOLDER / "eurofxref-hist.csv.gz"
    rows = {"eurofxref-hist": write_csv(path, [exchange_rates(seed)], header=heading)}
    for name, frame in treasury_yields(seed).items():
        rows[name] = write_csv(out / TREASURY_FOLDER / f"{name}.csv.gz", [frame])
    path = out / VIX_FOLDER / "vix-daily.csv.gz"
    rows["vix-daily"] = write_csv(path, [volatility_index(seed)], line_end="\r\n", float_precision=6)
    return rows


def exchange_rates(seed: int) -> pl.DataFrame:
    """Return foreign currency per euro, newest day first; the last column has no name and no value."""
    rng = stream(seed, "exchange rates")
    days = target_days("2004-01-02", LAST_PRICE_DAY)
    start = np.array(list(CURRENCIES.values()))
    daily = np.where(np.isin(list(CURRENCIES), PEGGED), 0.00002, 0.0042)
    walk = _reverting_walk(rng, (len(days), len(start)), 0.0008) * daily
    rates = start * np.exp(walk)
    columns = {"Date": pl.Series(days[::-1]).cast(pl.String)}
    for place, code in enumerate(CURRENCIES):
        first, last = QUOTED.get(code, ("2004-01-02", "2018-12-31"))
        quoted = (days >= np.datetime64(first)) & (days <= np.datetime64(last))
        columns[code] = _five_digits(rates[:, place], quoted)[::-1]
    return pl.DataFrame(columns).with_columns(pl.lit(None, dtype=pl.String).alias(""))


def _reverting_walk(rng: np.random.Generator, shape: tuple[int, int], pull: float) -> FloatArray:
    """Return sums of normal moves that are pulled back to zero, so that long series keep their size."""
    moves = rng.standard_normal(shape)
    walk = np.zeros(shape[1])
    path = np.empty(shape)
    for day in range(shape[0]):
        walk = walk * (1 - pull) + moves[day]
        path[day] = walk
    return path


def _five_digits(rates: FloatArray, quoted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pl.Series:
    """Spell rates with about five significant digits, as they are fixed; `N/A` where there is none."""
    decimals = max(0, 4 - int(np.floor(np.log10(rates[0]))))
    rounded = pl.Series(np.round(rates, min(decimals, 4)))
    text = (rounded.cast(pl.Int64) if decimals == 0 else rounded).cast(pl.String)
    return text.set(pl.Series(~quoted), "N/A")


def treasury_yields(seed: int) -> dict[str, pl.DataFrame]:
    """Return each series: observation_date on every weekday, and the yield in per cent, null on holidays."""
    rng = stream(seed, "yields")
    days = weekdays("2005-01-03", LAST_PRICE_DAY)
    closed = ~np.isin(days, new_york_days("2005-01-03", LAST_PRICE_DAY))
    year = days.astype("datetime64[D]").astype(np.int64) / 365.25 + 1970
    # high before 2008, near zero until 2015, then rising: the shape of those years, not their figures
    level = np.interp(year, [2005, 2007, 2009, 2015.5, 2018.2], [2.2, 3.4, -0.55, -0.6, 0.3])
    common = _reverting_walk(rng, (len(days), 1), 0.01)[:, 0] * 0.035
    frames = {}
    for place, (name, mean) in enumerate(YIELDS.items()):
        reach = 1 - 0.09 * place  # long yields follow the short ones in part
        own = _reverting_walk(rng, (len(days), 1), 0.05)[:, 0] * 0.012
        value = np.maximum(mean + reach * (level + common) + own, 0.0)
        text = pl.Series([f"{number:.2f}" for number in value])
        frames[name] = pl.DataFrame({"observation_date": days, name: text.set(pl.Series(closed), None)})
    return frames


def volatility_index(seed: int) -> pl.DataFrame:
    """Return DATE, OPEN, HIGH, LOW, CLOSE of an index of expected volatility, in points."""
    rng = stream(seed, "volatility index")
    days: Days = new_york_days("2003-01-02", LAST_PRICE_DAY)
    close = 16 * np.exp(_reverting_walk(rng, (len(days), 1), 0.02)[:, 0] * 0.06)
    opened = np.append(close[:1], close[:-1]) * np.exp(0.02 * rng.standard_normal(len(days)))
    high = np.maximum(opened, close) * np.exp(0.03 * np.abs(rng.standard_normal(len(days))))
    low = np.minimum(opened, close) * np.exp(-0.03 * np.abs(rng.standard_normal(len(days))))
    one = days < ONE_NUMBER_UNTIL
    prices = {"OPEN": opened, "HIGH": high, "LOW": low, "CLOSE": close}
    return pl.DataFrame(
        {"DATE": days, **{name: np.round(np.where(one, close, p), 2) for name, p in prices.items()}}
    )
