"""Materialisation of the whole mesh in this process: one Dagster run for each wave, with progress by step."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, cast

import dagster as dg
from dagster import DagsterEventType
from dagster._core.execution.plan.objects import ErrorSource

from bankmesh.names import is_landing, port_of_asset, readable_asset, step_of_asset
from bankmesh.orchestration.assets.automation_condition import code_versions
from bankmesh.orchestration.assets.event_metadata import CONFIRMED, NOT_DELIVERED, OUTCOME
from bankmesh.orchestration.assets.run_tags import RANGE_END, RANGE_START, acceptance_tags, confirm_tags
from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location
from bankmesh.orchestration.history.logged_versions import report_restored
from bankmesh.orchestration.runner.asset_selectors import AssetSelector, select_assets
from bankmesh.orchestration.runner.in_process_runs import cancel_run, end_dead_runs, process_tags, with_origin
from bankmesh.orchestration.runner.run_outcome import RunOutcome
from bankmesh.orchestration.runner.run_waves import Runnable, behind_absent, landings_behind, next_wave, unbuilt_inputs
from bankmesh.orchestration.runner.unchanged_assets import confirm_unchanged
from bankmesh.ports import port_at
from bankmesh.products.cancellation import is_stopping
from bankmesh.products.inputs.loaded_inputs import find_loaded_cycles
from bankmesh.products.product_definition import product_input
from bankmesh.products.unimplemented_contracts import find_unimplemented
from bankmesh.products.versions.held_products import describe_holds, find_held
from bankmesh.settings import current_settings
from bankmesh.workspace.landing_names import declared_landings, unknown_input
from bankmesh.workspace.location_modules import location_modules
from bankmesh.workspace.stage_access import require_port
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.orchestration.code_locations import Location
    from bankmesh.orchestration.runner.run_outcome import Progress
    from bankmesh.orchestration.runner.run_waves import Wave
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.products.unimplemented_contracts import UnimplementedContract

WARNED = "warned"
"""The note with the names of the checks that have warned."""

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_everything(
    root: Path,
    instance: dg.DagsterInstance,
    progress: Progress,
    only: Collection[str | AssetSelector] = (),
    *,
    accepted: AcceptedShrink | None = None,
    changed: Callable[[Collection[str]], frozenset[str]] | None = None,
    land: bool = True,
    force: bool = False,
) -> RunOutcome:
    """Materialise every asset of every location, or only the assets in `only`: keys, or selectors of assets around one.

    A product that depends on a failed one is skipped and keeps its last good version; others go on. Assets that depend
    on a system that was not delivered are absent. The outcome names a location that does not load. A contract in force
    that no asset implements fails, with what to do next. `accepted` permits what the named assets build to shrink, and
    no other. `changed` returns which of some landings are older than their files: those that the selected assets read
    are landed first, unless `land` is false. What is unchanged is confirmed and not built, unless `force` is true.

    Raises UnknownName for a key that no location defines, ProposedProduct or RetiredProduct for one that must not be
    built, and CycleFaults if one depends on itself.
    """
    selectors = [item if isinstance(item, AssetSelector) else AssetSelector(item) for item in only]
    named = frozenset(selector.key for selector in selectors)
    _refuse_without_port(root, named)
    outcome = RunOutcome(named=named)
    end_dead_runs(instance)
    locations = _load_all(root, outcome)
    runnables = [r for location in locations.values() for r in _runnables(location)]
    known = frozenset(r.key for r in runnables)
    unimplemented = find_unimplemented(root, readable_contracts(root), locations, known)
    for key in named:
        if key not in known | unimplemented.keys() and not outcome.not_loaded:
            ports = [readable_asset(each) for each in known if not is_landing(each)]
            raise unknown_input(readable_asset(key), ports, declared_landings(root))
    unmade = [Runnable(key, "", frozenset()) for key in unimplemented]
    chosen = select_assets([*runnables, *unmade], selectors, land=land)
    outcome.readers = frozenset(r.key for r in runnables if r.needs & frozenset(filter(is_landing, named)))
    _fail_unimplemented(unimplemented, chosen, progress, outcome)
    products = {port: item for location in locations.values() for port, item in location.products.items()}
    on_cycles = _refuse_cycles(root, products.values(), known, chosen, outcome)
    _hold(root, instance, locations.values(), on_cycles, chosen, outcome)
    accepting = acceptance_tags(accepted, named) if accepted else {}
    if chosen and changed is not None:
        chosen |= _land_first(runnables, chosen, changed, outcome, land=land)
    if chosen:
        is_built = partial(_is_published, current_settings(root).home)
        outcome.unbuilt = unbuilt_inputs(runnables, chosen, is_built)
    left_out = on_cycles | outcome.held.keys()
    waiting = [r for r in runnables if (not chosen or r.key in chosen) and r.key not in left_out]
    # Products built from landings that are older than their files are not confirmed as up to date.
    tags = accepting if force or outcome.newer else accepting | confirm_tags()
    if not force and not outcome.newer:
        waiting = _confirm(root, instance, products, waiting, progress, outcome)
    # Consumers of a held product read the version that is published.
    known -= frozenset(outcome.held)
    if chosen:
        known &= chosen
    while wave := next_wave(waiting, frozenset(outcome.up_to_date), known):
        if is_stopping():
            return outcome
        _run_wave(locations[wave.location], wave, instance, progress, outcome, tags)
        waiting = [r for r in waiting if r.key not in wave.keys]
    if is_stopping():
        return outcome
    settled = outcome.up_to_date | outcome.failed | outcome.absent | set(outcome.held)
    left = [r for r in runnables if (not chosen or r.key in chosen) and r.key not in settled]
    outcome.absent |= behind_absent(left, frozenset(outcome.absent), frozenset(outcome.up_to_date), known)
    outcome.skipped |= {r.key for r in left} - outcome.absent
    return outcome


def _confirm(
    root: Path,
    instance: dg.DagsterInstance,
    products: Mapping[str, ProductDefinition],
    waiting: list[Runnable],
    progress: Progress,
    outcome: RunOutcome,
) -> list[Runnable]:
    """Confirm what is unchanged; return what still has to be built."""
    found = confirm_unchanged(current_settings(root), instance, products, waiting)
    progress.decided(found)
    outcome.confirmed |= found.confirmed.keys()
    outcome.build_reasons |= found.reasons
    outcome.replaced = found.replaced
    return [asset for asset in waiting if asset.key not in found.confirmed]


def _refuse_cycles(
    root: Path,
    products: Iterable[ProductDefinition],
    known: Collection[str],
    only: Collection[str],
    outcome: RunOutcome,
) -> frozenset[str]:
    """Return the products that depend on themselves, which are not run. Raises CycleFaults if one of them was named."""
    cycles = find_loaded_cycles(root, products)
    keys = {port: product_input(port).asset for port in cycles.ports}
    if named := [port for port, key in keys.items() if key in only]:
        raise cycles.faults_of(named)
    found = frozenset(keys.values()) & frozenset(known)
    if found and not only:
        outcome.failed |= found
        outcome.cycles = cycles.faults_of(cycles.ports)
    return found


def _fail_unimplemented(
    unimplemented: Mapping[str, UnimplementedContract], only: Collection[str], progress: Progress, outcome: RunOutcome
) -> None:
    """Fail the contracts that no asset implements, among those that are to be built."""
    for key, missing in unimplemented.items():
        if not only or key in only:
            outcome.failed.add(key)
            progress.failed(step_of_asset(key), str(missing))


def _land_first(
    runnables: list[Runnable],
    named: frozenset[str],
    changed: Callable[[Collection[str]], frozenset[str]],
    outcome: RunOutcome,
    *,
    land: bool,
) -> frozenset[str]:
    """Return the changed landings that the named assets read; record in the outcome which newer ones are not landed."""
    direct, indirect = landings_behind(runnables, named)
    newer = changed(direct | indirect) - named
    first = newer & direct if land else frozenset()
    outcome.sources |= direct | indirect
    outcome.landed_first |= first
    outcome.newer |= newer - first
    return first


def _is_published(home: Path, key: str) -> bool:
    name = port_of_asset(key.split("/"))
    return name is not None and port_at(home, name.product_id, name.major).is_published


def _hold(
    root: Path,
    instance: dg.DagsterInstance,
    locations: Iterable[Location],
    on_cycles: Collection[str],
    only: Collection[str],
    outcome: RunOutcome,
) -> None:
    """Record the products that are held, after reporting their restored versions."""
    home = current_settings(root).home
    report_restored(instance, home, readable_contracts(root))
    versions: dict[str, str | None] = {}
    for location in locations:
        versions |= code_versions(location.definitions.resolve_asset_graph())
    for asset, hold in describe_holds(find_held(home, versions)).items():
        if asset not in on_cycles and (not only or asset in only):
            outcome.held[asset] = hold
    outcome.held_by_name |= outcome.held.keys() & outcome.named


def _refuse_without_port(root: Path, only: Collection[str]) -> None:
    ports = {readable_asset(key) for key in only}
    for contract in readable_contracts(root):
        if contract.port in ports:
            require_port(contract)


def _load_all(root: Path, outcome: RunOutcome) -> dict[str, Location]:
    locations: dict[str, Location] = {}
    for name, module in location_modules(root).items():
        if is_stopping():
            break
        try:
            locations[name] = load_location(name, module)
        except LocationNotLoaded as error:
            outcome.not_loaded.append(error)
    return locations


def _runnables(location: Location) -> list[Runnable]:
    graph = location.definitions.resolve_asset_graph()
    return [
        Runnable(
            key=key.to_user_string(),
            location=location.name,
            needs=frozenset(parent.to_user_string() for parent in graph.get(key).parent_keys),
            partitions=repr(graph.get(key).partitions_def) if graph.get(key).is_partitioned else None,
        )
        for key in graph.materializable_asset_keys
    ]


def _run_wave(
    location: Location,
    wave: Wave,
    instance: dg.DagsterInstance,
    progress: Progress,
    outcome: RunOutcome,
    tags: Mapping[str, str],
) -> None:
    keys = [dg.AssetKey.from_user_string(key) for key in wave.keys]
    job = location.definitions.resolve_implicit_global_asset_job_def()
    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, _listener(progress, instance))
    with with_origin(instance, location.name, location.module, job.name):
        result = job.execute_in_process(
            instance=instance,
            asset_selection=keys,
            run_id=run_id,
            tags=_partition_tags(location, keys) | process_tags() | dict(tags),
            run_config=_QUIET,
            raise_on_error=False,
        )
    events = result.all_events
    made = {e.asset_key.to_user_string(): e for e in events if e.is_step_materialization and e.asset_key}
    unchanged = {key for key, e in made.items() if CONFIRMED in e.step_materialization_data.materialization.metadata}
    broken = {e.step_key: e for e in events if e.event_type is DagsterEventType.STEP_FAILURE}
    for key in wave.keys:
        if event := broken.get(step_of_asset(key)):
            _note_failure(key, event, outcome)
    # A failed step may have reported an earlier run's version, which is not a publication of its own.
    outcome.published |= made.keys() - unchanged - outcome.failed - outcome.stopped
    outcome.confirmed |= unchanged - outcome.failed - outcome.stopped


def _note_failure(key: str, event: dg.DagsterEvent, outcome: RunOutcome) -> None:
    system = _not_delivered(event)
    if _is_stop(event):
        outcome.stopped.add(key)
    elif system is None:
        outcome.failed.add(key)
    else:
        outcome.absent.add(key)
        outcome.not_delivered[system] = _message(event)


def _is_stop(event: dg.DagsterEvent) -> bool:
    """Return whether a step failed because the run was cancelled."""
    return is_stopping() and event.step_failure_data.error_source is ErrorSource.INTERRUPT


def _not_delivered(event: dg.DagsterEvent) -> str | None:
    """Return the system whose landing failed because the exports hold nothing of it; None for any other failure."""
    said = event.step_failure_data.user_failure_data
    notes = {name: value.value for name, value in said.metadata.items()} if said and said.metadata else {}
    return str(notes.get("system")) if notes.get(OUTCOME) == NOT_DELIVERED else None


def _partition_tags(location: Location, keys: list[dg.AssetKey]) -> dict[str, str]:
    graph = location.definitions.resolve_asset_graph()
    partitioned = [graph.get(key).partitions_def for key in keys if graph.get(key).is_partitioned]
    if not partitioned or partitioned[0] is None:
        return {}
    names = partitioned[0].get_partition_keys()
    return {RANGE_START: names[0], RANGE_END: names[-1]}


def _listener(progress: Progress, instance: dg.DagsterInstance) -> Callable[[dg.EventLogEntry], None]:
    notes: dict[str, dict[str, object]] = {}

    def on_entry(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.event_type is DagsterEventType.STEP_FAILURE and _is_stop(event):
            cancel_run(instance, entry.run_id)
        elif event.event_type is DagsterEventType.STEP_START:
            progress.started(event.step_key)
        elif event.event_type is DagsterEventType.ASSET_MATERIALIZATION:
            metadata = event.step_materialization_data.materialization.metadata
            notes.setdefault(event.step_key, {}).update((name, value.value) for name, value in metadata.items())
        elif event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            _note_warning(event, notes.setdefault(event.step_key, {}))
        elif event.event_type is DagsterEventType.STEP_SUCCESS:
            progress.finished(event.step_key, notes.get(event.step_key, {}))
        elif event.event_type is DagsterEventType.STEP_FAILURE and _not_delivered(event) is None:
            progress.failed(event.step_key, _message(event))

    return on_entry


def _note_warning(event: dg.DagsterEvent, notes: dict[str, object]) -> None:
    """Add the name of a check that has warned to the step's notes."""
    check = event.asset_check_evaluation_data
    outcome = check.metadata.get(OUTCOME)
    if outcome is not None and outcome.value == "warned":
        notes[WARNED] = [*cast("list[str]", notes.get(WARNED, [])), check.check_name]


def _message(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "no message"
