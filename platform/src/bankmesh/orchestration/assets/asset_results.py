"""Events of a build as Dagster's: check results, and the materialisation with its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from bankmesh.errors import as_sentence
from bankmesh.lineage.model import StepLineage
from bankmesh.orchestration.asset_keys import key_of
from bankmesh.orchestration.assets.asset_specs import dagster_severity
from bankmesh.orchestration.assets.column_lineage import column_lineage_metadata
from bankmesh.orchestration.assets.event_metadata import (
    CANDIDATE_KEY,
    CONFIRMED,
    EVALUATED,
    FAILING_ROWS,
    INPUTS_KEY,
    LOOKED_AT,
    OUTCOME,
    ROWS,
    UNCHANGED_PARTITIONS,
    UNREADABLE_INPUT,
    VERSION_KEY,
    WHOLE_TABLE,
)
from bankmesh.products.build_events import (
    BuildDue,
    CandidateGated,
    ReportedLate,
    VersionConfirmed,
    VersionPublished,
    VersionRecovered,
)
from bankmesh.products.errors import InputNotPublished
from bankmesh.products.inputs.partition_bounds import describe_partitions, partition_runs
from bankmesh.quality.gate import GateResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.ports import Publication
    from bankmesh.products.build_events import BuildEvent
    from bankmesh.products.errors import CandidateRefused
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.quality.gate import ClauseResult

Result = dg.AssetCheckResult | dg.MaterializeResult[Any]


def report_event(context: dg.AssetExecutionContext, product: ProductDefinition, event: BuildEvent) -> Iterator[Result]:
    """Yield the results of one event of a build; log what Dagster has no result for."""
    match event:
        case BuildDue(why):
            context.log.info(as_sentence(f"{product.contract.port} is built: {why}"))
        case ReportedLate(publication):
            for late in late_materializations(product, publication):
                context.log_event(late)
        case CandidateGated(gate, _, partitions, run_partitions):
            yield from check_results(product, gate, partitions, run_partitions)
        case VersionPublished(publication, gate, built_in, run_partitions, charts):
            context.log.info(summary(product, publication, gate, built_in))
            add_details(context, product, publication, run_partitions, charts)
            yield materialize_result(product, publication, gate, built_in, run_partitions)
        case VersionRecovered(publication, run_partitions):
            context.log.info(explain_recovery(product, publication))
            add_details(context, product, publication, run_partitions)
            yield from report_publication(product, publication, run_partitions, recovered=True)
        case VersionConfirmed():
            yield from report_confirmation(context, product, event)


def check_results(
    product: ProductDefinition,
    gate: GateResult,
    partitions: tuple[str, ...] | None,
    run_partitions: tuple[str, ...] | None = None,
) -> Iterator[dg.AssetCheckResult]:
    """Yield one result for each clause; a clause that was not or could not be evaluated is an error, never a pass.

    `partitions` were built; `run_partitions` are those that the run covers, if these are others.
    """
    partitioning, built = product.contract.partitioning, {}
    if partitioning is not None and partitions is not None and run_partitions not in {None, partitions}:
        built = {EVALUATED: dg.MetadataValue.json(partition_runs(partitioning.granularity, partitions))}
    for result in gate.results:
        check = check_result(product.contract, key_of(product), result, partitions)
        yield check if result.clause.whole_table else check._replace(metadata={**check.metadata, **built})


def check_result(
    contract: Contract, key: dg.AssetKey, result: ClauseResult, partitions: tuple[str, ...] | None
) -> dg.AssetCheckResult:
    """Return the result of one clause."""
    metadata: dict[str, Any] = {OUTCOME: result.outcome.value, ROWS: result.rows}
    if result.observed is not None:
        metadata["observed"] = result.observed
    if result.failing_rows is not None:
        metadata[FAILING_ROWS] = result.failing_rows
    if partitions and contract.partitioning:
        metadata["partitions"] = describe_partitions(contract.partitioning.granularity, partitions)
        metadata[LOOKED_AT] = WHOLE_TABLE if result.clause.whole_table else "what the run built"
    if result.accepted is not None:
        metadata |= {"accepted by": result.accepted.by, "accepted because": result.accepted.why}
    if result.seconds is not None:
        metadata["seconds"] = round(result.seconds, 3)
    is_unknown = result.outcome in {Outcome.ERRORED, Outcome.NOT_EVALUATED}
    severity = dg.AssetCheckSeverity.ERROR if is_unknown else _severity(result)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=result.clause.name,
        passed=result.outcome is Outcome.PASSED,
        severity=severity,
        description=result.message,
        metadata={name: value for name, value in metadata.items() if value is not None},
    )


def _severity(result: ClauseResult) -> dg.AssetCheckSeverity:
    """Return the severity of the clause; a data test of severity error that only warned is shown as a warning."""
    warned = result.outcome is Outcome.WARNED
    return dg.AssetCheckSeverity.WARN if warned else dagster_severity(result.clause.severity)


def materialize_result(
    product: ProductDefinition,
    publication: Publication,
    gate: GateResult,
    built_in: float,
    run_partitions: tuple[str, ...] | None = None,
) -> dg.MaterializeResult[Any]:
    """Return the event of a publication, one for each partition, with the figures that people read first.

    `run_partitions` are the partitions that the run covers, including those that it left as they were.
    """
    metadata = publication_figures(product.contract, publication) | _left_figures(publication, run_partitions)
    metadata["build seconds"] = round(built_in, 3)
    metadata["gate seconds"] = round(gate.seconds, 3)
    if publication.provenance.partitions and (whole := whole_table_seconds(gate)):
        # The cost that promises about all partitions have for a run over a few of them.
        metadata["whole-table seconds"] = round(sum(whole.values()), 3)
        metadata["whole-table clauses"] = whole
    return _materialize(product, publication, metadata)


def add_details(
    context: dg.AssetExecutionContext,
    product: ProductDefinition,
    publication: Publication,
    run_partitions: tuple[str, ...] | None,
    charts: Mapping[str, str] | None = None,
) -> None:
    """Add metadata that is the same for all partitions to the event of the last one, which an asset's page shows.

    Call it before the step yields its materialisation. The run reports each partition that it covers, including those
    that it left as they were.
    """
    details = publication_details(publication, _assets_of_inputs(product))
    details |= {name: dg.MetadataValue.md(text) for name, text in (charts or {}).items()}
    context.add_asset_metadata(
        details, asset_key=key_of(product), partition_key=run_partitions[-1] if run_partitions else None
    )


def report_publication(
    product: ProductDefinition, publication: Publication, run_partitions: tuple[str, ...] | None, *, recovered: bool
) -> Iterator[Result]:
    """Yield check results and materialisation of a version that is already published, from its own commit.

    `run_partitions` are the partitions that this run covers.
    """
    gate = GateResult.from_json(publication.provenance.gate, product.contract)
    yield from check_results(product, gate, publication.provenance.partitions, run_partitions)
    evaluated = {result.clause.name for result in gate.results}
    yield from (_not_evaluated(product, c) for c in product.contract.clauses if c.name not in evaluated)
    metadata = publication_figures(product.contract, publication) | _left_figures(publication, run_partitions)
    if recovered:
        metadata["published by run"] = publication.provenance.run_id
    yield _materialize(product, publication, metadata)


def report_confirmation(
    context: dg.AssetExecutionContext, product: ProductDefinition, confirmed: VersionConfirmed
) -> Iterator[Result]:
    """Yield check results and materialisation of a confirmed version, with the Markdown of its latest event."""
    publication, run_partitions = confirmed.publication, confirmed.run_partitions
    event = context.instance.get_latest_materialization_event(key_of(product))
    shown = event.asset_materialization.metadata if event and event.asset_materialization else {}
    charts = {name: value.value for name, value in shown.items() if isinstance(value, dg.MarkdownMetadataValue)}
    context.log.info(f"{product.contract.port} version {publication.version} is confirmed: nothing has changed.")
    add_details(context, product, publication, run_partitions, charts)
    for result in report_publication(product, publication, run_partitions, recovered=False):
        if isinstance(result, dg.MaterializeResult):
            yield result._replace(metadata={**(result.metadata or {}), **confirmed_metadata(confirmed.at)})
        else:
            yield result


def confirmed_metadata(at: datetime) -> dict[str, Any]:
    """Return the entry that distinguishes the event of a confirmation from that of a publication."""
    return {CONFIRMED: dg.MetadataValue.timestamp(at)}


def _not_evaluated(product: ProductDefinition, clause: Clause) -> dg.AssetCheckResult:
    """Return a warning for a clause that the gate did not have yet when the version was published."""
    return dg.AssetCheckResult(
        asset_key=key_of(product),
        check_name=clause.name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description="Not evaluated: this version was published by a release whose gate had no such clause.",
        metadata={OUTCOME: "not evaluated"},
    )


def late_materializations(product: ProductDefinition, publication: Publication) -> list[dg.AssetMaterialization]:
    """Return the events of an earlier run's version, one for each partition, for a run that will publish its own."""
    partitions: tuple[str | None, ...] = publication.provenance.partitions or (None,)
    details = publication_details(publication, _assets_of_inputs(product))
    return [
        dg.AssetMaterialization(
            key_of(product),
            description=f"Published by run {publication.provenance.run_id}, reported late.",
            metadata=publication_figures(product.contract, publication)
            | (details if partition == partitions[-1] else {}),
            partition=partition,
        )
        for partition in partitions
    ]


