"""Landings of legacy files that are new or changed: one sensor for each domain.

A tick compares names, sizes and times of change; files are read, for their fingerprint, only once they are quiet. What
is landed already is not landed again. The products that read a landing follow by automation.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.errors import LegacyFileError
from bankmesh.orchestration.asset_keys import landing_key
from bankmesh.orchestration.assets.run_tags import STARTED_BY
from bankmesh.orchestration.automation.automation_switch import read_switch
from bankmesh.orchestration.automation.file_changes import (
    SensorMemory,
    mark_processed,
    observe_files,
    run_key,
    settled_objects,
    unsettled_objects,
)
from bankmesh.settings import QUIET_SECONDS, SENSOR_SECONDS, current_settings
from bankmesh.sources import current_landing, fingerprint
from bankmesh.sources.export_files import control_path, matched_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.products.domain_package import Domain
    from bankmesh.settings import Settings
    from bankmesh.sources import LegacyObject


def file_sensor(domain: Domain, near: Path) -> dg.SensorDefinition | None:
    """Return the sensor for a domain's legacy files, None for a domain without legacy systems."""
    objects = {f"{item.system}.{item.name}": item for system in domain.systems for item in system.objects}
    if not objects:
        return None
    quiet = QUIET_SECONDS.read()

    @dg.sensor(
        name=f"{domain.name}_new_files",
        target=dg.AssetSelection.assets(*(landing_key(domain.name, i.system, i.name) for i in objects.values())),
        description="Lands legacy files that are new or changed, once they are quiet.",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=SENSOR_SECONDS.read(),
    )
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = current_settings(near)
        switch = read_switch(settings.home)
        if not switch.on:
            return dg.SkipReason(f"{switch}.")
        return _tick(domain.name, objects, settings, SensorMemory.from_cursor(context.cursor), quiet)

    return new_files


def signature(item: LegacyObject, exports: Path) -> str:
    """Return names, sizes, modes and times of change of an object's files as one text; empty if there is none."""
    paths = [*next(iter(matched_files(item, exports)), ())]
    control = control_path(item, exports) if paths else None
    try:
        stats = [
            (path.relative_to(exports).as_posix(), path.stat()) for path in (*paths, *([control] if control else []))
        ]
    except FileNotFoundError:  # removed meanwhile; the next tick reads what is there then
        return "changing"
    text = "\n".join(f"{name}\t{stat.st_size}\t{stat.st_mode}\t{stat.st_mtime_ns}" for name, stat in stats)
    return hashlib.sha256(f"{item.digest}\n{text}".encode()).hexdigest()[:32] if stats else ""


def _tick(
    domain: str, objects: Mapping[str, LegacyObject], settings: Settings, before: SensorMemory, quiet: float
) -> dg.SensorResult:
    now = time.time()
    memory = observe_files(before, {name: signature(item, settings.exports) for name, item in objects.items()}, now)
    ready = settled_objects(memory, now, quiet)
    fresh = _unlanded(domain, {name: objects[name] for name in ready}, settings)
    if not fresh:
        waiting = unsettled_objects(memory, now, quiet)
        said = f"not quiet yet: {', '.join(waiting)}" if waiting else "no file is new or changed"
        return dg.SensorResult(skip_reason=said, cursor=mark_processed(memory, ready, requested=False).to_cursor())
    items = [objects[name] for name in fresh]
    request = dg.RunRequest(
        run_key=run_key(memory, fresh),
        asset_selection=[landing_key(domain, item.system, item.name) for item in items],
        tags={STARTED_BY: "new files"},
    )
    return dg.SensorResult([request], cursor=mark_processed(memory, ready, requested=True).to_cursor())


def _unlanded(domain: str, ready: Mapping[str, LegacyObject], settings: Settings) -> dict[str, str]:
    """Return the fingerprints of those objects whose current files are not landed."""
    marks: dict[str, str] = {}
    for name, item in ready.items():
        try:
            mark = fingerprint(item, settings.exports)
        except LegacyFileError as error:
            if not matched_files(item, settings.exports):
                continue  # gone since; it comes back with another time of change
            mark = f"unreadable: {error.problem}"  # Its landing reports why.
        landed = current_landing(settings.home, domain, item.system, item.name)
        if landed is None or landed.fingerprint != mark:
            marks[name] = mark
    return marks
