"""Assets of `mesh run` that need no run: their sources are examined here, and what is unchanged is confirmed.

Assets are taken in the order in which they depend on each other. An asset whose inputs wait for a run waits, too;
whether it has to be built is decided in its step, once its inputs are built.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.events import StepMaterializationData
from dagster._core.instance.utils import RUNLESS_JOB_NAME

from bankmesh.errors import LegacyFileError, NotDelivered
from bankmesh.names import landing_asset
from bankmesh.orchestration.asset_keys import asset_key, key_of
from bankmesh.orchestration.assets.asset_results import confirmed_metadata
from bankmesh.orchestration.assets.asset_state import read_mesh
from bankmesh.orchestration.assets.event_metadata import CONFIRMED
from bankmesh.orchestration.assets.unread_check import ALL_READ, all_read
from bankmesh.orchestration.history.logged_versions import LoggedVersions
from bankmesh.orchestration.runner.run_outcome import UnchangedAssets
from bankmesh.products.cancellation import is_stopping
from bankmesh.products.inputs.partition_bounds import partition_keys
from bankmesh.products.inputs.unread_exports import systems_by_domain, unread_of_system
from bankmesh.products.versions.confirmed_versions import confirm_version, examine_now
from bankmesh.products.versions.staleness import Staleness
from bankmesh.sources import current_landing, fingerprint, legacy_files, passed_over
from bankmesh.sources.landing_store import is_whole, read_attempt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from bankmesh.orchestration.runner.run_waves import Runnable
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.products.refresh_decisions import AssetState, MeshState
    from bankmesh.settings import Settings
    from bankmesh.sources import Landing, LegacyObject, UnreadFiles


@dataclass(frozen=True)
class _Mesh:
    """What the decisions read: the exports, the event log, and what this process has loaded."""

    settings: Settings
    instance: dg.DagsterInstance
    states: MeshState
    products: Mapping[str, ProductDefinition]
    landings: Mapping[str, tuple[str, LegacyObject]]
    replaced: list[int] = field(default_factory=list)


def confirm_unchanged(
    settings: Settings,
    instance: dg.DagsterInstance,
    products: Mapping[str, ProductDefinition],
    waiting: Collection[Runnable],
) -> UnchangedAssets:
    """Confirm each of the waiting assets that does not have to be built. `products` are the loaded ones, by port."""
    mesh = _read_all(settings, instance, products, waiting)
    found = UnchangedAssets()
    undecided = {asset.key for asset in waiting}
    for asset in _in_order(waiting):
        if is_stopping():
            break
        if asset.needs & undecided:
            continue  # decided in its step, once those are built
        decided = _decide(mesh, asset.key)
        if isinstance(decided, Staleness):
            found.reasons[asset.key] = decided.why
        else:
            undecided.remove(asset.key)
            found.confirmed[asset.key] = decided
    _report_unread(mesh, found.confirmed.keys() & mesh.landings.keys())
    found.replaced = tuple(mesh.replaced)
    return found


def _read_all(
    settings: Settings,
    instance: dg.DagsterInstance,
    products: Mapping[str, ProductDefinition],
    waiting: Collection[Runnable],
) -> _Mesh:
    graph = {asset.key: asset.needs for asset in waiting}
    return _Mesh(
        settings,
        instance,
        read_mesh(instance, graph, time.time(), 0.0),
        {product.asset: product for product in products.values()},
        {
            landing_asset(domain, system.name, item.name): (domain, item)
            for domain, systems in systems_by_domain(settings.root).items()
            for system in systems
            for item in system.objects
        },
    )


def _in_order(waiting: Collection[Runnable]) -> Iterable[Runnable]:
    """Yield each asset after what it needs; assets in a cycle are left out."""
    left = sorted(waiting, key=lambda asset: asset.key)
    while left:
        keys = {asset.key for asset in left}
        ready = [asset for asset in left if not asset.needs & keys]
        if not ready:
            return
        yield from ready
        left = [asset for asset in left if asset not in ready]


def _decide(mesh: _Mesh, key: str) -> str | Staleness:
    """Confirm an asset if it can be; return what is unchanged, or why it has to be built.

    An asset that cannot be examined is built: its step reports what is wrong, and others go on.
    """
    try:
        if key in mesh.landings:
            return _decide_landing(mesh, key)
        product = mesh.products.get(key)
        return _decide_product(mesh, product) if product else Staleness("it is not known to be repeatable")
    except Exception as error:  # noqa: BLE001 - see above
        return Staleness(f"it could not be examined ({type(error).__name__})")


def _decide_product(mesh: _Mesh, product: ProductDefinition) -> str | Staleness:
    home, partitioning = mesh.settings.home, product.contract.partitioning
    reports = LoggedVersions(mesh.instance, home)
    found = examine_now(reports, product, home, partition_keys(partitioning) if partitioning else None)
    if not isinstance(found, Staleness) and (why := _why_tried(mesh.states.state_of(product.asset))):
        return Staleness(why)
    confirmed = confirm_version(product, home, found)
    if isinstance(confirmed, Staleness):
        return confirmed
    _report(mesh, key_of(product), confirmed.at)
    version = confirmed.publication
    return f"version {version.version} of {version.published_at:%Y-%m-%d %H:%M} UTC"


def _decide_landing(mesh: _Mesh, key: str) -> str | Staleness:
    if why := _why_landed(mesh, *mesh.landings[key]):
        return Staleness(why)
    _report(mesh, asset_key(key), datetime.now(UTC))
    return "files unchanged"


def _why_landed(mesh: _Mesh, domain: str, item: LegacyObject) -> str | None:
    current = current_landing(mesh.settings.home, domain, item.system, item.name)
    if current is None:
        return "it was never landed"
    why = _why_other_files(current, item, mesh.settings.exports)
    if why is not None:
        return why
    if not is_whole(current):
        return "its rows are missing"
    state = mesh.states.state_of(landing_asset(domain, item.system, item.name))
    return _why_tried(state) if state.version == current.fingerprint else "it was never reported"


def _why_other_files(current: Landing, item: LegacyObject, exports: Path) -> str | None:
    """Return why the current landing is not what the object's files would land as, by their bytes; None if it is."""
    try:
        if current.files and not legacy_files(item, exports):
            return "its files are gone"
        mark = fingerprint(item, exports)
    except NotDelivered:
        return "its system is not delivered"
    except LegacyFileError as error:
        return str(error)
    if current.fingerprint != mark:
        return "its files or its declaration have changed"
    return None if read_attempt(current.folder.parent) == mark else "other files were landed last, and refused"


