"""The vintage of each quote, and restatements by later ones.

The vendor applies a split to the whole history of a file, so prices of different files must not be mixed in one return:
a return is taken from the newest vintage that has both of its days.
"""

import polars as pl

from investment.prices.quotes import FIELDS

KEY = ("kind", "instrument_id", "day")


def newest(quotes: pl.LazyFrame) -> pl.LazyFrame:
    """Return each instrument's day once, from the newest vintage that has it, with its restatements.

    Adds vintage, restated, restated_in, restated_fields and superseded_close. A row that one file has twice is kept
    twice, so that the contract's key refuses it; choosing one would hide the fault.
    """
    taken = quotes.join(quotes.group_by(KEY).agg(pl.col("source_file").max()), on=[*KEY, "source_file"], how="semi")
    return (
        taken.join(restatements(quotes), on=list(KEY), how="left")
        .with_columns(
            vintage_name().alias("vintage"),
            pl.col("restated_in").is_not_null().alias("restated"),
            pl.col("restated_fields").fill_null([]),
        )
        .drop("source_file")
    )


def vintage_name() -> pl.Expr:
    """Return the vintage in a file's name, such as `2018-02`; else the whole name; null without a file."""
    file = pl.col("source_file")
    return pl.when(file != "").then(pl.coalesce(file.str.extract(r"vintage_([^.]+)\."), file))


def restatements(quotes: pl.LazyFrame) -> pl.LazyFrame:
    """Return the last restatement of each instrument's day, if any.

    Columns: kind, instrument_id, day, restated_in (the vintage of the current values), restated_fields (which of
    open, high, low, close, volume it changed, sorted), superseded_close (the value in the vintage before).
    """
    ordered = quotes.sort(*KEY, "source_file")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY)
    changed = [pl.when(pl.col(name).ne_missing(pl.col(name).shift(1))).then(pl.lit(name)) for name in sorted(FIELDS)]
    return (
        ordered.select(
            *KEY,
            same.alias("same"),
            vintage_name().alias("restated_in"),
            pl.concat_list(changed).list.drop_nulls().alias("restated_fields"),
            pl.col("close").shift(1).alias("superseded_close"),
        )
        .filter(pl.col("same") & (pl.col("restated_fields").list.len() > 0))
        .drop("same")
        .unique(KEY, keep="last", maintain_order=True)
    )


def calendar(quotes: pl.LazyFrame) -> pl.LazyFrame:
    """Return kind, day, day_before, day_next. A kind's days are those on which any instrument of it has a row."""
    days = quotes.select("kind", "day").unique().sort("kind", "day")
    day = pl.col("day")
    return days.with_columns(
        day.shift(1).over("kind").alias("day_before"), day.shift(-1).over("kind").alias("day_next")
    )


def price_returns(quotes: pl.LazyFrame) -> pl.LazyFrame:
    """Return one-day price returns. Columns: kind, instrument_id, day, price_return.

    close / close of the calendar's day before - 1, both from one vintage, the newest that has both. Without a close on
    either day there is no return, because a move over several days is not a one-day return.
    """
    by_vintage = quotes.sort("source_file", *KEY)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in ("source_file", "kind", "instrument_id"))
    close = pl.col("close").cast(pl.Float64)
    before = close.shift(1)
    return (
        by_vintage.select(
            *KEY,
            "source_file",
            same.alias("same"),
            pl.col("day").shift(1).alias("quoted_before"),
            pl.when(before > 0).then(close / before - 1).alias("price_return"),
        )
        .filter(pl.col("same") & pl.col("price_return").is_not_null())
        .join(calendar(quotes), on=["kind", "day"], how="inner")
        .filter(pl.col("quoted_before") == pl.col("day_before"))
        .sort(*KEY, "source_file")  # a join does not keep the order
        .unique(KEY, keep="last", maintain_order=True)
        .select(*KEY, "price_return")
    )


def with_neighbours(taken: pl.LazyFrame) -> pl.LazyFrame:
    """Add the columns of neighbouring rows that flags need, of the calendar and of the instrument.

    Columns: day_before, day_next (of the calendar), quoted_before, close_before, quoted_next (of the instrument's own
    rows), next_return (price_return of the calendar's next day).
    """
    instrument = KEY[:2]

    def beside(name: str, step: int) -> pl.Expr:
        same = pl.all_horizontal(pl.col(key) == pl.col(key).shift(step) for key in instrument)
        return pl.when(same).then(pl.col(name).shift(step))

    return (
        taken.join(calendar(taken), on=["kind", "day"], how="left")
        .sort(KEY)
        .with_columns(
            beside("day", 1).alias("quoted_before"),
            beside("close", 1).alias("close_before"),
            beside("day", -1).alias("quoted_next"),
            beside("price_return", -1).alias("next_return"),
        )
        .with_columns(
            pl.when(pl.col("quoted_next") == pl.col("day_next")).then(pl.col("next_return")).alias("next_return")
        )
    )
