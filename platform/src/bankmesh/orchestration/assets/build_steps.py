"""Steps that build products and landings: a run of Dagster as the operation knows it, and its events as Dagster's."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.errors import BankmeshError
from bankmesh.lineage.openlineage.attempt_events import event_writer
from bankmesh.lineage.openlineage.event_spool import spool_folder
from bankmesh.orchestration.assets.asset_results import failure_metadata, refusal_metadata, report_event
from bankmesh.orchestration.assets.asset_specs import partitions_of_run
from bankmesh.orchestration.assets.run_tags import BACKFILL, accepted_shrink, confirms_unchanged
from bankmesh.orchestration.history.logged_versions import LoggedVersions
from bankmesh.products.build_run import BuildRun, StepRun
from bankmesh.products.errors import CandidateRefused
from bankmesh.products.inputs.pinned_inputs import pin_product
from bankmesh.products.product_operation import produce
from bankmesh.settings import lineage_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.orchestration.assets.asset_results import Result
    from bankmesh.products.build_types import Build
    from bankmesh.products.product_definition import ProductDefinition


def build_product(
    context: dg.AssetExecutionContext, product: ProductDefinition, home: Path, build: Build
) -> Iterator[Result]:
    """Materialise one product; a materialisation event always means *published*.

    Yields one check result for each clause, then the materialisation. Raises dg.Failure, which Dagster does not retry,
    if the gate fails or the user's transform does; nothing is published then.
    """
    run = BuildRun(
        step=step_run(context, product.asset, home),
        partitions=partitions_of_run(context, product.contract),
        reports=LoggedVersions(context.instance, home),
        pin=partial(pin_product, home),
        accepted=accepted_shrink(context, product.asset),
        confirms=confirms_unchanged(context),
    )
    try:
        with closing(produce(run, product, home, build)) as events:
            for event in events:
                try:
                    yield from report_event(context, product, event)
                except Exception as error:  # noqa: BLE001 - the attempt ends with it, as with any error of its own
                    events.throw(error)
    except CandidateRefused as refused:
        raise dg.Failure(str(refused), refusal_metadata(refused), allow_retries=False) from None
    except BankmeshError as error:
        raise dg.Failure(str(error), failure_metadata(error), allow_retries=False) from error


def step_run(context: dg.AssetExecutionContext, asset: str, home: Path) -> StepRun:
    """Return the attempt of a step that builds an asset (`retail/party`)."""
    run = context.run
    backfill = run.tags.get(BACKFILL)
    keep = event_writer(lineage_database(home), spool_folder(home), run.run_id, asset, context.log.warning)
    root = (backfill, "backfill") if backfill else (run.root_run_id, None) if run.root_run_id else None
    return StepRun(run.run_id, run.job_name, root, context.retry_number, keep)
