"""Events that wait as files while the outbox is out of reach, and go into it as soon as it is back."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING

from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.lineage.openlineage.event_outbox import EventOutbox
    from bankmesh.lineage.openlineage.run_events import Event


def spool_folder(home: Path) -> Path:
    """Return the folder in which events wait while the outbox is out of reach."""
    return home / "lineage-waiting"


def put_aside(folder: Path, event: Event, dagster_run: str, asset: str) -> None:
    """Write an event into the folder; names sort in the order of time. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = {"dagster_run": dagster_run, "asset": asset, "event": event}
    write_atomically(folder / f"{time.time_ns():020d}-{uuid.uuid4().hex}.json", json.dumps(waiting))


def take_in(folder: Path, outbox: EventOutbox) -> int:
    """Move what waits into the outbox, in order; how many events that were. Killed in between, it moves the rest."""
    taken = 0
    for file in sorted(folder.glob("*.json")):
        try:
            waiting = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:  # another process has just taken it in
            continue
        outbox.keep(waiting["event"], waiting["dagster_run"], waiting["asset"])
        file.unlink(missing_ok=True)
        taken += 1
    return taken
