"""Data of the index provider on a share and day: whether it was a member, and the company of the ticker."""

import polars as pl

from investment.prices.changed_tickers import changed_tickers


def membership_on(days: pl.LazyFrame, membership: pl.LazyFrame, constituents: pl.LazyFrame) -> pl.LazyFrame:
    """Return for each instrument_id and day of `days`: in_index, and company_name where it is certain.

    The provider names only today's companies, and tickers are reused by others. So a name is valid from the day
    since which the ticker has been a member without a break and, by `changed_tickers`, has not been another company's;
    before, and for shares that left the index, it is null. in_index is null for a ticker that never was a member.
    """
    spans = membership.select(
        pl.col("ticker").alias("instrument_id"), "member_from", "member_until", pl.lit(value=True).alias("known")
    ).sort("member_from")
    ever = spans.select("instrument_id").unique()
    inside = pl.col("known").fill_null(value=False) & (
        pl.col("member_until").is_null() | (pl.col("day") < pl.col("member_until"))
    )
    same_company = (pl.col("day") >= pl.col("changed_on")).fill_null(value=True)
    return (
        days.select("instrument_id", "day")
        .unique()
        .join(ever.with_columns(pl.lit(value=True).alias("ever")), on="instrument_id", how="inner")
        .sort("day")
        .join_asof(spans, left_on="day", right_on="member_from", by="instrument_id", check_sortedness=False)
        .join(_newest_names(constituents), on="instrument_id", how="left")
        .join(changed_tickers(), left_on="instrument_id", right_on="ticker", how="left")
        .select(
            "instrument_id",
            "day",
            inside.alias("in_index"),
            pl.when(inside & pl.col("member_until").is_null() & same_company)
            .then(pl.col("company_name"))
            .alias("company_name"),
        )
    )


def _newest_names(constituents: pl.LazyFrame) -> pl.LazyFrame:
    """Return instrument_id and company_name, from the newest file that has the ticker."""
    return (
        constituents.sort("source_file")
        .select(pl.col("ticker").alias("instrument_id"), "company_name")
        .unique("instrument_id", keep="last", maintain_order=True)
    )


def published_name() -> pl.Expr:
    """Return names of instruments that are not shares: the index, euro exchange rates, tenors of the Treasury."""
    series = pl.col("instrument_id")
    months = series.str.extract(r"DGS([0-9]+)MO$")
    years = series.str.extract(r"DGS([0-9]+)$")
    tenor = pl.coalesce(pl.format("{} months", months), pl.format("{} years", years))
    return (
        pl.when(pl.col("kind") == "INDEX")
        .then(pl.lit("CBOE Volatility Index"))
        .when(pl.col("kind") == "FX")
        .then(pl.format("{} for one euro", series))
        .when(pl.col("kind") == "YIELD")
        .then(pl.format("US Treasury constant maturity, {}", tenor))
    )