def whole_table_seconds(gate: GateResult) -> dict[str, float]:
    """Return the seconds of each clause about the whole table that took a query of its own, by name."""
    timed = [(r.clause, r.seconds) for r in gate.results if r.clause.whole_table and r.seconds is not None]
    return {clause.name: round(seconds, 3) for clause, seconds in timed}


def refusal_metadata(refused: CandidateRefused) -> dict[str, Any]:
    """Return what the failed step shows besides its message."""
    return {**refused.gate.counts, "rows": refused.gate.rows, "candidate": refused.folder.name}


def failure_metadata(error: Exception) -> dict[str, Any]:
    """Return the cause of a failed step, for alerts: the input that has nothing to read, if it is that."""
    return {UNREADABLE_INPUT: error.source.asset} if isinstance(error, InputNotPublished) else {}


def summary(product: ProductDefinition, publication: Publication, gate: GateResult, built_in: float) -> str:
    """Return one line for the run's log."""
    return (
        f"{product.contract.port} version {publication.version}: {publication.rows:,} rows published; "
        f"built in {built_in:.1f} s, gated in {gate.seconds:.1f} s ({_counts(gate.counts)})"
    )


def explain_recovery(product: ProductDefinition, publication: Publication) -> str:
    """Return the log message for a version that is reported late, and not built again."""
    return (
        f"{product.contract.port} version {publication.version} was published by run "
        f"{publication.provenance.run_id}, which ended before it reported the version. Inputs and code are the "
        "same now, so that version is reported and nothing is published again."
    )


