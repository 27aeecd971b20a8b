"""Findings of `mesh doctor` about the installation: versions of Python and packages, port of the UI, clock."""

from __future__ import annotations

import os
import platform
import re
import socket
import zoneinfo
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING

from bankmesh.cli.health_findings import fault, ok, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from bankmesh.cli.health_findings import HealthFinding

_PACKAGE = "bankmesh"
_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right is before the first release."""
_AHEAD = timedelta(hours=1)
_ZONE_NAME = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*")


def python_findings() -> Iterator[HealthFinding]:
    """Compare the version of Python with the one that the distribution requires."""
    from packaging.specifiers import SpecifierSet

    found, wanted = platform.python_version(), metadata(_PACKAGE)["Requires-Python"] or ""
    if SpecifierSet(wanted).contains(found, prereleases=True):
        yield ok("Python", found)
    else:
        yield fault("Python", f"{found}, and Bankmesh requires {wanted}", "Make .venv with another Python.")


def package_findings() -> Iterator[HealthFinding]:
    """Compare installed packages with the pins of the distribution; those of an extra only if they are installed."""
    yield from compare_packages(requires(_PACKAGE) or (), _installed)


def compare_packages(pins: Iterable[str], installed: Callable[[str], str | None]) -> Iterator[HealthFinding]:
    """Compare each pin, such as `polars>=2.1,<2.2`, with the version that `installed` returns for a name."""
    from packaging.requirements import Requirement

    wrong = 0
    pinned = [Requirement(text) for text in pins]
    for pin in pinned:
        is_extra = pin.marker is not None
        found = installed(pin.name)
        if found is None and is_extra:
            continue
        if found is not None and pin.specifier.contains(found, prereleases=True):
            continue
        wrong += 1
        message = "not installed" if found is None else f"{found}, and the pin is {pin.specifier}"
        report = warning if is_extra else fault
        yield report(f"package {pin.name}", message, "Run `make install`.")
    if not wrong:
        yield ok("packages", f"{sum(pin.marker is None for pin in pinned)} are installed as pinned")


def ui_port_findings(port: int = 3000) -> Iterator[HealthFinding]:
    """Try whether the port of the Dagster UI is free."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            yield warning(
                f"port {port}",
                "in use, perhaps by the Dagster UI of this mesh",
                f"If by another program: `mesh dev --port {port + 1}`.",
            )
            return
    yield ok(f"port {port}", "free for the Dagster UI")


def clock_findings(home: Path | None, now: datetime) -> Iterator[HealthFinding]:
    """Examine the time zone, and compare the clock with the release and with files of the home."""
    zone = os.environ.get("TZ", "")
    # Other values than names are POSIX rules (`CET-1CEST`) or files.
    if _ZONE_NAME.fullmatch(zone) and zone not in zoneinfo.available_timezones():
        yield warning("time zone", f"TZ is {zone!r}, which is no name of a time zone", "Set TZ to a name such as UTC.")
    newest = max((path.stat().st_mtime for path in home.iterdir()), default=0.0) if home and home.is_dir() else 0.0
    set_it = "Set the clock: freshness, retention and schedules count from it."
    if now < _RELEASED:
        yield fault("clock", f"it is {now:%Y-%m-%d %H:%M} UTC, before this release", set_it)
    elif newest > (now + _AHEAD).timestamp():
        written = datetime.fromtimestamp(newest, UTC)
        yield warning("clock", f"it is {now:%Y-%m-%d %H:%M} UTC, and a file is of {written:%Y-%m-%d %H:%M}", set_it)
    else:
        local = now.astimezone()
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, local time zone {local.tzname()} ({local:%z})")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
