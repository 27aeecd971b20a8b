"""Settings of a process: every environment variable of Bankmesh, with its default, its bounds and its error.

They are read from the environment when they are needed.

| variable | meaning | default |
| --- | --- | --- |
| `BANKMESH_ROOT` | the workspace: the folder that holds `workspace.yaml` | nearest one at or above the working folder |
| `MESH_HOME` | everything that is generated: ports, landings, Dagster's history | `.mesh` in the workspace |
| `BANK_DATA` | the folder of legacy exports | the one that `mesh run` last read, else `exports` in `MESH_HOME` |
| `BANKMESH_CATALOG_DB` | database of the catalog's index, as a SQLAlchemy URL | SQLite in `MESH_HOME/catalog.db` |
| `BANKMESH_LINEAGE_DB` | database of OpenLineage events, as a SQLAlchemy URL | SQLite in `MESH_HOME/lineage.db` |
| `BANKMESH_LINEAGE_DAYS` | days for which events are kept once they are sent, or have no receiver; 1 to 3,650 | 90 |
| `OPENLINEAGE_NAMESPACE` | namespace of the mesh's jobs in OpenLineage | `bankmesh` |
| `OPENLINEAGE_URL`, `OPENLINEAGE_CONFIG`, ... | receiver of events: what OpenLineage's Python client reads | none |
| `BANKMESH_EVENTS_DAYS` | days for which the events of superseded runs are kept, 1 to 3,650 | 30 |
| `BANKMESH_ALERTS` | the file that maps support channels to receivers | `alerts.yaml` in `MESH_HOME` |
| `BANKMESH_ALERTS_DB` | database of incidents and notices, as a SQLAlchemy URL | SQLite in `MESH_HOME/alerts.db` |
| `BANKMESH_UI_URL` | address of the Dagster UI, for links in alerts | no links |
| `BANKMESH_SENSOR_SECONDS` | seconds between two ticks of a sensor, 1 to 86,400 | 30 |
| `BANKMESH_QUIET_SECONDS` | a legacy file is landed once it has not changed for so many seconds, 0 to 86,400 | 30 |
| `BANKMESH_PATIENCE_SECONDS` | seconds to wait for an input that has yet to follow a change, 0 to 86,400 | 900 |
| `BANKMESH_AUTOMATION` | `off` switches automation off, whatever `mesh automation` says | what that says |
| `BANKMESH_CONSUMER` | name of the consumer, as contracts list it | `user:` and the login name |
| `BANKMESH_TOKEN` | the reader's token, or the name of one that `mesh token issue` made | what `mesh token use` chose |
| `BANKMESH_PURPOSE` | the purpose of reads that name none | what `mesh token use` chose |
| `BANKMESH_ACCESS_DB` | database of registered audit chains, as a SQLAlchemy URL | SQLite in `MESH_HOME/access.db` |
| `BANKMESH_AUDIT` | `strict`: a read waits until its audit records are on the disk | `grouped` |
| `BANKMESH_PSEUDONYM_KEYS` | the keys of pseudonyms, as JSON | `access/keys/pseudonyms.json` in `MESH_HOME` |
| `BANKMESH_PSEUDONYM_KEYS_COMMAND` | a command that prints the keys of pseudonyms | none |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bankmesh.errors import BankmeshError
from bankmesh.storage.atomic_files import write_atomically

LAST_EXPORTS = "exports-read-last"
DEFAULT_HOME = ".mesh"
CATALOG_DATABASE = "BANKMESH_CATALOG_DB"
LINEAGE_DATABASE = "BANKMESH_LINEAGE_DB"
ALERTS_DATABASE = "BANKMESH_ALERTS_DB"
AUTOMATION = "BANKMESH_AUTOMATION"
CONSUMER = "BANKMESH_CONSUMER"
ACCESS_DATABASE = "BANKMESH_ACCESS_DB"
TOKEN = "BANKMESH_TOKEN"  # noqa: S105 - the name of the variable
PURPOSE = "BANKMESH_PURPOSE"
AUDIT = "BANKMESH_AUDIT"
PSEUDONYM_KEYS = "BANKMESH_PSEUDONYM_KEYS"
PSEUDONYM_KEYS_COMMAND = "BANKMESH_PSEUDONYM_KEYS_COMMAND"
LINEAGE_NAMESPACE = "OPENLINEAGE_NAMESPACE"
_DEFAULT_NAMESPACE = "bankmesh"
_OFF, _ON = {"off", "0", "false", "no"}, {"on", "1", "true", "yes", ""}
_STRICT, _GROUPED = "strict", "grouped"
_DAY = 86_400
_FOLLOWER_SECONDS = 10
"""Nobody waits for lineage or the catalog, and each tick costs a code server some milliseconds."""


class NoWorkspace(BankmeshError):
    """There is no workspace at or above the working folder."""

    is_wrong_call = True

    def __init__(self, start: Path) -> None:
        self.start = start
        super().__init__(
            f"No workspace.yaml at {start} or above it. Change into your checkout of the mesh, "
            "or name it in the environment variable BANKMESH_ROOT."
        )


class UnusableHome(BankmeshError):
    """A mesh home is not a folder, or its path holds characters that the storage libraries do not read literally."""

    is_wrong_call = True

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
    """There is nothing to land: the folder of exports is missing or empty, or it is a file."""

    is_wrong_call = True

    def __init__(self, exports: Path, problem: str) -> None:
        self.exports, self.problem = exports, problem
        super().__init__(
            f"BANK_DATA is {exports}, and {problem}. Name the folder that holds one folder for each legacy system."
        )


class BadNumber(BankmeshError):
    """A variable that must be a whole number within bounds has another value."""

    def __init__(self, variable: str, value: str, unit: str, least: int, most: int) -> None:
        self.variable, self.value, self.unit, self.least, self.most = variable, value, unit, least, most
        super().__init__(
            f"{variable}={value!r} is not a number of {unit}; write a whole number from {least} to {most}."
        )


class BadSwitch(BankmeshError):
    """A switch of automation, in the environment or in a mesh home, is neither on nor off."""

    def __init__(self, where: str, value: str) -> None:
        self.where, self.value = where, value
        super().__init__(f"{where} is {value!r}; write on or off (`mesh automation on`, `mesh automation off`).")


class BadAuditMode(BankmeshError):
    """The mode of the audit log is not one of those that exist."""

    def __init__(self, value: str) -> None:
        self.value = value
        super().__init__(f"{AUDIT} is {value!r}; write {_STRICT} or {_GROUPED}.")


class BadConsumer(BankmeshError):
    """The name of the consumer is no text."""

    def __init__(self) -> None:
        super().__init__(f"{CONSUMER} is not UTF-8; write the name as contracts list it, or unset it.")


@dataclass(frozen=True)
class WholeNumber:
    """A variable that holds a whole number of `unit`, from `least` to `most`."""

    variable: str
    default: int
    least: int
    most: int
    unit: str

    def read(self) -> int:
        """Return the value, or the default where the variable is not set. Raises BadNumber."""
        value = os.environ.get(self.variable) or str(self.default)
        if not (value.isascii() and value.isdigit() and self.least <= int(value) <= self.most):
            raise BadNumber(self.variable, value, self.unit, self.least, self.most)
        return int(value)


EVENTS_DAYS = WholeNumber("BANKMESH_EVENTS_DAYS", 30, 1, 3_650, "days")  # scorecards cover 30 days
LINEAGE_DAYS = WholeNumber("BANKMESH_LINEAGE_DAYS", 90, 1, 3_650, "days")
SENSOR_SECONDS = WholeNumber("BANKMESH_SENSOR_SECONDS", 30, 1, _DAY, "seconds")
QUIET_SECONDS = WholeNumber("BANKMESH_QUIET_SECONDS", 30, 0, _DAY, "seconds")
PATIENCE_SECONDS = WholeNumber("BANKMESH_PATIENCE_SECONDS", 900, 0, _DAY, "seconds")


@dataclass(frozen=True)
class Settings:
    """The three folders from which all other paths are derived."""

    root: Path
    home: Path
    exports: Path

    @property
    def dagster_home(self) -> Path:
        """The folder in which Dagster keeps runs, events and schedules."""
        return self.home / "dagster"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables with which another process has the same settings."""
        return {"BANKMESH_ROOT": str(self.root), "MESH_HOME": str(self.home), "BANK_DATA": str(self.exports)}


