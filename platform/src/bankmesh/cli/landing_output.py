"""What `mesh show` and `mesh run` print about landings: counts of rows and rejects, and no value of a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bankmesh.catalog.landing_status import landing_status
from bankmesh.cli.output import ago, column_facts, console, count, print_columns, print_json, print_table
from bankmesh.sources import read_system
from bankmesh.workspace.landing_names import declaration_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.catalog.landing_status import LandingStatus
    from bankmesh.settings import Settings
    from bankmesh.sources import Landing, LegacyObject
    from bankmesh.workspace.landing_names import LandingName


_WORDS = {"published": "landed"}
"""The outcomes of a run that are named otherwise for landings."""


def print_landing(settings: Settings, name: LandingName, *, as_json: bool) -> None:
    """Print the declaration of a landing, its columns, and what was landed. Raises SourceFaults."""
    obj = read_system(declaration_file(settings.root, name)).object(name.object)
    status = landing_status(settings.home, name)
    if as_json:
        print_json(_facts(obj, status))
    else:
        _print_declared(obj, status)
        _print_landed(status)


def print_landing_states(states: Iterable[LandingStatus], this_run: dict[str, str]) -> None:
    """Print the table of landings of `mesh run`: the rows that products read, and what the run did to each landing.

    Of a landing that was refused, the row is that of the one before, which products still read.
    """
    print_table(
        ("landing", "rows", "rejects", "landed", "this run"),
        [
            (state.name.full, *_counts(state.current), _WORDS.get(word := this_run.get(state.name.full, "-"), word))
            for state in states
        ],
    )


def _counts(landing: Landing | None) -> tuple[str, str, str]:
    if landing is None:
        return "-", "-", "never"
    return count(landing.rows), count(landing.rejects), ago(landing.landed_at)


def _facts(obj: LegacyObject, status: LandingStatus) -> dict[str, Any]:
    return {
        "landing": status.name.full,
        "domain": status.name.domain,
        "system": obj.system,
        "object": obj.name,
        "description": obj.description,
        "owner": obj.owner,
        "folder": obj.folder,
        "files": list(obj.files),
        "declaration": f"{os.path.relpath(obj.place.file)}:{obj.place.line}",
        "rejects_tolerated": str(obj.rejects_tolerated),
        "columns": [column_facts(column) for column in obj.columns],
        "state": status.state,
        "current": _landed_facts(status.current),
        "last_attempt": _landed_facts(status.attempt),
        "refused_at": status.refusal.at.isoformat() if status.refusal else None,
        "refusal": status.refusal.message if status.refusal else None,
    }


def _landed_facts(landing: Landing | None) -> dict[str, Any] | None:
    if landing is None:
        return None
    return {
        "landed_at": landing.landed_at.isoformat(),
        "files": len(landing.files),
        "records": landing.rows_in,
        "rows": landing.rows,
        "rejects": landing.rejects,
        "complete_through": landing.complete_through and landing.complete_through.isoformat(),
    }


def _print_declared(obj: LegacyObject, status: LandingStatus) -> None:
    out = console()
    out.print(f"[bold]{status.name.full}[/bold]  landing, internal to {status.name.domain}")
    out.print(obj.description, markup=False)
    for label, text in (
        ("owner", obj.owner),
        ("files", f"{', '.join(obj.files)} in {obj.folder}"),
        ("tolerated", f"rejects up to {obj.rejects_tolerated}"),
        ("declaration", f"{os.path.relpath(obj.place.file)}:{obj.place.line}"),
    ):
        out.print(f"  {label:<16}{text}", markup=False)
    print_columns(obj.columns)


def _print_landed(status: LandingStatus) -> None:
    rows: list[tuple[str, ...]] = [("refused", ago(status.refusal.at), "-", "-", "-", "-")] if status.refusal else []
    shown = [(status.state, status.attempt), *([("current", status.current)] if status.state != "current" else [])]
    rows += [
        (state, ago(each.landed_at), *map(count, (len(each.files), each.rows_in, each.rows, each.rejects)))
        for state, each in shown
        if each is not None
    ]
    if rows:
        print_table(("state", "landed", "files", "records", "rows", "rejects"), rows)
    if status.refusal is not None:
        console().print(status.refusal.message, markup=False)
    elif status.attempt is None:
        console().print(f"Never landed: `mesh run {status.name.short}` lands it.", markup=False)
    elif any(each and each.rejects for _, each in shown):
        console().print(f"`mesh rejects {status.name.short}` lists what the last attempt rejected.", markup=False)
