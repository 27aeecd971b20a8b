"""The party master: core banking's clients, with contact data and consent from the CRM if it has them."""

import polars as pl

WOMEN = 50
"""Added to the month of a woman's birth number."""

CENTURY = 1900
"""Birth numbers have two digits for the year, all in the twentieth century."""

POSTAL_CODE_DIGITS = 5
MARKETING = "marketing_email"


def party(
    clients: pl.LazyFrame, districts: pl.LazyFrame, crm_clients: pl.LazyFrame, consents: pl.LazyFrame
) -> pl.LazyFrame:
    """Return one row per client of core banking; a client that is not in the CRM has null contact data."""
    return (
        clients.select(pl.col("client_id").alias("party_id"), "district_id", *birth())
        .join(districts.select("district_id", "district_name", "region"), on="district_id", how="left", validate="m:1")
        .join(contacts(crm_clients), on="party_id", how="left", validate="1:1")
        .join(marketing_consent(consents), on="party_id", how="left", validate="1:1")
        .sort("party_id")
    )


def birth() -> tuple[pl.Expr, pl.Expr]:
    """Return gender and birth_date from birth_number: YYMMDD, with 50 added to the month for women.

    A number that is not a date, such as 30 February, gives a null date, which the contract counts and refuses.
    """
    number = pl.col("birth_number")
    month = number.str.slice(2, 2).cast(pl.Int32)
    woman = month > WOMEN
    written = pl.format(
        "{}-{}-{}",
        number.str.slice(0, 2).cast(pl.Int32) + CENTURY,
        (month - pl.when(woman).then(WOMEN).otherwise(0)).cast(pl.String).str.zfill(2),
        number.str.slice(4, 2),
    )
    day = written.str.to_date("%Y-%m-%d", strict=False)
    gender = pl.when(woman).then(pl.lit("FEMALE")).otherwise(pl.lit("MALE"))
    return gender.alias("gender"), day.alias("birth_date")


def contacts(crm_clients: pl.LazyFrame) -> pl.LazyFrame:
    """Return contact data of each client of the CRM; district, gender and birth date come from core banking."""
    return crm_clients.select(
        pl.col("client_id").alias("party_id"),
        _joined("first_name", "middle_name", "last_name", separator=" ").alias("full_name"),
        _joined("address_1", "address_2", separator=", ").alias("address"),
        "city",
        "state",
        pl.col("postal_code").str.zfill(POSTAL_CODE_DIGITS),
        "phone",
        "email",
        "national_id",
    )


def _joined(*names: str, separator: str) -> pl.Expr:
    text = pl.concat_str(names, separator=separator, ignore_nulls=True)
    return pl.when(text != "").then(text)


def marketing_consent(consents: pl.LazyFrame) -> pl.LazyFrame:
    """Return party_id, marketing_opt_in (the latest decision; a refusal overrides a consent of the same time)."""
    return (
        consents.filter(pl.col("purpose") == MARKETING)
        .group_by(pl.col("client_id").alias("party_id"))
        .agg(pl.col("granted").sort_by("updated_at", pl.col("granted").not_()).last().alias("marketing_opt_in"))
    )
