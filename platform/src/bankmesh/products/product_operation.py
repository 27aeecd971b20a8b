"""The one operation that every product goes through: pin, build, gate, publish, report.

It is a generator of Dagster results, so that a step yields every check result before anything is published. It depends
on neither dbt nor Polars: a `Build` writes the candidate.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import dagster as dg

from bankmesh.contracts.build_casts import CastsRefused
from bankmesh.contracts.clause_rules import Volume
from bankmesh.contracts.column_types import arrow_schema
from bankmesh.errors import BankmeshError, NotPublished, PublishConflict
from bankmesh.fault_points import reached
from bankmesh.ports import Provenance, connect, keep_contract, latest, measure_files, port_at, publish, stage
from bankmesh.products.assets import asset_results
from bankmesh.products.assets.asset_specs import partitions_of_run
from bankmesh.products.assets.shrink_acceptance import accepted_shrink
from bankmesh.products.candidates import gate_relations, port_settings
from bankmesh.products.candidates.candidate_files import require_rows
from bankmesh.products.candidates.clause_scope import widen_warned
from bankmesh.products.code.platform_version import platform_version
from bankmesh.products.inputs import input_snapshot
from bankmesh.products.inputs.classification_flow import flow_of_build
from bankmesh.products.inputs.partition_fingerprints import fingerprints_of
from bankmesh.products.orphaned_products import refuse_orphaned_inputs
from bankmesh.products.runner.cancellation import stoppable
from bankmesh.products.versions import attempt_lineage, attempt_recovery, product_lineage, restored_versions
from bankmesh.products.versions.confirmed_versions import (
    ConfirmedVersion,
    confirm_version,
    confirms_unchanged,
    examine,
    recipe_of,
)
from bankmesh.products.versions.staleness import Staleness
from bankmesh.quality.gate import evaluate, refuse_casts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.lineage.model import StepLineage
    from bankmesh.lineage.openlineage.attempt_events import Attempt
    from bankmesh.ports import Candidate, CandidateFiles, Port, Publication
    from bankmesh.products.build_result import BuildResult
    from bankmesh.products.inputs.input_snapshot import PinnedInput
    from bankmesh.products.inputs.partition_fingerprints import Fingerprints
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.quality.gate import ClassificationFlow, GateRelations, GateResult


@dataclass(frozen=True)
class BuildRequest:
    """The arguments of a build: pinned inputs, the folder to write to, and the partitions to write (None: all rows).

    `shows_errors` is for trials on synthetic rows: errors of the user's code are shown in full, although they may quote
    values.
    """

    inputs: Mapping[str, PinnedInput]
    target: Path
    partitions: tuple[str, ...] | None
    shows_errors: bool = False


class Build(Protocol):
    """Writes the candidate's Parquet files into `request.target`, cast to the contract's types."""

    def __call__(self, request: BuildRequest) -> BuildResult:
        """Raises TransformError if the user's code fails or delivers other columns, CastsRefused for other types."""


@dataclass(frozen=True)
class _Attempt:
    """The state of this run of one product before its candidate is built.

    `partitions` are those to build, among all that the run covers (`run_partitions`); None for a product without.
    """

    product: ProductDefinition
    home: Path
    port: Port
    inputs: Mapping[str, PinnedInput]
    references: Mapping[str, PinnedInput]
    partitions: tuple[str, ...] | None
    run_partitions: tuple[str, ...] | None
    run_id: str
    retry: int
    accepted: AcceptedShrink | None

    @property
    def read(self) -> tuple[PinnedInput, ...]:
        """What the transform reads and what foreign keys are looked up in, each once."""
        return tuple({item.source: item for item in (*self.references.values(), *self.inputs.values())}.values())

    @property
    def vector(self) -> dict[str, int | str]:
        """The snapshot vector: the version of everything that is read."""
        return input_snapshot.vector({**self.references, **self.inputs})

    def fingerprints(self) -> Fingerprints:
        """Return the fingerprint of what each partition is built from, by input that is read by partition."""
        return fingerprints_of(self.product, self.inputs.values(), self.home)


