"""Where alerts are kept and how they are steered, read from the environment at the moment it is needed.

| variable | meaning | default |
| --- | --- | --- |
| `BANKMESH_ALERTS` | the file that says where channels really are | `alerts.yaml` in `MESH_HOME` |
| `BANKMESH_ALERTS_DB` | database of the outbox, as a SQLAlchemy URL | SQLite in `MESH_HOME/alerts.db` |
| `BANKMESH_UI_URL` | where people find the Dagster UI | no links in messages |
| `BANKMESH_SENSOR_SECONDS` | seconds between two looks at the event log | 30 |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.settings import Settings

_SECONDS = 30


@dataclass(frozen=True)
class AlertSettings:
    """The outbox's database, the settings file, and the UI if people can reach it."""

    database: str
    file: Path
    ui_url: str | None


def current_places(settings: Settings) -> AlertSettings:
    """The places of this process."""
    named = os.environ.get("BANKMESH_ALERTS")
    return AlertSettings(
        database=os.environ.get("BANKMESH_ALERTS_DB") or f"sqlite:///{settings.home / 'alerts.db'}",
        file=(settings.root / Path(named).expanduser()) if named else settings.home / "alerts.yaml",
        ui_url=os.environ.get("BANKMESH_UI_URL") or None,
    )


def sensor_seconds() -> int:
    """Seconds between two ticks of an alert sensor; a value that is no whole number from 1 on counts as not given."""
    text = os.environ.get("BANKMESH_SENSOR_SECONDS", "")
    return int(text) if text.isdigit() and int(text) > 0 else _SECONDS
