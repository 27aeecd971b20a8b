"""All dbt models as assets, their tests as asset checks."""

# Dagster reads the annotations of a step, so they are not postponed.

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

project = DbtProject(
    project_dir=Path(__file__).parent / "dbt",
    target_path=Path(os.environ["BENCH_PLAIN"]) / "target",
)


@dbt_assets(manifest=project.manifest_path)
def bank_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build and test."""
    yield from dbt.cli(["build"], context=context).stream()
