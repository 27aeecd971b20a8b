"""Versions restored by a withdrawal or a rollback: reported to Dagster without a run, and held from being built.

The commit is made first; its events follow from the command itself, or, if that was killed, from the next of these: a
run of the product, `mesh run`, or the domain's lineage sensor. Events are written under the port's lock, and events
that the log has already are left out, so that nothing is reported twice.

The materialisation carries the time at which the restored rows were first published: Dagster's freshness policies count
from an event's time, and a restoration makes old rows no fresher. Its real time is metadata (`restored at`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import DagsterEvent, DagsterEventType
from dagster._core.events import StepMaterializationData
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from bankmesh.errors import BankmeshError
from bankmesh.fault_points import reached
from bankmesh.ports import Decision, hold_of, latest, port_at
from bankmesh.ports.port_locks import exclusive
from bankmesh.products.assets import asset_results
from bankmesh.products.assets.asset_state import RESTORED_AT, input_asset
from bankmesh.products.product_definition import product_key
from bankmesh.products.versions.attempt_recovery import is_report_of, skip_lost_versions
from bankmesh.products.versions.restoration_events import keep_restore_event, restore_event
from bankmesh.quality.gate import GateResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, Publication


class HeldProduct(BankmeshError):
    """A product is not built, because a version that this code built is withdrawn."""

    def __init__(self, port: str, decision: Decision) -> None:
        self.port, self.decision = port, decision
        super().__init__(f"{port} is not built: {describe_hold(port, decision)}")


def describe_hold(port: str, decision: Decision) -> str:
    """Return since when, by whom and why a product is held, and what ends it."""
    withdrawn = ", ".join(map(str, decision.withdrawn))
    return (
        f"held since {decision.at:%Y-%m-%d %H:%M} UTC by {decision.by}, who withdrew version {withdrawn} "
        f"({decision.reason}). Change its code or contract, or `mesh resume {port}`."
    )


def check_hold(port: Port, code_version: str) -> None:
    """Raise HeldProduct if a product of this code is held."""
    decision = hold_of(port, code_version)
    if decision is not None:
        raise HeldProduct(port.name, decision)


def port_of(home: Path, contract: Contract) -> Port:
    """Return the port of a contract's major."""
    return port_at(home, contract.product, contract.major)


def report_restored(instance: dg.DagsterInstance, home: Path, contracts: Iterable[Contract]) -> list[str]:
    """Report every restored version that Dagster has no event of; returns `product version N` for each."""
    return [
        f"{contract.port} version {made.version}"
        for contract in contracts
        if (made := report_version(instance, home, contract)) is not None
    ]


def report_version(instance: dg.DagsterInstance, home: Path, contract: Contract) -> Publication | None:
    """Report the newest version if it is a restored one and not reported yet; None if there is nothing to report."""
    port = port_of(home, contract)
    if not port.is_published:
        return None
    newest = latest(port)
    if newest is None or newest.decision is None:
        return None
    key = product_key(contract.domain, contract.name, contract.major)
    if not _unreported_partitions(instance, key, newest):
        return None
    skip_lost_versions(instance, key, port)
    with exclusive(port):
        if latest(port) != newest:
            return None  # Published meanwhile: what was restored is no longer what readers get.
        keep_restore_event(home, restore_event(key, contract, port, newest, newest.decision), newest, key)
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
    return [partition for partition in wanted if not is_report_of(reported.get(partition, {}), newest)]


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
        assets = {ref: input_asset(ref, version, contract.domain) for ref, version in inputs.items()}
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