def _why_tried(state: AssetState) -> str | None:
    """Return why the event log does not end with the asset's materialisation; None if it does."""
    if state.running:
        return "another run is going to build it"
    if state.tried_at is not None and state.tried_at > state.updated_at:
        return "its last attempt failed"
    return None


# --- Confirming ------------------------------------------------------------------------------------------------------


def _report(mesh: _Mesh, key: dg.AssetKey, at: datetime) -> None:
    """Report the newest materialisation again, so that all that counts from its time includes the confirmation.

    It belongs to the same run as before: for Dagster, checks hold for the materialisations of their own run.
    """
    records = mesh.instance.fetch_materializations(key, limit=1).records
    made = records[0].asset_materialization if records else None
    if made is None:  # deleted meanwhile
        return
    entry = records[0].event_log_entry
    if CONFIRMED in made.metadata and entry.step_key is None:
        mesh.replaced.append(records[0].storage_id)
    again = dg.AssetMaterialization(
        key,
        description=made.description,
        metadata={**made.metadata, **confirmed_metadata(at)},
        partition=made.partition,
        tags=made.tags,
    )
    event = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        event_specific_data=StepMaterializationData(again),
        job_name=entry.job_name or RUNLESS_JOB_NAME,
    )
    mesh.instance.report_dagster_event(event, entry.run_id)


def _report_unread(mesh: _Mesh, landings: Collection[str]) -> None:
    """Report the check of unread files of each landing whose result differs from the last one."""
    checks = {key: dg.AssetCheckKey(asset_key(key), ALL_READ) for key in landings}
    records = mesh.instance.event_log_storage.get_latest_asset_check_execution_by_key([*checks.values()])
    unread: dict[tuple[str, str], UnreadFiles] = {}
    for key, check in checks.items():
        domain, item = mesh.landings[key]
        place = (domain, item.system)
        if place not in unread:
            unread[place] = unread_of_system(mesh.settings, *place)
        result = all_read(check.asset_key, item, passed_over(item, mesh.settings.exports), unread[place])
        record = records.get(check)
        last = record.event.asset_check_evaluation if record and record.event else None
        if last is None or (last.passed, last.description) != (result.passed, result.description):
            _report_check(mesh.instance, check, result)


def _report_check(instance: dg.DagsterInstance, check: dg.AssetCheckKey, result: dg.AssetCheckResult) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=result.passed,
            severity=result.severity,
            description=result.description,
            metadata=result.metadata,
        )
    )
