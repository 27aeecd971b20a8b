"""`mesh doctor`: examine the installation, the workspace and its home, and say what to do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import typer

from bankmesh.cli.health_findings import Health, examine
from bankmesh.cli.home_findings import database_findings, export_findings, home_findings, location_findings
from bankmesh.cli.installation_findings import clock_findings, package_findings, port_findings, python_findings
from bankmesh.cli.leftover_findings import file_findings, port_findings_of_home, run_findings
from bankmesh.cli.output import JsonOption, console, print_json
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
    settings: list[Settings] = []

    def workspace() -> Iterator[HealthFinding]:
        settings.append(current_settings())
        yield from ()

    checks: list[Check] = [
        ("Python", python_findings),
        ("packages", package_findings),
        ("port 3000", port_findings),
        ("workspace", workspace),
    ]
    for subject, check in checks:
        yield from examine(subject, check)
    home = settings[0].home if settings else None
    yield from examine("clock", partial(clock_findings, home, now))
    for subject, check in _home_checks(settings[0], now) if settings else ():
        yield from examine(subject, check)


def _home_checks(settings: Settings, now: datetime) -> list[Check]:
    return [
        ("home", partial(home_findings, settings)),
        ("databases", partial(database_findings, settings)),
        ("code locations", partial(location_findings, settings)),
        ("exports", partial(export_findings, settings)),
        ("ports", partial(port_findings_of_home, settings, now)),
        ("runs", partial(run_findings, settings)),
        ("files", partial(file_findings, settings, now)),
    ]
