"""A product definition as a Dagster asset."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dagster as dg

from bankmesh.names import step_of_asset
from bankmesh.orchestration.asset_keys import key_of
from bankmesh.orchestration.assets.asset_results import Result
from bankmesh.orchestration.assets.asset_specs import asset_spec, check_specs
from bankmesh.orchestration.assets.build_steps import build_product
from bankmesh.orchestration.mesh_resource import MESH, MeshResource, mesh_resource
from bankmesh.products.build_types import Build
from bankmesh.products.code.platform_version import platform_version
from bankmesh.products.inputs.loaded_inputs import cycle_through
from bankmesh.products.orphaned_products import OrphanedProduct
from bankmesh.products.product_definition import ProductDefinition
from bankmesh.products.retry_policy import MOST_RETRIES, is_disk_full, is_transient, seconds_to_wait
from bankmesh.settings import current_settings

# No postponed annotations here: Dagster reads those of a step when it builds the asset.

BUILDING = "building_products"
LANDING = "landing_files"
# Each pool admits one run at a time (`dagster.yaml`), because a single build already uses every core.


def domain_definitions(assets: Sequence[dg.AssetsDefinition | dg.SourceAsset]) -> dg.Definitions:
    """Return the definitions of a component, with an executor that runs the steps of a run in one process.

    A process for each step would import Great Expectations and dbt and load the code location each time, some eight
    seconds a product, and two steps at once would compete for all cores. Each run has its own process anyway.
    """
    return dg.Definitions(assets=list(assets), executor=dg.in_process_executor)


def product_asset(
    product: ProductDefinition, build: Build, near: Path, others: Iterable[ProductDefinition] = ()
) -> dg.AssetsDefinition:
    """Return one product as one step. `near` is a folder of the workspace; settings are read when the step runs.

    A product that depends on itself has no inputs in the graph, which Dagster could not order, and its step fails.
    `others` are products of the code location that may read it without a file that says so.
    """
    spec = asset_spec(product, near)
    platform_version()  # records the loaded code before another release is installed
    cycle = cycle_through(product, others, current_settings(near).root)
    if cycle is not None:
        spec = spec.replace_attributes(deps=[], automation_condition=None)

    @dg.multi_asset(
        name=product.contract.port_name.step,
        specs=[spec],
        check_specs=check_specs(product),
        partitions_def=spec.partitions_def,
        # A range of partitions is one build, one gate and one commit.
        backfill_policy=dg.BackfillPolicy.single_run() if spec.partitions_def else None,
        pool=BUILDING,
        resource_defs={MESH: mesh_resource(near)},
    )
    def materialise(context: dg.AssetExecutionContext, bankmesh: MeshResource) -> Iterator[Result]:
        if cycle is not None:
            raise dg.Failure(str(cycle), allow_retries=False)
        home = bankmesh.settings.home
        yield from retry_transient_faults(context, home, build_product(context, product, home, build))

    return materialise


def orphaned_asset(error: OrphanedProduct) -> dg.AssetsDefinition:
    """Return the asset of a product without contract: it stays in the graph, and its run fails with what to do next.

    It has no inputs, condition, schedule or partitions, so nothing but a person or `mesh run` starts it.
    """
    key = key_of(error.product)
    spec = dg.AssetSpec(key, description=str(error), group_name=error.product.domain, skippable=True)

    # The name of a product without contract may hold characters that a step name may not.
    @dg.multi_asset(name=re.sub(r"\W", "_", step_of_asset(key.to_user_string())), specs=[spec])
    def refuse(_context: dg.AssetExecutionContext) -> Iterator[Result]:
        raise dg.Failure(str(error), allow_retries=False)

    return refuse


def retry_transient_faults(
    context: dg.AssetExecutionContext, home: Path, results: Iterator[Result]
) -> Iterator[Result]:
    """Yield a step's results; a transient fault requests a retry from Dagster, and a full disk is a plain failure.

    Raises dg.RetryRequested, dg.Failure, or what the step itself raises.
    """
    try:
        yield from results
    except Exception as error:
        if is_disk_full(error):
            raise dg.Failure(description=_disk_full(home), allow_retries=False) from error
        retry = context.retry_number + 1
        if not is_transient(error) or retry > MOST_RETRIES:
            raise
        wait = seconds_to_wait(retry)
        context.log.warning(f"{_kind(error)}: a transient fault; the step is retried in {wait:.0f} s.")
        raise dg.RetryRequested(max_retries=MOST_RETRIES, seconds_to_wait=wait) from error


def _kind(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, dg.Failure) and error.__cause__ else error
    return type(cause).__name__


def _disk_full(home: Path) -> str:
    return (
        f"The disk is full: nothing could be written to {home}, and nothing was published. The step is not retried. "
        "Free some space (`mesh expire` removes old candidates and versions), then run it again."
    )
