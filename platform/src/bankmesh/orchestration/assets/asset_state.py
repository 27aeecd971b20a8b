"""The state of products and landings by the event log, read in a few queries however many there are.

A publication's event carries its version and the versions of all that it read, so the inputs of a product of another
code location are known without that location's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import DagsterEventType

from bankmesh.names import landing_asset, step_of_asset
from bankmesh.orchestration.asset_keys import asset_key
from bankmesh.orchestration.assets.event_metadata import INPUTS_KEY, RESTORED_AT, VERSION_KEY
from bankmesh.products.product_definition import product_input
from bankmesh.products.refresh_decisions import AssetState, MeshState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dagster._core.storage.event_log.base import AssetEntry

_DATA_VERSION = "dagster/data_version"


def read_mesh(
    instance: dg.DagsterInstance,
    graph: Mapping[str, Collection[str]],
    now: float,
    patience: float,
    held: Collection[str] = frozenset(),
    outdated: Mapping[str, float] | None = None,
) -> MeshState:
    """Return the states of all assets of a code location's `graph` (asset → what it reads) and their ancestors."""
    entries: dict[str, AssetEntry] = {}
    read: dict[str, dict[str, str]] = {}
    wanted = set(graph) | {need for needs in graph.values() for need in needs}
    while wanted:
        records = instance.get_asset_records([asset_key(asset) for asset in wanted])
        found = {record.asset_entry.asset_key.to_user_string(): record.asset_entry for record in records}
        entries |= found
        new = {key: inputs_read(key, _metadata(entry)) for key, entry in found.items()}
        read |= new
        examined = set(entries) | wanted
        wanted = {need for inputs in new.values() for need in inputs} - examined
    tried = _attempts(instance, entries.values())
    states = {key: _state(entry, read[key], tried.get(key)) for key, entry in entries.items()}
    needs = {key: graph.get(key, tuple(inputs)) for key, inputs in read.items()} | dict(graph)
    return MeshState(states, needs, now, patience, held, outdated or {})


def inputs_read(asset: str, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the snapshot vector that a publication's event carries, by asset.

    A Delta version number is a product's, anything else the fingerprint of a landing of the product's own domain.
    """
    value = metadata.get(INPUTS_KEY)
    vector = getattr(value, "value", None)
    if not isinstance(vector, dict):
        return {}
    domain = asset.partition("/")[0]
    return {input_asset(ref, version, domain): str(version) for ref, version in vector.items()}


def input_asset(ref: str, version: object, domain: str) -> str:
    """Return the asset of an entry of a snapshot vector of one of the domain's products."""
    if isinstance(version, int):
        return product_input(ref).asset
    system, _, name = ref.partition(".")
    return landing_asset(domain, system, name)


def _metadata(entry: AssetEntry) -> Mapping[str, Any]:
    event = entry.last_materialization
    return event.asset_materialization.metadata if event and event.asset_materialization else {}


def _state(entry: AssetEntry, read: dict[str, str], attempt: tuple[bool, float] | None) -> AssetState:
    event = entry.last_materialization
    running, tried_at = (attempt[0], None if attempt[0] else attempt[1]) if attempt else (False, None)
    if event is None or event.asset_materialization is None:
        return AssetState(running=running, tried_at=tried_at)
    number = event.asset_materialization.metadata.get(VERSION_KEY)
    tags = event.asset_materialization.tags or {}
    version = number.value if number is not None else tags.get(_DATA_VERSION, entry.last_materialization_storage_id)
    restored_at = event.asset_materialization.metadata.get(RESTORED_AT)
    updated_at = restored_at.value if isinstance(restored_at, dg.TimestampMetadataValue) else event.timestamp
    return AssetState(str(version), updated_at, read, running, tried_at, restored_at is not None)


def _attempts(instance: dg.DagsterInstance, entries: Iterable[AssetEntry]) -> dict[str, tuple[bool, float]]:
    """Return, for assets whose last run has not published them, whether it still runs, and when it began with them."""
    last = {
        entry.asset_key.to_user_string(): entry.last_run_id
        for entry in entries
        if entry.last_run_id
        and (not entry.last_materialization or entry.last_materialization.run_id != entry.last_run_id)
    }
    if not last:
        return {}
    records = {
        record.dagster_run.run_id: record
        for record in instance.get_run_records(dg.RunsFilter(run_ids=sorted(set(last.values()))))
    }
    starts = {
        run_id: _step_starts(instance, run_id) for run_id, record in records.items() if record.dagster_run.is_finished
    }
    return {
        key: _attempt(
            key,
            not records[run_id].dagster_run.is_finished,
            records[run_id].create_timestamp.timestamp(),
            starts.get(run_id, {}),
        )
        for key, run_id in last.items()
        if run_id in records
    }


def _attempt(asset: str, running: bool, created: float, starts: Mapping[str, float]) -> tuple[bool, float]:  # noqa: FBT001
    # A run that never reached the asset has tried all the same: a retry is up to that run, not to an input.
    return running, starts.get(step_of_asset(asset), created)


def _step_starts(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    records = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_START).records
    return {
        record.event_log_entry.step_key: record.event_log_entry.timestamp
        for record in records
        if record.event_log_entry.step_key
    }