@dataclass(frozen=True)
class AlertSettings:
    """The database of incidents and notices, the file of routes, and the address of the UI if people can reach it."""

    database: str
    file: Path
    ui_url: str | None


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds a `workspace.yaml`. Raises NoWorkspace."""
    for folder in (start, *start.parents):
        if (folder / "workspace.yaml").is_file():
            return folder
    raise NoWorkspace(start)


def current_settings(near: Path | None = None) -> Settings:
    """Return the settings of this process; without `BANKMESH_ROOT` the workspace is searched from `near` upwards."""
    named = os.environ.get("BANKMESH_ROOT")
    root = Path(named).resolve() if named else find_root((near or Path.cwd()).resolve())
    home = _path("MESH_HOME", root / DEFAULT_HOME, root)
    require_literal_path(home)
    return Settings(root=root, home=home, exports=_path("BANK_DATA", _last_exports(home), root))


# Glob characters of DuckDB and Polars, Hive partition folders, escapes in the URIs of delta-rs and the Delta kernel.
_NOT_LITERAL = frozenset("*?[]%\\=")


def require_literal_path(home: Path) -> None:
    """Raise UnusableHome unless Delta Lake, DuckDB and Polars all read the path, with links resolved, literally."""
    nearest = next(place for place in (home, *home.parents) if place.exists())
    if not nearest.is_dir():
        raise UnusableHome(home)
    path = str(home.resolve())
    found = {character for character in path if character in _NOT_LITERAL or not character.isprintable()}
    if found:
        raise UnusableHome(Path(path), "".join(sorted(found)))


def require_exports(exports: Path) -> None:
    """Raise NoExports unless the folder of exports exists and is not empty."""
    if not exports.is_dir():
        raise NoExports(exports, "that is a file" if exports.exists() else "there is no such folder")
    if not any(exports.iterdir()):
        raise NoExports(exports, "that folder is empty")


def remember_exports(settings: Settings) -> None:
    """Record the exports that this run reads as the default of the UI and of later runs without `BANK_DATA`."""
    settings.home.mkdir(parents=True, exist_ok=True)
    inside = settings.exports.is_relative_to(settings.home)  # so a moved or copied home keeps its own exports
    place = settings.exports.relative_to(settings.home) if inside else settings.exports
    write_atomically(settings.home / LAST_EXPORTS, f"{place}\n", is_shared=True)


def catalog_database(settings: Settings) -> str:
    """Return the URL of the catalog's index."""
    return os.environ.get(CATALOG_DATABASE) or f"sqlite:///{settings.home / 'catalog.db'}"