def produce(
    context: dg.AssetExecutionContext, product: ProductDefinition, home: Path, build: Build
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:  # fmt: skip
    """Materialise one product; a materialisation event always means *published*.

    Yields one check result for each clause, then the materialisation. Raises dg.Failure, which Dagster
    does not retry, if the gate fails or the user's transform does; nothing is published then.
    """
    try:
        yield from _produce(context, product, home, build)
    except BankmeshError as error:
        raise dg.Failure(str(error), asset_results.failure_metadata(error), allow_retries=False) from error


def _produce(
    context: dg.AssetExecutionContext, product: ProductDefinition, home: Path, build: Build
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
    port = port_at(home, product.contract.product, product.contract.major)
    attempt_recovery.skip_lost_versions(context.instance, product.key, port)
    restored_versions.report_version(context.instance, home, product.contract)
    # Staged before the inputs are pinned: a version published from here on counts as published in between.
    candidate = stage(port)
    try:
        restored_versions.check_hold(port, product.code_version)
    except restored_versions.HeldProduct:
        shutil.rmtree(candidate.path)
        raise
    partitions = partitions_of_run(context, product.contract)
    try:
        attempt = _prepare(context, product, home, port, partitions)
    except NotPublished:
        with attempt_lineage.of_unpinned(context, product, port, home, partitions):
            raise
    if confirms_unchanged(context):
        found = _confirm(context, attempt)
        if isinstance(found, ConfirmedVersion):
            shutil.rmtree(candidate.path)
            yield from asset_results.report_confirmation(context, product, found.publication, found.at)
            return
        attempt = replace(attempt, partitions=found.partitions or attempt.partitions)
    with attempt_lineage.of_product(context, product, port, home, attempt.partitions, attempt.read) as report:
        yield from _carry_out(context, attempt, candidate, build, report)


def _confirm(context: dg.AssetExecutionContext, attempt: _Attempt) -> ConfirmedVersion | Staleness:
    """Confirm the newest version if this attempt would publish it again; else return what has to be built."""
    product, home = attempt.product, attempt.home
    recipe = recipe_of(product, attempt.vector, attempt.partitions, attempt.fingerprints)
    examined = examine(context.instance, product, home, recipe)
    reached("examined")
    found = confirm_version(product, home, examined)
    if isinstance(found, Staleness):
        context.log.info(f"{product.contract.port} is built: {found.why}.")
    return found


def _carry_out(
    context: dg.AssetExecutionContext, attempt: _Attempt, candidate: Candidate, build: Build, report: Attempt
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
    product = attempt.product
    unreported = attempt_recovery.find_unreported(context.instance, product.key, attempt.port)
    if unreported and attempt_recovery.answers(unreported, attempt.vector, product.code_version, attempt.partitions):
        shutil.rmtree(candidate.path)
        context.log.info(attempt_recovery.explain(product, unreported))
        report.complete(product_lineage.published(unreported, product.contract))
        asset_results.add_details(context, product, unreported)
        yield from asset_results.report_publication(product, unreported, attempt.run_partitions, recovered=True)
        return
    for event in asset_results.late_materializations(product, unreported) if unreported else ():
        context.log_event(event)

    reached("staged")
    started = time.perf_counter()
    try:
        with _removed_if_stopped(candidate), stoppable():
            built = build(BuildRequest(attempt.inputs, candidate.path, attempt.partitions))
    except CastsRefused as refused:
        yield from _refuse(attempt, candidate, refuse_casts(product.contract, refused.losses))
        return
    lineage = built.lineage.renamed({name: item.source.ref for name, item in attempt.inputs.items()})
    built_in = time.perf_counter() - started
    reached("built")
    files = measure_files(
        candidate,
        arrow_schema(product.contract),
        partition_column=port_settings.partition_column(product.contract),
        stats_columns=port_settings.statistics_columns(product.contract),
    )
    require_rows(product.contract, candidate.path, files, built.rows)
    flow = flow_of_build(product.contract, lineage, attempt.inputs.values())
    with _removed_if_stopped(candidate):
        gate, pictures = _gate_and_draw(attempt, candidate, files, built.losses, flow)
    reached("gated")
    report.ending = product_lineage.gated(files, gate, lineage, built.code)
    if not gate.publishable:
        yield from _refuse(attempt, candidate, gate)
        return
    yield from asset_results.check_results(product, gate, attempt.partitions, attempt.run_partitions)
    publication = _publish(attempt, candidate, files, gate, lineage)
    reached("published")
    report.complete(product_lineage.with_publication(report.ending, publication))
    context.log.info(asset_results.summary(product, publication, gate, built_in))
    asset_results.add_details(context, product, publication, pictures)
    yield asset_results.materialize_result(product, publication, gate, built_in, attempt.run_partitions)
    reached("reported")


def _refuse(attempt: _Attempt, candidate: Candidate, gate: GateResult) -> Iterator[dg.AssetCheckResult]:
    """Report every clause of a candidate that is not published. Raises dg.Failure, which Dagster does not retry."""
    yield from asset_results.check_results(attempt.product, gate, attempt.partitions, attempt.run_partitions)
    raise dg.Failure(
        description=asset_results.explain_refusal(attempt.product, gate, candidate.path),
        metadata=asset_results.refusal_metadata(gate, candidate.path),
        allow_retries=False,
    )


@contextmanager
def _removed_if_stopped(candidate: Candidate) -> Iterator[None]:
    """Remove a candidate whose run is stopped; one that failed is kept for inspection."""
    try:
        yield
    except KeyboardInterrupt:
        shutil.rmtree(candidate.path, ignore_errors=True)
        raise


def _prepare(
    context: dg.AssetExecutionContext,
    product: ProductDefinition,
    home: Path,
    port: Port,
    partitions: tuple[str, ...] | None,
) -> _Attempt:
    references = gate_relations.referenced_inputs(product.contract.clauses)
    sources = {*product.inputs.values(), *references.values()}
    refuse_orphaned_inputs(product.contract, sources)
    # Each source once, so that the transform and the gate see the same version of it.
    pinned = input_snapshot.pin(home, sources)
    return _Attempt(
        product=product,
        home=home,
        port=port,
        inputs={name: pinned[source] for name, source in product.inputs.items()},
        references={name: pinned[source] for name, source in references.items()},
        partitions=partitions,
        run_partitions=partitions,
        run_id=context.run.run_id,
        retry=context.retry_number,
        accepted=accepted_shrink(context, product.key),
    )


def _gate_and_draw(
    attempt: _Attempt,
    candidate: Candidate,
    files: CandidateFiles,
    losses: tuple[CastLoss, ...],
    flow: ClassificationFlow,
) -> tuple[GateResult, dict[str, str]]:
    """Evaluate the gate; if it passes, also render the charts.

    Charts are rendered before the commit, so that a failure here cannot leave a published version unreported.
    """
    contract, published = attempt.product.contract, latest(attempt.port)
    if attempt.partitions is not None:
        contract = widen_warned(contract, published)
    with connect() as connection, stoppable(connection.interrupt):
        compared = _relations(attempt, candidate, files, published, losses, flow)
        gate = evaluate(contract, compared, connection)
        if not gate.publishable:
            return gate, {}
        return gate, asset_results.pictures(contract, candidate.path, compared.table or compared.candidate, connection)


def _gate_again(
    attempt: _Attempt, candidate: Candidate, files: CandidateFiles, published: Publication, only: frozenset[str]
) -> GateResult:
    with connect() as connection:
        compared = _relations(attempt, candidate, files, published, ())
        return evaluate(attempt.product.contract, compared, connection, only)


def _relations(
    attempt: _Attempt,
    candidate: Candidate,
    files: CandidateFiles,
    published: Publication | None,
    losses: tuple[CastLoss, ...],
    flow: ClassificationFlow | None = None,
) -> GateRelations:
    return gate_relations.for_gate(
        attempt.product.contract,
        attempt.port,
        candidate.path,
        attempt.partitions,
        published.version if published else None,
        {ref: pinned.relation for ref, pinned in attempt.references.items()},
        losses,
        files=files,
        accepted=attempt.accepted,
        classification=flow,
    )


def _publish(
    attempt: _Attempt, candidate: Candidate, files: CandidateFiles, gate: GateResult, lineage: StepLineage
) -> Publication:
    contract = attempt.product.contract
    return publish(
        attempt.port,
        candidate,
        files,
        arrow_schema(contract),
        replace=port_settings.replacement(contract, attempt.partitions),
        provenance=Provenance(
            run_id=attempt.run_id,
            contract_version=contract.version,
            code_version=attempt.product.code_version,
            inputs=attempt.vector,
            partitions=attempt.partitions,
            gate=gate.to_json(),
            attempt=attempt.retry,
            contract_digest=keep_contract(attempt.port, contract.text),
            lineage=lineage.to_json(),
            platform_version=platform_version(),
            input_partitions=_input_partitions(attempt),
        ),
        description=contract.table_description,
        configuration=port_settings.configuration(contract),
        on_moved=_decide_again(attempt, candidate, files),
    )


def _input_partitions(attempt: _Attempt) -> Fingerprints | None:
    """Return the fingerprints of the partitions that are built; None for a product that reads no input by partition."""
    if attempt.partitions is None or not attempt.product.partition_inputs:
        return None
    return {
        name: {key: of[key] for key in attempt.partitions if key in of} for name, of in attempt.fingerprints().items()
    }


def _decide_again(attempt: _Attempt, candidate: Candidate, files: CandidateFiles) -> Callable[[Publication], None]:
    """Return the check for a version that another run published in between: it raises if this one may not follow."""
    # A candidate that becomes the whole table is compared with the other version only by its volume.
    again_due = frozenset(
        clause.name
        for clause in attempt.product.contract.clauses
        if (clause.whole_table if attempt.partitions is not None else isinstance(clause.rule, Volume))
    )

    def decide(newest: Publication) -> None:
        name = attempt.product.contract.port
        restored_versions.check_hold(attempt.port, attempt.product.code_version)
        older = attempt_recovery.older_inputs(attempt.vector, newest.provenance.inputs)
        older += input_snapshot.superseded_landings(attempt.home, attempt.inputs.values(), newest.provenance.inputs)
        if older:
            detail = ", ".join(older)
            raise PublishConflict(name, f"version {newest.version} was built from newer inputs ({detail})")
        if not again_due:
            return
        again = _gate_again(attempt, candidate, files, newest, again_due)
        if not again.publishable:
            broken = ", ".join(result.clause.name for result in asset_results.broken_clauses(again))
            raise PublishConflict(name, f"together with version {newest.version} it breaks {broken}")

    return decide
