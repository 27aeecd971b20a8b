"""The one operation that every product goes through: pin, build, gate, publish, report.

It is a generator of build events, so that every result of the gate is reported before anything is published. It depends
on neither Dagster, dbt nor Polars: a `Build` writes the candidate, and callers report the events.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.contracts.build_casts import CastsRefused
from bankmesh.contracts.clause_rules import ProfileShift, Volume
from bankmesh.contracts.column_types import arrow_schema
from bankmesh.errors import NotPublished, PublishConflict
from bankmesh.fault_points import reached
from bankmesh.ports import Provenance, connect, keep_contract, latest, measure_files, port_at, publish, stage
from bankmesh.products.build_events import (
    BuildDue,
    CandidateGated,
    ReportedLate,
    VersionConfirmed,
    VersionPublished,
    VersionRecovered,
)
from bankmesh.products.build_types import BuildRequest
from bankmesh.products.cancellation import stoppable
from bankmesh.products.candidates import gate_relations, port_settings
from bankmesh.products.candidates.candidate_files import require_rows
from bankmesh.products.candidates.clause_scope import widen_warned
from bankmesh.products.candidates.published_charts import draw_charts
from bankmesh.products.candidates.refused_candidates import note_refusal
from bankmesh.products.code.platform_version import platform_version
from bankmesh.products.errors import CandidateRefused
from bankmesh.products.inputs import pinned_inputs
from bankmesh.products.inputs.classification_flow import flow_of_build
from bankmesh.products.inputs.partition_fingerprints import fingerprints_of
from bankmesh.products.lineage_events import product_lineage
from bankmesh.products.profiles.kept_profiles import keep_profile, profile_candidate
from bankmesh.products.profiles.profile_table import profile_table
from bankmesh.products.versions.confirmed_versions import ConfirmedVersion, confirm_version, examine, recipe_of
from bankmesh.products.versions.held_products import HeldProduct, check_hold
from bankmesh.products.versions.version_reports import find_unreported, is_same_build, older_inputs, skip_lost_versions
from bankmesh.quality.gate import evaluate, refuse_casts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.lineage.model import StepLineage
    from bankmesh.lineage.openlineage.attempt_events import Attempt
    from bankmesh.ports import Candidate, CandidateFiles, Port, Publication
    from bankmesh.products.build_events import BuildEvent
    from bankmesh.products.build_run import BuildRun
    from bankmesh.products.build_types import Build
    from bankmesh.products.inputs.partition_fingerprints import Fingerprints
    from bankmesh.products.inputs.pinned_inputs import PinnedSources
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.products.profiles.candidate_sample import CandidateSample
    from bankmesh.products.profiles.profile_model import VersionProfile
    from bankmesh.products.profiles.row_samples import StoredSample
    from bankmesh.products.versions.staleness import Staleness
    from bankmesh.quality.gate import ClassificationFlow, GateRelations, GateResult


@dataclass(frozen=True)
class _Attempt:
    """The state of this run of one product before its candidate is built.

    `partitions` are those to build, among all that the run covers; None for a product without.
    """

    product: ProductDefinition
    home: Path
    port: Port
    run: BuildRun
    sources: PinnedSources
    partitions: tuple[str, ...] | None

    def fingerprints(self) -> Fingerprints:
        """Return the fingerprint of what each partition is built from, by input that is read by partition."""
        return fingerprints_of(self.product, self.sources.inputs.values())


@dataclass(frozen=True)
class _Shown:
    """What is shown of a candidate: Markdown by title, and its profile, which includes the rows of version `base`.

    `sample` are the rows behind the profile, to be stored with it.
    """

    markdown: dict[str, str] = field(default_factory=dict)
    profile: VersionProfile | None = None
    base: int | None = None
    sample: StoredSample | None = None


def produce(run: BuildRun, product: ProductDefinition, home: Path, build: Build) -> Generator[BuildEvent, None, None]:
    """Build, gate and publish one product; an event of a version always means *published*.

    Yields the gate's result before anything is published, then the version. Raises CandidateRefused if the gate refuses
    the candidate, TransformError if the user's code fails, NotPublished, HeldProduct, OrphanedInput, PublishConflict
    and PortError; nothing is published then.
    """
    port = port_at(home, product.contract.product, product.contract.major)
    skip_lost_versions(run.reports, product.asset, port)
    run.reports.report_restored(product.contract)
    # Staged before the inputs are pinned: a version published from here on counts as published in between.
    candidate = stage(port)
    try:
        check_hold(port, product.code_version)
        sources = run.pin(product)
    except NotPublished:
        shutil.rmtree(candidate.path)
        with product_lineage.record_unpinned(run.step, product, port, run.partitions):
            raise
    except HeldProduct:
        shutil.rmtree(candidate.path)
        raise
    attempt = _Attempt(product, home, port, run, sources, run.partitions)
    if run.confirms:
        found = _confirm(attempt)
        if isinstance(found, ConfirmedVersion):
            shutil.rmtree(candidate.path)
            yield VersionConfirmed(found.publication, found.at, run.partitions)
            return
        yield BuildDue(found.why)
        attempt = replace(attempt, partitions=found.partitions or attempt.partitions)
    with product_lineage.record_attempt(run.step, product, port, attempt.partitions, sources.read) as report:
        yield from _carry_out(attempt, candidate, build, report)


def _confirm(attempt: _Attempt) -> ConfirmedVersion | Staleness:
    """Confirm the newest version if this attempt would publish it again; else return what has to be built."""
    product, home = attempt.product, attempt.home
    recipe = recipe_of(product, attempt.sources.vector, attempt.partitions, attempt.fingerprints)
    examined = examine(attempt.run.reports, product, home, recipe)
    reached("examined")
    return confirm_version(product, home, examined)


def _carry_out(attempt: _Attempt, candidate: Candidate, build: Build, report: Attempt) -> Iterator[BuildEvent]:
    product, run = attempt.product, attempt.run
    unreported = find_unreported(run.reports, product.asset, attempt.port)
    if unreported and is_same_build(unreported, attempt.sources.vector, product.code_version, attempt.partitions):
        shutil.rmtree(candidate.path)
        report.complete(product_lineage.published(unreported, product.contract))
        yield VersionRecovered(unreported, run.partitions)
        return
    if unreported:
        yield ReportedLate(unreported)

    reached("staged")
    started = time.perf_counter()
    inputs = attempt.sources.inputs
    try:
        with _removed_if_stopped(candidate), stoppable():
            built = build(BuildRequest(inputs, candidate.path, attempt.partitions, run.shows_errors))
    except CastsRefused as refused:
        gate = refuse_casts(product.contract, refused.losses)
        report.ending = product_lineage.refused(gate)
        yield CandidateGated(gate, candidate.path, attempt.partitions, run.partitions, is_written=False)
        raise CandidateRefused(product.contract, gate, candidate.path) from None
    lineage = built.lineage.renamed({name: item.source.ref for name, item in inputs.items()})
    built_in = time.perf_counter() - started
    reached("built")
    files = measure_files(
        candidate,
        arrow_schema(product.contract),
        partition_column=port_settings.partition_column(product.contract),
        stats_columns=port_settings.statistics_columns(product.contract),
    )
    require_rows(product.contract, candidate.path, files, built.rows)
    flow = flow_of_build(product, lineage, inputs.values())
    with _removed_if_stopped(candidate):
        gate, shown = _evaluate_gate(attempt, candidate, files, built.losses, flow)
    reached("gated")
    report.ending = product_lineage.gated(files, gate, lineage, built.code)
    yield CandidateGated(gate, candidate.path, attempt.partitions, run.partitions)
    if not gate.publishable:
        is_noted = note_refusal(candidate, product.contract, run.step.run_id, attempt.partitions)
        is_comparable = is_noted and candidate.base_version is not None
        raise CandidateRefused(product.contract, gate, candidate.path, is_comparable=is_comparable)
    publication = _publish(attempt, candidate, files, gate, lineage)
    if shown.profile is not None:
        keep_profile(attempt.port, publication, shown.base, shown.profile, shown.sample)
    reached("published")
    report.complete(product_lineage.with_publication(report.ending, publication))
    yield VersionPublished(publication, gate, built_in, run.partitions, shown.markdown)
    reached("reported")


@contextmanager
def _removed_if_stopped(candidate: Candidate) -> Iterator[None]:
    """Remove a candidate whose run is stopped; one that failed is kept for inspection."""
    try:
        yield
    except KeyboardInterrupt:
        shutil.rmtree(candidate.path, ignore_errors=True)
        raise


def _evaluate_gate(
    attempt: _Attempt,
    candidate: Candidate,
    files: CandidateFiles,
    losses: tuple[CastLoss, ...],
    flow: ClassificationFlow,
) -> tuple[GateResult, _Shown]:
    """Evaluate the gate; if it passes, also render the charts and compute the profile.

    Both happen before the commit, so that a failure here cannot leave a published version unreported.
    """
    contract, published = attempt.product.contract, latest(attempt.port)
    if attempt.partitions is not None:
        contract = widen_warned(contract, published)
    with connect() as connection, stoppable(connection.interrupt):
        compared, sample = _relations(attempt, candidate, files, published, losses, flow)
        gate = evaluate(contract, compared, connection)
        if not gate.publishable:
            return gate, _Shown()
        charts = dict(draw_charts(contract, compared.table or compared.candidate, connection))
        profiled = profile_candidate(contract, sample, connection)
    if profiled is None:
        return gate, _Shown(charts)
    profile, rows = profiled
    markdown = charts | {"profile": profile_table(profile)}
    return gate, _Shown(markdown, profile, published.version if published else None, rows)


def _reevaluate(
    attempt: _Attempt, candidate: Candidate, files: CandidateFiles, published: Publication, only: frozenset[str]
) -> GateResult:
    with connect() as connection:
        compared, _ = _relations(attempt, candidate, files, published, ())
        return evaluate(attempt.product.contract, compared, connection, only)


def _relations(
    attempt: _Attempt,
    candidate: Candidate,
    files: CandidateFiles,
    published: Publication | None,
    losses: tuple[CastLoss, ...],
    flow: ClassificationFlow | None = None,
) -> tuple[GateRelations, CandidateSample]:
    return gate_relations.for_gate(
        attempt.product.contract,
        attempt.port,
        candidate.path,
        attempt.partitions,
        published,
        {ref: pinned.relation for ref, pinned in attempt.sources.references.items()},
        losses,
        files=files,
        accepted=attempt.run.accepted,
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
            run_id=attempt.run.step.run_id,
            contract_version=contract.version,
            code_version=attempt.product.code_version,
            inputs=attempt.sources.vector,
            partitions=attempt.partitions,
            gate=gate.to_json(),
            attempt=attempt.run.step.retry,
            contract_digest=keep_contract(attempt.port, contract.text),
            lineage=lineage.to_json(),
            platform_version=platform_version(),
            input_partitions=_input_partitions(attempt),
        ),
        description=contract.table_description,
        configuration=port_settings.configuration(contract),
        on_moved=_precondition(attempt, candidate, files),
    )


def _input_partitions(attempt: _Attempt) -> Fingerprints | None:
    """Return the fingerprints of the partitions that are built; None for a product that reads no input by partition."""
    if attempt.partitions is None or not attempt.product.partition_inputs:
        return None
    return {
        name: {key: of[key] for key in attempt.partitions if key in of} for name, of in attempt.fingerprints().items()
    }


def _precondition(attempt: _Attempt, candidate: Candidate, files: CandidateFiles) -> Callable[[Publication], None]:
    """Return the check for a version that another run published in between: it raises if this one may not follow."""
    # A candidate that becomes the whole table is compared with the other version only by its volume.
    again_due = frozenset(
        clause.name
        for clause in attempt.product.contract.clauses
        if not isinstance(clause.rule, ProfileShift)  # it only warns
        and (clause.whole_table if attempt.partitions is not None else isinstance(clause.rule, Volume))
    )

    def decide(newest: Publication) -> None:
        name = attempt.product.contract.port
        check_hold(attempt.port, attempt.product.code_version)
        older = older_inputs(attempt.sources.vector, newest.provenance.inputs)
        older += pinned_inputs.superseded_landings(
            attempt.home, attempt.sources.inputs.values(), newest.provenance.inputs
        )
        if older:
            detail = ", ".join(older)
            raise PublishConflict(name, f"version {newest.version} was built from newer inputs ({detail})")
        if not again_due:
            return
        again = _reevaluate(attempt, candidate, files, newest, again_due)
        if not again.publishable:
            broken = ", ".join(result.clause.name for result in again.broken)
            raise PublishConflict(name, f"together with version {newest.version} it breaks {broken}")

    return decide
