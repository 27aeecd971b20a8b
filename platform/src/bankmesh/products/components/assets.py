"""A product definition as a Dagster asset."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from bankmesh.products.asset_specs import asset_spec, check_specs
from bankmesh.products.definition import ProductDefinition
from bankmesh.products.operation import Build, produce
from bankmesh.settings import current_settings

# No postponed annotations here: Dagster reads those of a step when it makes the asset.


def domain_definitions(assets: Sequence[dg.AssetsDefinition | dg.SourceAsset]) -> dg.Definitions:
    """What a component returns. Steps of a run share its process.

    A process for each step would import Great Expectations and dbt and load the code location each time, some eight
    seconds a product, and two steps at once would want all cores twice. Runs are processes of their own anyway.
    """
    return dg.Definitions(assets=list(assets), executor=dg.in_process_executor)


def product_asset(product: ProductDefinition, build: Build, near: Path) -> dg.AssetsDefinition:
    """One product as one step. `near` is a folder of the workspace; settings are read when the step runs."""
    spec = asset_spec(product)

    @dg.multi_asset(
        name="__".join(product.key.path),
        specs=[spec],
        check_specs=check_specs(product),
        partitions_def=spec.partitions_def,
        # A range of partitions is one build, one gate and one commit.
        backfill_policy=dg.BackfillPolicy.single_run() if spec.partitions_def else None,
    )
    def materialise(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        yield from produce(context, product, current_settings(near).home, build)

    return materialise
