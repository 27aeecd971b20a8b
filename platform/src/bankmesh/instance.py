"""The Dagster instance of a mesh home: runs, events and checks, kept where `MESH_HOME` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

    from bankmesh.settings import Settings

_DAGSTER_YAML = """\
# One machine: SQLite storage beside this file, which Dagster chooses where nothing else is said.
telemetry:
  enabled: false
# No dialogue on the first visit to the UI.
nux:
  enabled: false
"""


def prepare_dagster_home(settings: Settings) -> Path:
    """Make the folder for `DAGSTER_HOME`; a `dagster.yaml` that is already there is left alone."""
    folder = settings.dagster_home
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        write_atomically(folder / "dagster.yaml", _DAGSTER_YAML)
    return folder


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance that `mesh run` and `mesh dev` share."""
    import dagster as dg

    return dg.DagsterInstance.from_config(str(prepare_dagster_home(settings)))


def existing_instance(settings: Settings) -> dg.DagsterInstance | None:
    """The instance, or None where nothing has run yet; makes nothing."""
    return open_instance(settings) if (settings.dagster_home / "dagster.yaml").exists() else None
