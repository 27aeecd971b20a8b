"""Versions as Dagster's event log has them, and reports of restored ones, which no run makes.

A withdrawal or rollback is committed first; its events follow from the command itself, or, if that was killed, from the
next of these: a run of the product, `mesh run`, or the domain's lineage sensor. Events are written under the port's
lock, and events that the log has already are left out, so that nothing is reported twice.

The materialisation carries the time at which the restored rows were first published: Dagster's freshness policies count
from an event's time, and a restoration makes old rows no fresher. Its real time is metadata (`restored at`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import DagsterEvent, DagsterEventType
from dagster._core.events import StepMaterializationData
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from bankmesh.errors import PortError
from bankmesh.fault_points import reached
from bankmesh.orchestration.asset_keys import asset_key, contract_key
from bankmesh.orchestration.assets import asset_results
from bankmesh.orchestration.assets.asset_state import input_asset
from bankmesh.orchestration.assets.event_metadata import CANDIDATE_KEY, RESTORED_AT, VERSION_KEY
from bankmesh.ports import latest, port_at
from bankmesh.ports.port_locks import exclusive
from bankmesh.products.lineage_events.restoration_events import keep_restore_event, restore_event
from bankmesh.products.versions.version_reports import VersionReport, is_report_of, skip_lost_versions
from bankmesh.quality.gate import GateResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Publication


@dataclass(frozen=True)
class LoggedVersions:
    """The versions that Dagster's event log has a materialisation of; see `VersionReports`."""

    instance: dg.DagsterInstance
    home: Path

    def last_report(self, asset: str) -> VersionReport | None:
        """Return the version of the newest materialisation of an asset; None if there is none."""
        event = self.instance.get_latest_materialization_event(asset_key(asset))
        made = event.asset_materialization if event else None
        return report_in(made.metadata) if made else None

    def report_restored(self, contract: Contract) -> None:
        """Report the newest version of a port, if a withdrawal or rollback made it and it is not reported yet."""
        report_version(self.instance, self.home, contract)


def report_in(metadata: Mapping[str, dg.MetadataValue[Any]]) -> VersionReport:
    """Return the version that the metadata of a materialisation reports."""
    version, candidate = (metadata[name].value if name in metadata else None for name in (VERSION_KEY, CANDIDATE_KEY))
    return VersionReport(
        version if isinstance(version, int) else None, candidate if isinstance(candidate, str) else None
    )


def report_restored(instance: dg.DagsterInstance, home: Path, contracts: Iterable[Contract]) -> list[str]:
    """Report every restored version that Dagster has no event of; returns `product version N` for each."""
    reported = []
    for contract in contracts:
        try:
            made = report_version(instance, home, contract)
        except PortError:
            continue  # A run of the product reports what is wrong with its port; others go on.
        if made is not None:
            reported.append(f"{contract.port} version {made.version}")
    return reported


def report_version(instance: dg.DagsterInstance, home: Path, contract: Contract) -> Publication | None:
    """Report the newest version if it is a restored one and not reported yet; None if there is nothing to report."""
    port = port_at(home, contract.product, contract.major)
    if not port.is_published:
        return None
    newest = latest(port)
    if newest is None or newest.decision is None:
        return None
    key = contract_key(contract)
    if not _unreported_partitions(instance, key, newest):
        return None
    skip_lost_versions(LoggedVersions(instance, home), contract.port_name.asset, port)
    with exclusive(port):
        if latest(port) != newest:
            return None  # Published meanwhile: what was restored is no longer what readers get.
        keep_restore_event(
            home, restore_event(contract, port, newest, newest.decision), newest, contract.port_name.asset
        )
        missing = _unreported_partitions(instance, key, newest)
        if not missing:
            return None
        if len(missing) == len(_partitions(newest)):
            for evaluation in _evaluations(key, contract, newest):
                instance.report_runless_asset_event(evaluation)
            reached("restore-checks-reported")
        for partition in missing:
            last = partition == missing[-1]
            _report(instance, _materialization(key, contract, newest, partition, with_details=last), newest)
            reached("restore-reported")
    return newest


def _partitions(publication: Publication) -> tuple[str | None, ...]:
    return publication.provenance.partitions or (None,)


def _unreported_partitions(instance: dg.DagsterInstance, key: dg.AssetKey, newest: Publication) -> list[str | None]:
    """Return the partitions of a version whose newest materialisation in the event log is of another version."""
    wanted = _partitions(newest)
    records = instance.fetch_materializations(key, limit=len(wanted)).records
    reported = {
        record.partition_key: record.asset_materialization.metadata
        for record in reversed(records)
        if record.asset_materialization
    }
    return [partition for partition in wanted if not is_report_of(report_in(reported.get(partition, {})), newest)]


def _evaluations(key: dg.AssetKey, contract: Contract, made: Publication) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the gate results of the restored version, for the clauses that the contract has now."""
    for result in GateResult.from_json(made.provenance.gate, contract).results:
        check = asset_results.check_result(contract, key, result, made.provenance.partitions)
        yield dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=result.clause.name,
            passed=check.passed,
            severity=check.severity,
            description=check.description,
            metadata=check.metadata,
        )


def _materialization(
    key: dg.AssetKey, contract: Contract, made: Publication, partition: str | None, *, with_details: bool
) -> dg.AssetMaterialization:
    metadata = asset_results.publication_figures(contract, made) | _decided(made)
    if with_details:
        inputs = made.provenance.inputs
        assets = {ref: asset_key(input_asset(ref, version, contract.domain)) for ref, version in inputs.items()}
        metadata |= asset_results.publication_details(made, assets)
    return dg.AssetMaterialization(
        key,
        description=_description(made),
        metadata=metadata,
        partition=partition,
        tags={"dagster/data_version": f"{contract.port}#{made.version}"},
    )


def _decided(made: Publication) -> dict[str, Any]:
    decision = made.decision
    if decision is None or decision.at is None:
        return {}
    return {
        "restored version": decision.restored,
        "withdrawn versions": ", ".join(map(str, decision.withdrawn)),
        "decided by": decision.by,
        "reason": decision.reason,
        RESTORED_AT: dg.MetadataValue.timestamp(decision.at),
    }


def _description(made: Publication) -> str:
    decision = made.decision
    if decision is None:
        return ""
    word = "withdrawn" if decision.kind == "withdraw" else "rolled back"
    gone = ", ".join(map(str, decision.withdrawn))
    return f"Rows of version {decision.restored} again: version {gone} {word} by {decision.by} ({decision.reason})."


def _report(instance: dg.DagsterInstance, event: dg.AssetMaterialization, made: Publication) -> None:
    instance.report_dagster_event(
        DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            event_specific_data=StepMaterializationData(event),
            job_name=RUNLESS_JOB_NAME,
        ),
        RUNLESS_RUN_ID,
        timestamp=made.fresh_since.timestamp(),
    )
