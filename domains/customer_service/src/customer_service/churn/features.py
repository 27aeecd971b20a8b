"""Features of each party on a cut-off day, and, separately, the outcomes after it.

Every input of `at_cut_off` is first filtered to the cut-off day. Sums are of whole hundredths and values are rounded,
so that results do not depend on the order of rows or the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from customer_service.churn.cut_offs import MINIMUM_TENURE_DAYS, WINDOW_MONTHS, months_from

if TYPE_CHECKING:
    import datetime as dt

FEATURES = {
    "log_inflow": "logarithm of the inflow of the four months, in hundredths",
    "inflow_growth": "logarithm of that inflow over the one of the four months before",
    "last_month_share": "share of the inflow that came in the last month",
    "last_half_share": "share of the inflow that came in the last two months",
    "largest_credit_share": "share of the inflow that the largest credit was",
    "largest_over_median": "logarithm of the largest credit over the median one",
    "credit_variation": "standard deviation of the credits over their mean; 0 with one credit",
    "log_credits": "logarithm of the number of credits",
    "months_with_credits": "calendar months of the window with a credit",
    "cash_share": "share of the inflow that was paid in as cash",
    "pension_share": "share of the inflow that was pension",
    "outflow_ratio": "logarithm of one plus outflow over inflow",
    "days_since_credit": "days since the last credit",
    "tenure_days": "days since the first account was opened",
    "interactions": "contacts of the twelve months before, by core banking's calendar",
}
"""Features of the model. Gender, age and place are left out: a score must not depend on personal characteristics."""

ONE_OFF_SHARE = 0.5
"""A party's largest credit is a one-off deposit if it is at least this share of the party's inflow."""

_PLACES = 9
_CONTACT_MONTHS = 12


def at_cut_off(
    transactions: pl.LazyFrame,
    accounts: pl.LazyFrame,
    parties: pl.LazyFrame,
    interactions: pl.LazyFrame,
    cut_off: dt.date,
) -> pl.LazyFrame:
    """Return one row per party: party_id, cut_off, eligible, reason and `FEATURES`, null if not eligible.

    A party is eligible if it owned an account opened at least 181 days before the cut-off, and had inflow in the four
    months before. reason: OWNS_NO_ACCOUNT (none opened by then), ACCOUNT_TOO_YOUNG or NO_INFLOW.
    """
    owned = owned_accounts(accounts, cut_off)
    opened = owned.group_by("party_id").agg(pl.col("opened_on").min())
    flows = inflow_features(bookings_of_owners(transactions, owned, cut_off, -2 * WINDOW_MONTHS, 0), cut_off)
    contacts = contact_counts(interactions, cut_off)
    known = (
        parties.select("party_id")
        .join(opened, on="party_id", how="left", validate="1:1")
        .join(flows, on="party_id", how="left", validate="1:1")
        .join(contacts, on="party_id", how="left", validate="1:1")
        .with_columns(
            pl.lit(cut_off).alias("cut_off"),
            reason(cut_off),
            (pl.lit(cut_off) - pl.col("opened_on")).dt.total_days().cast(pl.Float64).alias("tenure_days"),
            pl.col("interactions").fill_null(0).cast(pl.Float64),
        )
    )
    eligible = pl.col("reason").is_null()
    return known.select(
        "party_id",
        "cut_off",
        eligible.alias("eligible"),
        "reason",
        *(pl.when(eligible).then(pl.col(name).round(_PLACES)).alias(name) for name in FEATURES),
    )


def outcomes_after(transactions: pl.LazyFrame, accounts: pl.LazyFrame, cut_off: dt.date) -> pl.LazyFrame:
    """Return the columns party_id and attrition_followed: credits fell below half of those before the cut-off.

    Only parties with a credit in either window have a row. Covers accounts owned by the end of the outcome window.
    """
    end = months_from(cut_off, WINDOW_MONTHS)
    owned = owned_accounts(accounts, end)
    booked = bookings_of_owners(transactions, owned, cut_off, -WINDOW_MONTHS, WINDOW_MONTHS).filter(is_inflow())
    before = pl.col("booking_date") <= cut_off
    return booked.group_by("party_id").agg(
        (cents().filter(~before).sum() * 2 < cents().filter(before).sum()).alias("attrition_followed")
    )


def owned_accounts(accounts: pl.LazyFrame, day: dt.date) -> pl.LazyFrame:
    """Return accounts opened on the day or before: account_id, party_id (the owner), opened_on."""
    return accounts.filter(pl.col("opened_on") <= day).select(
        "account_id", pl.col("owner_party_id").alias("party_id"), "opened_on"
    )


def bookings_of_owners(
    transactions: pl.LazyFrame, owned: pl.LazyFrame, cut_off: dt.date, from_months: int, to_months: int
) -> pl.LazyFrame:
    """Return bookings on owned accounts between two offsets in months from the cut-off, exclusive and inclusive.

    The partition is filtered too, so that other months are not read.
    """
    after, until = months_from(cut_off, from_months), months_from(cut_off, to_months)
    day, month = pl.col("booking_date"), pl.col("booking_month")
    return (
        transactions.filter(month >= after.replace(day=1), month <= until, day > after, day <= until)
        .select("account_id", "booking_date", "direction", "operation", "category", "amount")
        .join(owned.select("account_id", "party_id"), on="account_id", validate="m:1")
    )


def is_inflow() -> pl.Expr:
    """Credits other than interest."""
    return (pl.col("direction") == "CREDIT") & pl.col("category").ne_missing("INTEREST")


def cents() -> pl.Expr:
    """The amount in whole hundredths."""
    return (pl.col("amount") * 100).cast(pl.Int64)


def inflow_features(booked: pl.LazyFrame, cut_off: dt.date) -> pl.LazyFrame:
    """Return party_id and the features of bookings; no row without inflow in the four months to the cut-off."""
    day = pl.col("booking_date")
    recent = day > months_from(cut_off, -WINDOW_MONTHS)
    credit = is_inflow() & recent
    amounts = cents().filter(credit)

    def inflow(condition: pl.Expr) -> pl.Expr:
        return cents().filter(condition).sum().cast(pl.Float64)

    sums = booked.group_by("party_id").agg(
        inflow(credit).alias("inflow"),
        inflow(is_inflow() & ~recent).alias("inflow_before"),
        inflow(credit & (day > months_from(cut_off, -1))).alias("last_month"),
        inflow(credit & (day > months_from(cut_off, -(WINDOW_MONTHS // 2)))).alias("last_half"),
        inflow(credit & (pl.col("operation") == "CASH_DEPOSIT")).alias("cash"),
        inflow(credit & (pl.col("category") == "PENSION")).alias("pension"),
        inflow((pl.col("direction") == "DEBIT") & recent).alias("outflow"),
        amounts.max().cast(pl.Float64).alias("largest"),
        amounts.median().alias("median"),
        # In one order, because a sum of floating-point numbers depends on it.
        amounts.cast(pl.Float64).sort().std().fill_null(0.0).alias("deviation"),
        amounts.len().cast(pl.Float64).alias("credits"),
        day.filter(credit).dt.truncate("1mo").n_unique().cast(pl.Float64).alias("months_with_credits"),
        day.filter(credit).max().alias("last_credit"),
    )
    return sums.filter(pl.col("inflow") > 0).select(
        "party_id", "months_with_credits", *(value.alias(name) for name, value in _ratios(cut_off).items())
    )


def _ratios(cut_off: dt.date) -> dict[str, pl.Expr]:
    inflow = pl.col("inflow")
    return {
        "log_inflow": inflow.log(),
        # One unit of currency is added on either side, in case there was no inflow before.
        "inflow_growth": ((inflow + 100) / (pl.col("inflow_before") + 100)).log(),
        "last_month_share": pl.col("last_month") / inflow,
        "last_half_share": pl.col("last_half") / inflow,
        "largest_credit_share": pl.col("largest") / inflow,
        "largest_over_median": (pl.col("largest") / pl.max_horizontal("median", 1.0)).log(),
        "credit_variation": pl.col("deviation") * pl.col("credits") / inflow,
        "log_credits": pl.col("credits").log(),
        "cash_share": pl.col("cash") / inflow,
        "pension_share": pl.col("pension") / inflow,
        "outflow_ratio": (pl.col("outflow") / inflow).log1p(),
        "days_since_credit": (pl.lit(cut_off) - pl.col("last_credit")).dt.total_days().cast(pl.Float64),
    }


def contact_counts(interactions: pl.LazyFrame, cut_off: dt.date) -> pl.LazyFrame:
    """Return party_id and interactions, by core banking's calendar: the CRM's is twenty years ahead."""
    day = pl.col("core_banking_date")
    return (
        interactions.filter(
            pl.col("party_id").is_not_null(), day > months_from(cut_off, -_CONTACT_MONTHS), day <= cut_off
        )
        .group_by("party_id")
        .agg(pl.len().cast(pl.Int64).alias("interactions"))
    )


def reason(cut_off: dt.date) -> pl.Expr:
    """Return the reason why a party is not eligible on the day; null if it is."""
    tenure = (pl.lit(cut_off) - pl.col("opened_on")).dt.total_days()
    return (
        pl.when(pl.col("opened_on").is_null())
        .then(pl.lit("OWNS_NO_ACCOUNT"))
        .when(tenure < MINIMUM_TENURE_DAYS)
        .then(pl.lit("ACCOUNT_TOO_YOUNG"))
        .when(pl.col("log_inflow").is_null())
        .then(pl.lit("NO_INFLOW"))
        .alias("reason")
    )