def _assets_of_inputs(product: ProductDefinition) -> dict[str, dg.AssetKey]:
    return {source.ref: key_of(source) for source in product.inputs.values()}


def publication_figures(contract: Contract, publication: Publication) -> dict[str, Any]:
    """Return what the materialisation of every partition of a version shows."""
    provenance = publication.provenance
    metadata: dict[str, Any] = {
        VERSION_KEY: publication.version,
        CANDIDATE_KEY: publication.candidate,
        "dagster/row_count": publication.rows,
        "size in bytes": publication.bytes,
        "gate": _counts(provenance.gate["counts"]),
        "contract version": provenance.contract_version,
        INPUTS_KEY: dict(provenance.inputs),
    }
    if provenance.partitions and contract.partitioning:
        built = describe_partitions(contract.partitioning.granularity, provenance.partitions)
        metadata["partitions built"] = built
    return metadata


def _left_figures(publication: Publication, run_partitions: tuple[str, ...] | None) -> dict[str, int]:
    left = set(run_partitions or ()).difference(publication.provenance.partitions or ())
    return {UNCHANGED_PARTITIONS: len(left)} if left and publication.provenance.partitions else {}


def publication_details(publication: Publication, assets: Mapping[str, dg.AssetKey]) -> dict[str, Any]:
    """Return what the last materialisation of a version adds: it is the same for all partitions, so it is shown once.

    `assets` are the inputs by the name that the version's lineage gives them.
    """
    lineage = publication.provenance.lineage
    return column_lineage_metadata(StepLineage.from_json(lineage), assets) if lineage else {}


def _materialize(
    product: ProductDefinition, publication: Publication, metadata: dict[str, Any]
) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(
        asset_key=key_of(product),
        metadata=metadata,
        data_version=dg.DataVersion(f"{product.contract.port}#{publication.version}"),
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "no clauses"
