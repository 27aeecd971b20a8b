"""`mesh doctor`: examine the installation, the workspace and its home, and say what to do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import typer

from bankmesh.cli.audit_findings import audit_findings
from bankmesh.cli.health_findings import Health, examine, fault
from bankmesh.cli.home_findings import database_findings, export_findings, home_findings, location_findings
from bankmesh.cli.installation_findings import clock_findings, package_findings, python_findings, ui_port_findings
from bankmesh.cli.leftover_findings import file_findings, port_findings, run_findings
from bankmesh.cli.output import JsonOption, console, print_json
from bankmesh.errors import BankmeshError
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bankmesh.cli.health_findings import HealthFinding
    from bankmesh.settings import Settings

Check = tuple[str, "Callable[[], Iterable[HealthFinding]]"]


def doctor(*, as_json: JsonOption = False) -> None:
    """Examine versions, home, databases, code locations and leftovers. Exit 1 if there is a fault.

    Nothing is changed. Passwords of database URLs are not printed.
    """
    found = []
    for finding in _findings(datetime.now(UTC)):
        found.append(finding)
        if not as_json:
            console().print(str(finding), markup=False, soft_wrap=True)
    if as_json:
        print_json([asdict(finding) for finding in found])
    raise typer.Exit(1 if any(finding.health is Health.FAULT for finding in found) else 0)


def _findings(now: datetime) -> Iterator[HealthFinding]:
    yield from examine("Python", python_findings)
    yield from examine("packages", package_findings)
    yield from examine("port 3000", ui_port_findings)
    settings = None
    try:
        settings = current_settings()
    except BankmeshError as error:
        yield fault("workspace", str(error).rstrip("."), "")
    yield from examine("clock", partial(clock_findings, settings.home if settings else None, now))
    for subject, check in _home_checks(settings, now) if settings else ():
        yield from examine(subject, check)


def _home_checks(settings: Settings, now: datetime) -> list[Check]:
    return [
        ("home", partial(home_findings, settings)),
        ("databases", partial(database_findings, settings)),
        ("code locations", partial(location_findings, settings)),
        ("exports", partial(export_findings, settings)),
        ("ports", partial(port_findings, settings, now)),
        ("runs", partial(run_findings, settings)),
        ("files", partial(file_findings, settings, now)),
        ("audit log", partial(audit_findings, settings)),
    ]
