"""Quality flags of market prices. A flag informs readers: flagged rows are kept, and their values are not changed."""

import polars as pl

from investment.prices.quotes import PRICES, is_share

JUMP_REVERTED_FROM = 0.10
"""Minimum one-day move of a jump that reverts. Smaller moves of share prices revert in normal weeks too."""

JUMP_LEFT_OVER = 1 / 3
"""Maximum part of a jump that may remain after the next day for it to count as reverted.

Errors of one day return to the trend, which moves too; a true jump that is partly reversed the next day keeps more.
"""

JUMP_EXPLAINED_FROM = 0.05
"""Minimum move that a corporate action on its day explains; lower than above, since there is evidence."""

_PLACES = 9
"""Tolerance for floating point: a fall from 100 to 90 is a tenth, but not to the last bit."""

_BAR = ("EQUITY", "INDEX")


def flags() -> pl.Expr:
    """Return the sorted list of flags of a row.

    Reads kind, prices, volume, price_return, jump_explanation, and the columns of `vintages.with_neighbours`.
    """
    named = [pl.when(condition).then(pl.lit(name)) for name, condition in sorted(_conditions().items())]
    return pl.concat_list(named).list.drop_nulls().alias("flags")


def _conditions() -> dict[str, pl.Expr]:
    bar = pl.col("kind").is_in(_BAR)
    share = is_share()
    seen_before = pl.col("quoted_before").is_not_null()
    missing_bar = pl.any_horizontal(pl.col(name).is_null() for name in PRICES)
    return {
        "AFTER_GAP": seen_before & (pl.col("quoted_before") != pl.col("day_before")),
        "CLOSE_OUTSIDE_RANGE": bar & outside("close"),
        "HIGH_BELOW_LOW": bar & (pl.col("high") < pl.col("low")),
        "JUMP_EXPLAINED": pl.col("jump_explanation").is_not_null(),
        "JUMP_REVERTED": share & jump_reverted(),
        "LAST_QUOTE": pl.col("quoted_next").is_null() & pl.col("day_next").is_not_null(),
        "MISSING_FIELD": pl.col("close").is_null() | (bar & missing_bar) | (share & pl.col("volume").is_null()),
        "OPEN_OUTSIDE_RANGE": bar & outside("open"),
        "VINTAGE_SEAM": share
        & seen_before
        & (pl.col("quoted_before") == pl.col("day_before"))
        & (pl.col("close") > 0)
        & (pl.col("close_before") > 0)
        & pl.col("price_return").is_null(),
        "ZERO_VOLUME": share & (pl.col("volume") == 0),
    }


def outside(name: str) -> pl.Expr:
    """Return whether a price is above the day's high or below its low."""
    return (pl.col(name) > pl.col("high")) | (pl.col(name) < pl.col("low"))


def jump_reverted() -> pl.Expr:
    """Return whether a row moves by at least a tenth, of which at most a third remains after the next day."""
    move = pl.col("price_return").round(_PLACES)
    left_over = (1 + move) * (1 + pl.col("next_return")) - 1
    return (move.abs() >= JUMP_REVERTED_FROM) & (left_over.abs() <= JUMP_LEFT_OVER * move.abs())
