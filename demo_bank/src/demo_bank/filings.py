"""Form 13F holdings of invented filers: `holdings.parquet` with 22 columns, and `filing_headers.csv`.

Quirks of the real compilation: values and headers in thousands, headers of another sum altogether, options
and principal amounts among the shares, positions without ticker, tickers without their dot, the same
position twice, `N/A` and `None` as words, a filing with an amendment, weights that do not sum to 100, a
filing later than 45 days, and shares that double with a split. Prices are those of the price file on the
last trading day of the quarter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.draws import FloatArray, stream
from demo_bank.filers import FILERS, PERIODS, Filer
from demo_bank.instruments import POINTED, SPLIT_DAY, SPLIT_FACTOR, SPLIT_TICKER
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.market import Market

FOLDER: Final = "sec_13f_holdings"
FIRST_CIK: Final = 9_100_003
PAGE: Final = 40  # rows of a page of a filing
LATE: Final = (2, 3)  # positions of filer and quarter
AMENDED: Final = (4, 2)  # two filings make it up
USUAL_DELAY, LATE_DELAY = 44, 61  # days after the end of the quarter; 45 are allowed
HOLDINGS: Final = {
    "cik": pl.String, "filer_name": pl.String, "period": pl.String, "accepted_at": pl.String,
    "accession": pl.String, "ticker": pl.String, "name": pl.String, "issuerId": pl.String, "cls": pl.String,
    "type": pl.String, "unit": pl.String, "value": pl.Int64, "shares": pl.Int64, "weight": pl.Float64,
    "price": pl.Float64, "action": pl.String, "dShares": pl.Int64, "dSharesPct": pl.Float64,
    "dValue": pl.Int64, "dValuePct": pl.Float64, "dWeightPp": pl.Float64, "flags": pl.String,
}  # fmt: skip
"""Columns and types of the holdings, as in the real file."""
_TEXTS: Final = ("ticker", "name", "cls")
POSITION: Final = ("name", "cls", "type", "unit", "nth")
UNLISTED: Final = (
    "ACRE:Acreline Timber", "BOWR:Bowrider Marine", "CINQ:Cinquefoil Mining", "DUSK:Duskfield Energy",
    ":Emberly Credit Fund", "FLAX:Flaxen Textiles", "None:Gorsebank Infrastructure", "HULM:Hulme Shipping",
    "ILEX:Ilexa Biologics", ":Jessamy Land",
)  # fmt: skip
"""Ticker and name of instruments that are not in the price file; some have no ticker, one the word None."""


def write_files(folder: Path, market: Market, seed: int) -> dict[str, int]:
    """Write holdings and headers; return rows by file."""
    holdings, headers = make_filings(market, seed)
    holdings.write_parquet(folder / "holdings.parquet", compression="zstd", statistics=False)
    return {
        "holdings": holdings.height,
        "filing_headers": write_csv(folder / "filing_headers.csv", [headers]),
    }


def make_filings(market: Market, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the holdings of every filer and quarter, and the page headers."""
    holdings, headers = [], []
    for number, filer in enumerate(FILERS):
        before: pl.DataFrame | None = None
        target = _portfolio(filer, market, seed)
        for place, period in enumerate(PERIODS):
            if place < filer.first_period:
                continue
            rng = stream(seed, f"filing {filer.name} {period}")
            rows = _rows(rng, filer, target, market, period, seed)
            filed = (number, place)
            facts = _facts(rng, number, filer, period, late=filed == LATE, amended=filed == AMENDED)
            changed = _with_changes(rows, before)
            holdings.append(changed.with_columns(pl.lit(value).alias(name) for name, value in facts.items()))
            headers.append(_headers(filer, facts, rows, has_prior=before is not None))
            before = rows
    whole = pl.concat(holdings).select(pl.col(name).cast(kind) for name, kind in HOLDINGS.items())
    first_null = pl.int_range(pl.len()) == 0  # one weight of the real file is absent
    return whole.with_columns(pl.when(~first_null).then("weight").alias("weight")), pl.concat(headers)


def _portfolio(filer: Filer, market: Market, seed: int) -> FloatArray:
    """Return the part of a filer's money in each listed instrument."""
    rng = stream(seed, f"portfolio {filer.name}")
    weight = rng.gamma(0.9, 1.0, len(market.shares)) + 0.05
    held = rng.random(len(market.shares)) < filer.share_held
    money = np.where(held, weight, 0.0)
    return np.asarray(money / max(money.sum(), 1.0) * _listed_part(filer), dtype=np.float64)


def _listed_part(filer: Filer) -> float:
    """Return the part of a filer's money that is in listed shares."""
    if filer.share_held == 0:
        return 0.0
    return 0.1 if filer.own else 0.9


