"""Card use by calendar month, from bookings and, if the bank has them, card purchases."""

import polars as pl

MONEY = pl.Decimal(18, 2)
MONTHS_BEFORE = 3


def credit_card_spending_patterns(
    cards: pl.LazyFrame,
    dispositions: pl.LazyFrame,
    purchases: pl.LazyFrame,
    transactions: pl.LazyFrame,
) -> pl.LazyFrame:
    """Return one row per card and month, from the month of issue to the last complete month."""
    held = card_holders(cards, dispositions)
    months = card_months(held, last_complete_month(transactions))
    return (
        months.join(bookings_by_month(transactions), on=["account_id", "month"], how="left", validate="m:1")
        .join(purchases_by_month(purchases), on=["card_id", "month"], how="left", validate="m:1")
        .join(purchases.select(pl.len().alias("recorded")), how="cross")
        .with_columns(
            pl.col("card_transactions").fill_null(0),
            pl.col("card_amount").fill_null(0),
            zero_where_recorded("purchase_transactions"),
            zero_where_recorded("purchase_amount"),
        )
        .with_columns(share_of_debits(), trend().alias("trend"))
        .drop("debits", "recorded")
        .sort("card_id", "month")
    )


def card_holders(cards: pl.LazyFrame, dispositions: pl.LazyFrame) -> pl.LazyFrame:
    """Return card_id, card_type, issued_month, party_id, account_id. A card belongs to a disposition."""
    # A card without a disposition keeps its row, with a null party that the contract counts and refuses.
    return cards.join(dispositions, on="disposition_id", how="left", validate="m:1").select(
        "card_id",
        "card_type",
        pl.col("issued_on").dt.truncate("1mo").alias("issued_month"),
        pl.col("client_id").alias("party_id"),
        "account_id",
    )


def last_complete_month(transactions: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row with `last_month`: the first day of the last month whose last day is complete."""
    as_of = pl.col("booking_date").filter(pl.col("is_day_complete")).max()
    return transactions.select(as_of.dt.offset_by("1d").dt.truncate("1mo").dt.offset_by("-1mo").alias("last_month"))


def card_months(held: pl.LazyFrame, last_month: pl.LazyFrame) -> pl.LazyFrame:
    """Return every month of every card, so that months without use are rows of zeros."""
    return (
        held.join(last_month, how="cross")
        .filter(pl.col("issued_month") <= pl.col("last_month"))
        .with_columns(pl.date_ranges("issued_month", "last_month", interval="1mo").alias("month"))
        .explode("month", empty_as_null=False, keep_nulls=False)
        .select("card_id", "card_type", "party_id", "account_id", "month")
    )


def bookings_by_month(transactions: pl.LazyFrame) -> pl.LazyFrame:
    """Return account_id, month, card_transactions, card_amount, debits (all debits of the month)."""
    by_card = pl.col("operation") == "CARD_WITHDRAWAL"
    return (
        transactions.filter(pl.col("direction") == "DEBIT")
        .group_by("account_id", pl.col("booking_month").alias("month"))
        .agg(
            by_card.sum().cast(pl.Int64).alias("card_transactions"),
            pl.col("amount").filter(by_card).sum().alias("card_amount"),
            pl.col("amount").sum().alias("debits"),
        )
    )


def purchases_by_month(purchases: pl.LazyFrame) -> pl.LazyFrame:
    """Return card_id, month, purchase_transactions, purchase_amount, top_merchant_category."""
    by_category = (
        purchases.with_columns(pl.col("purchased_on").dt.truncate("1mo").alias("month"))
        .group_by("card_id", "month", "merchant_category_code")
        .agg(pl.len().cast(pl.Int64).alias("transactions"), pl.col("amount").sum())
    )
    # Ties are broken by the code, so that two builds agree.
    return (
        by_category.sort(["amount", "merchant_category_code"], descending=[True, False])
        .group_by("card_id", "month", maintain_order=True)
        .agg(
            pl.col("transactions").sum().alias("purchase_transactions"),
            pl.col("amount").sum().alias("purchase_amount"),
            pl.col("merchant_category_code").first().alias("top_merchant_category"),
        )
    )


def zero_where_recorded(name: str) -> pl.Expr:
    """Return zero for a month without purchases if the bank records purchases at all, and null if it does not."""
    return pl.when(pl.col("recorded") > 0).then(pl.col(name).fill_null(0)).otherwise(pl.col(name)).alias(name)


def share_of_debits() -> pl.Expr:
    """Return card_amount divided by all debits of the account and month; null without debits."""
    debits = pl.when(pl.col("debits") > 0).then(pl.col("debits").cast(pl.Float64))
    return (pl.col("card_amount").cast(pl.Float64) / debits).alias("share_of_debits")


def trend() -> pl.Expr:
    """Return card_amount less the mean of the three months before, rounded half away from zero to two places."""
    # In whole hundredths, because a division of decimals loses places.
    hundredths = (pl.col("card_amount").cast(MONEY) * 100).cast(pl.Int64)
    before = [hundredths.shift(n).over("card_id", order_by="month") for n in range(1, MONTHS_BEFORE + 1)]
    threefold = hundredths * MONTHS_BEFORE - sum(before[1:], before[0])
    rounded = threefold.sign() * ((threefold.abs() * 2 + MONTHS_BEFORE) // (2 * MONTHS_BEFORE))
    return rounded.cast(pl.Decimal(38, 2)) / pl.lit(100).cast(pl.Decimal(38, 2))
