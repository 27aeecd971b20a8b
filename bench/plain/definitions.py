"""The code location: dbt assets, Polars assets, their checks."""

from __future__ import annotations

import dagster as dg
from dagster_dbt import DbtCliResource

from bench.plain import expectations, polars_assets
from bench.plain.dbt_models import bank_models, project

defs = dg.Definitions(
    assets=[bank_models, polars_assets.party, polars_assets.credit_card_spending_patterns],
    asset_checks=[expectations.party_expectations, expectations.card_expectations],
    resources={"dbt": DbtCliResource(project_dir=project)},
)
