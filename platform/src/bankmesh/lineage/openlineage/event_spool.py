"""The spool: events stored as files while the outbox is unreachable, and moved into it once it is back."""

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


def spool_event(folder: Path, event: Event, dagster_run: str, asset: str) -> None:
    """Write an event to a file in the folder; file names sort by time. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = {"dagster_run": dagster_run, "asset": asset, "event": event}
    write_atomically(folder / f"{time.time_ns():020d}-{uuid.uuid4().hex}.json", json.dumps(waiting))


def drain_spool(folder: Path, outbox: EventOutbox) -> int:
    """Move spooled events into the outbox, in order, and return how many; if interrupted, the next call continues."""
    taken = 0
    for file in sorted(folder.glob("*.json")):
        try:
            waiting = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:  # another process has just moved it
            continue
        outbox.keep(waiting["event"], waiting["dagster_run"], waiting["asset"])
        file.unlink(missing_ok=True)
        taken += 1
    return taken