def _rows(
    rng: np.random.Generator, filer: Filer, target: FloatArray, market: Market, period: str, seed: int
) -> pl.DataFrame:
    """Return one filing's positions in the filer's own figures, by name."""
    spelled = _as_filed(stream(seed, f"spelling {filer.name}"), [share.name for share in market.shares])
    listed = _listed(rng, filer, target, market, period, spelled)
    parts = [listed, _unlisted(rng, filer, stream(seed, f"unlisted {period}"))]
    if not filer.own:
        parts += [_options(rng, listed), _notes(rng, listed), _again(rng, listed)]
    rows = pl.concat(parts, how="vertical")
    nth = pl.int_range(pl.len()).over("name", "cls", "type", "unit").alias("nth")
    rows = rows.with_columns(nth, (pl.col("value") * filer.rows_times).round().cast(pl.Int64).alias("value"))
    total = pl.col("value").filter(pl.col("type") == "").sum()
    shown = pl.col("unit").eq("SH") & pl.col("type").eq("") & pl.col("shares").gt(0)
    return rows.with_columns(
        (pl.col("value") * 100 / total).round(4).alias("weight"),
        pl.when(shown).then((pl.col("value") / pl.col("shares")).round(2)).alias("price"),
    ).sort("name", "cls", "type", "unit", "nth")


def _frame(ticker: list[str | None], name: list[str], cls: list[str], kind: str, unit: str) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"ticker": ticker, "name": name, "cls": cls}, schema=dict.fromkeys(_TEXTS, pl.String)
    )
    return frame.with_columns(pl.lit(kind).alias("type"), pl.lit(unit).alias("unit"))


def _listed(
    rng: np.random.Generator,
    filer: Filer,
    target: FloatArray,
    market: Market,
    period: str,
    spelled: list[str],
) -> pl.DataFrame:
    day = int(np.searchsorted(market.days, np.datetime64(period), side="right")) - 1
    held = np.flatnonzero((target > 0) & market.listed[day])
    tickers = [market.shares[place].ticker for place in held]
    split = np.array([t == SPLIT_TICKER and period < SPLIT_DAY for t in tickers])
    price = market.close[day, held] * np.where(split, SPLIT_FACTOR, 1)
    money = filer.size * 1e6 * target[held] * np.exp(0.08 * rng.standard_normal(len(held)))
    shares = np.maximum(money / price, 1).astype(np.int64)
    classes = ["CL B" if t == POINTED else "COM" for t in tickers]
    without_point = [t.replace(".", "") if filer.name.isupper() else t for t in tickers]
    frame = _frame([*without_point], [spelled[place] for place in held], classes, "", "SH")
    return frame.with_columns(value=pl.Series(np.round(shares * price)), shares=pl.Series(shares))


def _as_filed(rng: np.random.Generator, names: list[str]) -> list[str]:
    """Spell issuers' names as one filer does: mostly in capitals, some with a suffix."""
    endings = rng.choice(["", " INC", " CORP", " CO"], len(names), p=[0.55, 0.25, 0.15, 0.05]).tolist()
    plain = (rng.random(len(names)) < 0.2).tolist()  # noqa: PLR2004
    return [
        name if is_plain else f"{name.upper()}{ending}"
        for name, ending, is_plain in zip(names, endings, plain, strict=True)
    ]


def _unlisted(rng: np.random.Generator, filer: Filer, quotes: np.random.Generator) -> pl.DataFrame:
    """Return positions that are not in the price file: a tenth of most filers, nearly all of some."""
    mine = UNLISTED if filer.own else UNLISTED[:: 3 + len(filer.name) % 3]
    # `own` filers have tickers that no other filer has, so there are no witnesses for them
    mark = filer.name[0] if filer.own else ""
    pairs = [line.split(":") for line in mine]
    tickers = [f"{ticker}{mark}" if ticker.isupper() else ticker or None for ticker, _ in pairs]
    names = [f"{name} {mark}".strip().upper() for _, name in pairs]
    names[-1] = "N/A"
    classes = ["COM"] * len(pairs)
    classes[0] = "None"
    money = filer.size * 1e6 * (1 - _listed_part(filer)) * rng.dirichlet(np.full(len(pairs), 4.0))
    price = quotes.uniform(8, 90, len(UNLISTED))[[UNLISTED.index(line) for line in mine]]
    shares = np.maximum(money / price, 1).astype(np.int64)
    frame = _frame(tickers, names, classes, "", "SH")
    return frame.with_columns(value=pl.Series(np.round(shares * price)), shares=pl.Series(shares))


def _some(rng: np.random.Generator, rows: pl.DataFrame, count: int) -> pl.DataFrame:
    drawn: pl.DataFrame = rows[rng.permutation(rows.height)[:count].tolist()]
    return drawn


