"""Change marks of the index's sources, cheap enough to compare with every search.

Marks of files depend on their contents, not their times, so that processes with separate checkouts agree on them.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.catalog.recorded_reads import use_files
from bankmesh.names import parse_port_name
from bankmesh.ports.confirmations import CONFIRMATIONS
from bankmesh.ports.port_locations import LOG_FOLDER
from bankmesh.workspace.domain_folders import all_contract_files, domain_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from bankmesh.catalog.index.index_rows import Row
    from bankmesh.settings import Settings

CONTRACT, PORT, SYSTEMS, EVENTS, USE = "contract", "port", "systems", "events", "use"
PLACES = ("ports", "archive")
"""Folders of a mesh home that may contain the table of a port."""
_SHOWN = 16


@dataclass(frozen=True)
class SourceMarks:
    """Marks by name.

    Attributes:
        contracts: by file, relative to the workspace.
        ports: of the Delta log of each port.
        systems: of the source declarations of each domain.
        use: of each file of recorded reads, the offset up to which it is counted, or its length.
        events: position in Dagster's event log: the last entry, and the mark that identifies it.
    """

    contracts: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    use: Mapping[str, str] = field(default_factory=dict)
    events: str = ""

    def rows(self) -> list[Row]:
        """Return the marks as rows of the index."""
        kinds = {CONTRACT: self.contracts, PORT: self.ports, SYSTEMS: self.systems, USE: self.use}
        if self.events:
            kinds[EVENTS] = {"": self.events}
        return [
            {"kind": kind, "name": name, "mark": mark} for kind, found in kinds.items() for name, mark in found.items()
        ]


def stored_marks(connection: Connection) -> SourceMarks:
    """Return the marks of the sources that the index was made from."""
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(sa.select(tables.sources)):
        found.setdefault(row.kind, {})[row.name] = row.mark
    return SourceMarks(
        contracts=found.get(CONTRACT, {}),
        ports=found.get(PORT, {}),
        systems=found.get(SYSTEMS, {}),
        use=found.get(USE, {}),
        events=found.get(EVENTS, {}).get("", ""),
    )


def current_marks(settings: Settings, ports: Iterable[str]) -> SourceMarks:
    """Return the current marks of contracts, sources, recorded reads and these ports."""
    root = settings.root
    return SourceMarks(
        contracts=_contract_marks(root),
        ports=port_marks(settings.home, ports),
        systems={package.name: _systems_mark(package) for package in domain_packages(root)},
        use={file.name: str(file.stat().st_size) for file in use_files(settings.home)},
    )


def port_marks(home: Path, ports: Iterable[str]) -> dict[str, str]:
    """Return the mark of each port: the commits of its Delta log and the newest commit's time; empty without a log."""
    base = home.resolve()
    return {port: _port_mark(base, port) for port in ports}


def _port_mark(base: Path, name: str) -> str:
    # Plain paths and one listing per port: there may be thousands, and every search compares them.
    folder = f"{parse_port_name(name).folder}/{LOG_FOLDER}"
    for place in PLACES:
        log = f"{base}/{place}/{folder}"
        try:
            found = os.listdir(log)  # noqa: PTH208 - see above
            commits = sorted(file for file in found if file.endswith(".json") and file[:-5].isdigit())
            if commits:
                written = os.stat(f"{log}/{commits[-1]}").st_mtime_ns  # noqa: PTH116 - see above
                mark = f"{place} {int(commits[0][:-5])}-{int(commits[-1][:-5])}-{len(commits)}-{written}"
                return f"{mark}{_confirmed_mark(os.path.dirname(log))}"  # noqa: PTH120 - see above
        except FileNotFoundError:  # nothing is published there, or it has just been moved
            continue
    return ""


def _confirmed_mark(folder: str) -> str:
    """Return the length of the file of confirmations, which grows with each one; empty without a file."""
    try:
        return f"-{os.stat(f'{folder}/{CONFIRMATIONS}').st_size}"  # noqa: PTH116 - see above
    except FileNotFoundError:
        return ""


def _contract_marks(root: Path) -> dict[str, str]:
    """Return the mark of every contract, by file relative to the workspace."""
    whole = f"{root}/"
    return {str(file).removeprefix(whole): _file_mark(file) for file in all_contract_files(root)}


def _file_mark(file: Path) -> str:
    stat = file.stat()
    return _digest(file, stat.st_mtime_ns, stat.st_size)


def _systems_mark(package: Path) -> str:
    marks = [f"{file.name} {_file_mark(file)}" for file in sorted((package / "sources").glob("*.yaml"))]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:_SHOWN]


@lru_cache(maxsize=65_536)
def _digest(file: Path, _written: int, _size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_SHOWN]
