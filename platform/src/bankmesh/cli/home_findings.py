"""Findings of `mesh doctor` about the workspace and its home: disk, permissions, databases, locations, exports."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bankmesh.cli.health_findings import fault, ok, warning
from bankmesh.settings import (
    ACCESS_DATABASE,
    ALERTS_DATABASE,
    CATALOG_DATABASE,
    LINEAGE_DATABASE,
    NoExports,
    access_database,
    alert_settings,
    catalog_database,
    lineage_database,
    require_exports,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.cli.health_findings import HealthFinding
    from bankmesh.settings import Settings

_FULL, _LOW = 100 * 2**20, 2 * 2**30


def home_findings(settings: Settings) -> Iterator[HealthFinding]:
    """Examine whether the home can be written by this user, and not by every user."""
    home = settings.home
    nearest = next(place for place in (home, *home.parents) if place.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield fault("home", f"{nearest} is not writable for this user", "Change its permissions, or name another home.")
    elif nearest != home:
        yield ok("home", f"{home} does not exist yet; the first `mesh run` creates it")
    elif home.stat().st_mode & stat.S_IWOTH:
        yield warning("home", f"{home} is writable for every user", f"Run `chmod o-w {home}`.")
    else:
        yield ok("home", f"{home} is writable")
    yield disk_finding(nearest, shutil.disk_usage(nearest).free)


def disk_finding(place: Path, free: int) -> HealthFinding:
    """Return whether so many free bytes are enough for a run."""
    message = f"{free / 2**30:,.1f} GiB free at {place}"
    remedy = "Free some space: `mesh expire` removes what is not kept any longer."
    if free < _FULL:
        return fault("disk", message, remedy)
    return warning("disk", message, remedy) if free < _LOW else ok("disk", message)


def database_findings(settings: Settings) -> Iterator[HealthFinding]:
    """Try to open each database of the platform; nothing is created."""
    yield database_finding("catalog", catalog_database(settings), CATALOG_DATABASE)
    yield database_finding("lineage", lineage_database(settings.home), LINEAGE_DATABASE)
    yield database_finding("alerts", alert_settings(settings).database, ALERTS_DATABASE)
    yield database_finding("access", access_database(settings.home), ACCESS_DATABASE)


def database_finding(name: str, url: str, variable: str) -> HealthFinding:
    """Return whether a database can be read. Errors are named by their class: their texts may quote the address."""
    import sqlalchemy as sa

    from bankmesh.storage.databases import sqlite_file

    subject = f"database of {name}"
    remedy = f"Check the server and {variable}."
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        return fault(subject, f"{variable} is no database URL", "Write one such as postgresql://HOST/DATABASE.")
    # A password may be in the query of the URL, too.
    place = parsed.set(query={}, password=None).render_as_string()
    try:
        if parsed.get_backend_name() != "sqlite":
            _connect(url)
        elif (file := sqlite_file(parsed)) is None or not file.is_file():
            return ok(subject, f"{place} does not exist yet")
        else:
            uri = f"file:{quote(str(file))}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection:
                connection.execute("select count(*) from sqlite_master").fetchone()
    except Exception as error:  # noqa: BLE001 - any driver's
        return fault(subject, f"{place} cannot be read ({type(error).__name__})", remedy)
    return ok(subject, f"{place} can be read")


def _connect(url: str) -> None:
    import sqlalchemy as sa

    from bankmesh.storage.databases import open_database

    engine = open_database(url, lambda connection: connection.execute(sa.text("select 1")).close())
    engine.dispose()


def location_findings(settings: Settings) -> Iterator[HealthFinding]:
    """Look for the Python module of each code location of `workspace.yaml`."""
    from bankmesh.orchestration.workspace_faults.code_location_faults import read_locations

    entries, faults = read_locations(settings.root)
    for found in faults:
        message = f"{os.path.relpath(found.file)}:{found.line}: {found.message}"
        yield fault("code location", message, "In this checkout, `make install` installs every domain.")
    if entries:
        yield ok("code locations", f"{', '.join(entry.name for entry in entries)} can be imported")


def export_findings(settings: Settings) -> Iterator[HealthFinding]:
    """Look for the folder of exports."""
    try:
        require_exports(settings.exports)
    except NoExports as error:
        remedy = "Name the folder with one folder for each legacy system in BANK_DATA, or play a bank with `make demo`."
        yield warning("exports", f"BANK_DATA is {error.exports}, and {error.problem}", remedy)
        return
    yield ok("exports", f"{settings.exports} has {sum(path.is_dir() for path in settings.exports.iterdir())} folders")
