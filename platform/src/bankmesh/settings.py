"""Where things are on this machine, read from the environment at the moment they are needed.

| variable | meaning | default |
| --- | --- | --- |
| `BANKMESH_ROOT` | the workspace: the folder that holds `workspace.yaml` | nearest one at or above the working folder |
| `MESH_HOME` | everything that is made: ports, landings, Dagster's history | `.mesh` in the workspace |
| `BANK_DATA` | the folder of legacy exports | the one that `mesh run` read last, else `exports` in `MESH_HOME` |
| `BANKMESH_EVENTS_DAYS` | days for which the events of superseded runs are kept, 1 to 3,650 | 30 |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bankmesh.errors import BankmeshError
from bankmesh.storage.atomic_files import write_atomically

LAST_EXPORTS = "exports-read-last"
DEFAULT_HOME = ".mesh"
EVENTS_DAYS = "BANKMESH_EVENTS_DAYS"
_DEFAULT_DAYS, _MOST_DAYS = 30, 3_650  # scorecards look at 30 days


class NoWorkspace(BankmeshError):
    """There is no workspace at or above the working folder."""

    def __init__(self, start: Path) -> None:
        self.start = start
        super().__init__(
            f"No workspace.yaml at {start} or above it. Change into your checkout of the mesh, "
            "or name it in the environment variable BANKMESH_ROOT."
        )


class UnusableHome(BankmeshError):
    """A mesh home is no folder, or its path holds characters that the libraries below do not take literally."""

    def __init__(self, home: Path, characters: str = "") -> None:
        self.home, self.characters = home, characters
        if not characters:
            super().__init__(f"MESH_HOME is {home}, which is a file or lies below one. Name a folder in MESH_HOME.")
            return
        shown = " ".join(character if character.isprintable() else ascii(character) for character in characters)
        super().__init__(
            f"MESH_HOME is {str(home)!r}, and its path contains {shown}. Delta Lake, DuckDB and Polars read such "
            "characters as patterns, partitions or escapes, and would read other files or none. "
            "Name a folder without * ? [ ] % \\ = and unprintable characters in MESH_HOME."
        )


class NoExports(BankmeshError):
    """There is nothing to land: the folder of exports is missing, empty or a file."""

    def __init__(self, exports: Path, problem: str) -> None:
        self.exports, self.problem = exports, problem
        super().__init__(
            f"BANK_DATA is {exports}, and {problem}. Name the folder that holds one folder for each legacy system."
        )


class BadDays(BankmeshError):
    """A variable that is a number of days says something else."""

    def __init__(self, variable: str, value: str) -> None:
        self.variable, self.value = variable, value
        super().__init__(f"{variable}={value!r} is no number of days; write a whole number from 1 to {_MOST_DAYS}.")


@dataclass(frozen=True)
class Settings:
    """The three places that everything else is found from."""

    root: Path
    home: Path
    exports: Path

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps runs, events and schedules."""
        return self.home / "dagster"


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a `workspace.yaml`; raises NoWorkspace."""
    for folder in (start, *start.parents):
        if (folder / "workspace.yaml").is_file():
            return folder
    raise NoWorkspace(start)


def current_settings(near: Path | None = None) -> Settings:
    """Settings of this process; `near` is where to look for the workspace if the environment is silent."""
    named = os.environ.get("BANKMESH_ROOT")
    root = Path(named).resolve() if named else find_root((near or Path.cwd()).resolve())
    home = _path("MESH_HOME", root / DEFAULT_HOME, root)
    require_literal_path(home)
    return Settings(root=root, home=home, exports=_path("BANK_DATA", _last_exports(home), root))


# Globs of DuckDB and Polars, folders of Hive partitions, escapes in the URIs of delta-rs and of Delta's kernel.
_NOT_LITERAL = frozenset("*?[]%\\=")


def require_literal_path(home: Path) -> None:
    """Raise UnusableHome unless Delta Lake, DuckDB and Polars all take the path, links resolved, as it is written."""
    nearest = next(place for place in (home, *home.parents) if place.exists())
    if not nearest.is_dir():
        raise UnusableHome(home)
    path = str(home.resolve())
    found = {character for character in path if character in _NOT_LITERAL or not character.isprintable()}
    if found:
        raise UnusableHome(Path(path), "".join(sorted(found)))


def require_exports(exports: Path) -> None:
    """Raise NoExports unless the folder of exports is there and holds something."""
    if not exports.is_dir():
        raise NoExports(exports, "that is a file" if exports.exists() else "there is no such folder")
    if not any(exports.iterdir()):
        raise NoExports(exports, "that folder is empty")


def remember_exports(settings: Settings) -> None:
    """Have the UI, and later runs that are told nothing else, read the exports that this run reads."""
    settings.home.mkdir(parents=True, exist_ok=True)
    inside = settings.exports.is_relative_to(settings.home)  # then a home that is moved, or copied, keeps its own
    place = settings.exports.relative_to(settings.home) if inside else settings.exports
    write_atomically(settings.home / LAST_EXPORTS, f"{place}\n")


def events_days() -> int:
    """Days for which the events of superseded runs are kept. Raises BadDays."""
    value = os.environ.get(EVENTS_DAYS, str(_DEFAULT_DAYS))
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST_DAYS):
        raise BadDays(EVENTS_DAYS, value)
    return int(value)


def _last_exports(home: Path) -> Path:
    remembered = home / LAST_EXPORTS
    return home / (remembered.read_text(encoding="utf-8").strip() if remembered.is_file() else "exports")


def _path(variable: str, default: Path, root: Path) -> Path:
    value = os.environ.get(variable)
    return (root / Path(value).expanduser()).resolve() if value else default