def _options(rng: np.random.Generator, listed: pl.DataFrame) -> pl.DataFrame:
    """Return puts and calls on some of the shares: valued by their underlying, a few without ticker."""
    some = _some(rng, listed, max(2, listed.height // 6))
    kind = pl.Series(rng.choice(["Put", "Call"], some.height).tolist())
    unnamed = pl.Series(rng.random(some.height) < 0.3)  # noqa: PLR2004
    return some.with_columns(
        kind.alias("type"),
        pl.when(~unnamed).then("ticker").alias("ticker"),
        (pl.col("shares") // 1_000 * 100 + 100).alias("shares"),
        (pl.col("value") / pl.col("shares") * (pl.col("shares") // 1_000 * 100 + 100)).round().alias("value"),
    )


def _notes(rng: np.random.Generator, listed: pl.DataFrame) -> pl.DataFrame:
    """Return convertible notes: principal amounts, one of them marked as shares."""
    some = _some(rng, listed, 3)
    principal = rng.integers(1, 60, some.height) * 100_000
    return some.with_columns(
        pl.lit(None, dtype=pl.String).alias("ticker"),
        pl.lit("NOTE 2.500% 6/1").alias("cls"),
        pl.Series("unit", ["SH", *["PRN"] * (some.height - 1)]),
        pl.Series("value", np.round(principal * rng.uniform(0.8, 1.2, some.height))),
        pl.Series("shares", principal),
    )


def _again(rng: np.random.Generator, listed: pl.DataFrame) -> pl.DataFrame:
    """Return second lines of existing positions, as other managers of the same filer add them."""
    some = _some(rng, listed, 2)
    part = (pl.col("shares") // 5 + 1).alias("shares")
    return some.with_columns((pl.col("value") / pl.col("shares") * part).round().alias("value"), part)


def _facts(
    rng: np.random.Generator, number: int, filer: Filer, period: str, *, late: bool, amended: bool
) -> dict[str, str]:
    """Return the columns that a filing's rows have in common, headers included."""
    cik = f"{FIRST_CIK + 1_117 * number:010d}"
    delay = LATE_DELAY if late else int(rng.integers(20, USUAL_DELAY))
    day = np.datetime64(period) + delay
    serial = int(rng.integers(10, 900))
    serials = (serial, serial + 11) if amended else (serial,)
    accession = ",".join(f"{cik}-{str(day)[2:4]}-{one:06d}" for one in serials)
    return {
        "cik": cik,
        "filer_name": filer.name,
        "period": period,
        "accepted_at": f"{day}T{rng.integers(12, 22):02d}:{rng.integers(0, 60):02d}:00.000Z",
        "accession": accession,
    }


def _with_changes(rows: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    """Add issuer, flags, and the change against the quarter before, if there is one."""
    issuer = "i" + pl.col("name").str.to_lowercase().str.replace_all("[^a-z0-9]", "").str.pad_end(
        7, "0"
    ).str.head(7)
    principal = pl.when(pl.col("unit") == "PRN").then(pl.lit('["PRN_PRINCIPAL"]'))
    rows = rows.with_columns(issuer.alias("issuerId"))
    if before is None:
        absent = ("action", "dShares", "dSharesPct", "dValue", "dValuePct", "dWeightPp")
        return rows.with_columns(
            *(pl.lit(None).cast(HOLDINGS[n]).alias(n) for n in absent), principal.alias("flags")
        )
    known = before.select(*POSITION, was_shares="shares", was_value="value", was_weight="weight")
    both = rows.join(known, on=POSITION, how="left", maintain_order="left")
    d_shares, d_value = pl.col("shares") - pl.col("was_shares"), pl.col("value") - pl.col("was_value")
    action = pl.when(d_shares.is_null()).then(pl.lit("NEW")).when(d_shares > 0).then(pl.lit("ADDED"))
    doubled = (
        (pl.col("ticker") == SPLIT_TICKER)
        & (pl.col("type") == "")
        & (d_shares * 100 / pl.col("was_shares") > 60)  # noqa: PLR2004
    )
    return both.with_columns(
        action.when(d_shares < 0).then(pl.lit("TRIMMED")).otherwise(pl.lit("HELD")).alias("action"),
        d_shares.alias("dShares"),
        (d_shares * 100 / pl.col("was_shares")).round(3).alias("dSharesPct"),
        d_value.alias("dValue"),
        (d_value * 100 / pl.col("was_value")).round(3).alias("dValuePct"),
        (pl.col("weight") - pl.col("was_weight")).round(4).alias("dWeightPp"),
        pl.when(doubled).then(pl.lit('["SUSPECTED_SPLIT"]')).otherwise(principal).alias("flags"),
    ).drop("was_shares", "was_value", "was_weight")


def _headers(filer: Filer, facts: dict[str, str], rows: pl.DataFrame, *, has_prior: bool) -> pl.DataFrame:
    """Return a line for each page of a filing, with the totals that the filer states."""
    pages = -(-rows.height // PAGE)
    value = int(rows["value"].sum())
    total = value / filer.rows_times * filer.header_times * filer.header_of
    long_value = int(rows.filter(pl.col("type") == "")["value"].sum())
    return pl.DataFrame(
        {
            "cik": facts["cik"],
            "filer_name": filer.name,
            "period": facts["period"],
            "page": list(range(pages)),
            "pages": pages,
            "rows": [min(PAGE, rows.height - PAGE * page) for page in range(pages)],
            "total_positions": rows.height,
            "reported_total_usd": round(total),
            "value_long_usd": long_value,
            "prior_state": "PRIOR_OK" if has_prior else "NO_PRIOR",
            "accepted_at": facts["accepted_at"],
            "accessions": facts["accession"],
            "confidential_omitted": "true" if filer.name.startswith("Iron") else "false",
        },
        schema_overrides=dict.fromkeys(("reported_total_usd", "value_long_usd"), pl.Int64),
    )
