"""Great Expectations suites of the two Polars products, on pandas, as asset checks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import dagster as dg
import duckdb
import great_expectations as gx
import great_expectations.expectations as gxe

from bench.plain.polars_assets import database

if TYPE_CHECKING:
    from collections.abc import Iterable


@cache
def context() -> gx.data_context.EphemeralDataContext:
    """One ephemeral context."""
    return gx.get_context(mode="ephemeral")


def validate(table: str, expectations: Iterable[gxe.Expectation]) -> dg.AssetCheckResult:
    """Validate a table against a suite."""
    with duckdb.connect(database(), read_only=True) as connection:
        frame = connection.sql(f"from {table}").df()
    source = context().data_sources.add_or_update_pandas(table)
    batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(name=table, expectations=list(expectations))
    result = batch.get_batch({"dataframe": frame}).validate(suite)
    failed = [r.expectation_config.type for r in result.results if not r.success]
    return dg.AssetCheckResult(
        passed=bool(result.success), metadata={"failed": failed, "evaluated": len(result.results)}
    )


def column_of(table: str, column: str) -> list[int]:
    """Return the values that a foreign key may take."""
    with duckdb.connect(database(), read_only=True) as connection:
        return [value for (value,) in connection.sql(f"select {column} from {table}").fetchall()]


def required(*columns: str) -> list[gxe.Expectation]:
    """Columns without nulls."""
    return [gxe.ExpectColumnValuesToNotBeNull(column=column) for column in columns]


def not_negative(*columns: str) -> list[gxe.Expectation]:
    """Return expectations that columns are at least zero."""
    return [gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0) for column in columns]


@dg.asset_check(asset="party", blocking=True)
def party_expectations() -> dg.AssetCheckResult:
    """Return the suite of the party master."""
    return validate(
        "party",
        [
            gxe.ExpectTableRowCountToBeBetween(min_value=1),
            gxe.ExpectColumnValuesToBeUnique(column="party_id"),
            *required("party_id", "gender", "birth_date", "district_id", "district_name", "region"),
            gxe.ExpectColumnValuesToBeBetween(column="party_id", min_value=1),
            gxe.ExpectColumnValuesToBeBetween(column="district_id", min_value=1),
            gxe.ExpectColumnValuesToBeInSet(column="gender", value_set=["FEMALE", "MALE"]),
            gxe.ExpectColumnValuesToMatchRegex(column="postal_code", regex="^[0-9]{5}$"),
            gxe.ExpectColumnValuesToMatchRegex(column="email", regex="^[^@ ]+@[^@ ]+$"),
            *(
                gxe.ExpectColumnValuesToNotBeNull(
                    column="full_name", row_condition=f"{column}.notnull()", condition_parser="pandas"
                )
                for column in ("phone", "email", "address")
            ),
        ],
    )


@dg.asset_check(asset="credit_card_spending_patterns", additional_deps=["party", "account"], blocking=True)
def card_expectations() -> dg.AssetCheckResult:
    """Return the suite of card use by month."""
    return validate(
        "credit_card_spending_patterns",
        [
            gxe.ExpectTableRowCountToBeBetween(min_value=1),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["card_id", "month"]),
            *required("card_id", "card_type", "party_id", "account_id", "month", "card_transactions", "card_amount"),
            gxe.ExpectColumnValuesToBeInSet(column="card_type", value_set=["CLASSIC", "JUNIOR", "GOLD"]),
            gxe.ExpectColumnValuesToBeInSet(column="party_id", value_set=column_of("party", "party_id")),
            gxe.ExpectColumnValuesToBeInSet(column="account_id", value_set=column_of("account", "account_id")),
            *not_negative("card_transactions", "card_amount", "purchase_transactions", "purchase_amount"),
            gxe.ExpectColumnValuesToBeBetween(column="share_of_debits", min_value=0, max_value=1),
            gxe.ExpectColumnValuesToMatchRegex(column="top_merchant_category", regex="^[0-9]{4}$"),
        ],
    )
