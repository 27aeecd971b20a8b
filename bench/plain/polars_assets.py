"""The two products that are Polars functions; they read raw exports or dbt's tables and write DuckDB tables."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from retail.defs.credit_card_spending_patterns import transform as cards_transform
from retail.defs.party import transform as party_transform

MONEY = pl.Decimal(18, 2)


def database() -> str:
    """The DuckDB file that dbt writes as well."""
    return str(Path(os.environ["BENCH_PLAIN"]) / "bank.duckdb")


def export(name: str, separator: str, text_columns: tuple[str, ...]) -> pl.LazyFrame:
    """Read a raw export; `text_columns` are not parsed as numbers."""
    path = Path(os.environ["BANK_DATA"]) / name
    return pl.scan_csv(path, separator=separator, schema_overrides=dict.fromkeys(text_columns, pl.String))


def number_in(column: str) -> pl.Expr:
    """Parse the CRM's spellings of a client: C00000001, 1, 4587.0."""
    return pl.col(column).str.extract(r"([0-9]+)").cast(pl.Int64)


@dg.asset(kinds={"polars", "duckdb"})
def party() -> dg.MaterializeResult:
    """The party master."""
    clients = export("berka_pkdd99/client.asc.gz", ";", ("birth_number",))
    districts = export("berka_pkdd99/district.asc.gz", ";", ("A12", "A15")).select(
        pl.col("A1").alias("district_id"), pl.col("A2").alias("district_name"), pl.col("A3").alias("region")
    )
    crm = export("retail_banking_demo/completedclient.csv.gz", ",", ("client_id", "zipcode", "social", "phone"))
    crm_clients = crm.rename(
        {"first": "first_name", "middle": "middle_name", "last": "last_name"}
        | {"zipcode": "postal_code", "social": "national_id"}
    ).with_columns(number_in("client_id"))
    consents = export(
        "retail_banking_demo/crm_consent.csv.gz", ",", ("client_id", "purpose", "granted", "updated_at")
    ).select(number_in("client_id"), "purpose", pl.col("granted") == "true", pl.col("updated_at").str.to_datetime("%+"))
    frame = party_transform.party(clients, districts, crm_clients, consents).collect()
    return save(frame, "party")


@dg.asset(
    deps=["stg_cards", "stg_dispositions", "stg_card_purchases", "transaction_history"], kinds={"polars", "duckdb"}
)
def credit_card_spending_patterns() -> dg.MaterializeResult:
    """Card use by month."""
    with duckdb.connect(database(), read_only=True) as connection:
        cards, dispositions, purchases = (
            connection.sql(f"from {name}").pl().lazy()
            for name in ("stg_cards", "stg_dispositions", "stg_card_purchases")
        )
        transactions = connection.sql(
            "select account_id, booking_month, booking_date, direction, operation, amount, is_day_complete"
            " from transaction_history"
        ).pl()
    frame = cards_transform.credit_card_spending_patterns(cards, dispositions, purchases, transactions.lazy())
    money = pl.col("card_amount", "trend", "purchase_amount").cast(MONEY)
    return save(frame.with_columns(money).collect(), "credit_card_spending_patterns")


def save(frame: pl.DataFrame, table: str) -> dg.MaterializeResult:
    """Replace a table."""
    with duckdb.connect(database()) as connection:
        connection.execute(f"create or replace table {table} as from frame")
    return dg.MaterializeResult(metadata={"dagster/row_count": frame.height})