def lineage_database(home: Path) -> str:
    """Return the URL of the database of OpenLineage events."""
    return os.environ.get(LINEAGE_DATABASE) or f"sqlite:///{home / 'lineage.db'}"


def lineage_namespace() -> str:
    """Return the namespace of the mesh's jobs."""
    return os.environ.get(LINEAGE_NAMESPACE) or _DEFAULT_NAMESPACE


def has_lineage_receiver() -> bool:
    """Whether OpenLineage's client knows a receiver of events: by a variable, or by an `openlineage.yml`.

    Without one the client would print them; `OPENLINEAGE_DISABLED=true` means that they are only kept.
    """
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in os.environ):
        return True
    named = os.environ.get("OPENLINEAGE_CONFIG")
    files = [Path(named)] if named else []
    files += [Path.cwd() / "openlineage.yml", Path.home() / ".openlineage" / "openlineage.yml"]
    return any(file.is_file() for file in files)


def alert_settings(settings: Settings) -> AlertSettings:
    """Return where alerts are kept and how they are routed."""
    named = os.environ.get("BANKMESH_ALERTS")
    return AlertSettings(
        database=os.environ.get(ALERTS_DATABASE) or f"sqlite:///{settings.home / 'alerts.db'}",
        file=(settings.root / Path(named).expanduser()) if named else settings.home / "alerts.yaml",
        ui_url=os.environ.get("BANKMESH_UI_URL") or None,
    )


def follower_seconds() -> int:
    """Return the seconds between two ticks of a sensor that reports what has happened and starts nothing.

    Raises BadNumber.
    """
    return max(_FOLLOWER_SECONDS, SENSOR_SECONDS.read())


def is_automation_off() -> bool:
    """Whether the environment switches automation off; `on` leaves that to the mesh home. Raises BadSwitch."""
    named = os.environ.get(AUTOMATION, "").strip().lower()
    if named not in _OFF | _ON:
        raise BadSwitch(AUTOMATION, named)
    return named in _OFF


def is_run_by_make() -> bool:
    """Whether this process is a command of a Makefile, which may set variables that the shell of its caller lacks."""
    return "MAKELEVEL" in os.environ


def named_consumer() -> str:
    """Return the name that the environment gives the consumer of this process; empty where it gives none.

    Raises BadConsumer.
    """
    named = os.environ.get(CONSUMER, "").strip()
    if named.encode(errors="replace").decode() != named:
        raise BadConsumer
    return named


def access_database(home: Path) -> str:
    """Return the URL of the database of registered audit chains."""
    return os.environ.get(ACCESS_DATABASE) or f"sqlite:///{home / 'access.db'}"


def named_token() -> str:
    """Return the token that the environment gives, or its name; empty where it gives none."""
    return os.environ.get(TOKEN, "").strip()


def named_purpose() -> str:
    """Return the purpose that the environment gives; empty where it gives none."""
    return os.environ.get(PURPOSE, "").strip()


def is_audit_strict() -> bool:
    """Whether reads wait until their audit records are on the disk. Raises BadAuditMode."""
    named = os.environ.get(AUDIT, "").strip().lower() or _GROUPED
    if named not in {_STRICT, _GROUPED}:
        raise BadAuditMode(named)
    return named == _STRICT


def _last_exports(home: Path) -> Path:
    remembered = home / LAST_EXPORTS
    return home / (remembered.read_text(encoding="utf-8").strip() if remembered.is_file() else "exports")


def _path(variable: str, default: Path, root: Path) -> Path:
    value = os.environ.get(variable)
    return (root / Path(value).expanduser()).resolve() if value else default
