"""Confirmations: times at which a build would have published the same version again.

They are stored beside the Delta log, in `.confirmations.jsonl` of the port's folder, one line each, oldest first:

| key | meaning |
| --- | --- |
| `version`, `candidate` | the version, and the folder name that identifies its commit |
| `at` | when its sources had been read (ISO 8601, UTC) |

Lines are appended under the port's lock. A line that a kill or a full disk truncated is skipped, as is one of a
version that the table does not have.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.fault_points import reached
from bankmesh.ports.port_locks import exclusive
from bankmesh.ports.version_history import latest, read_history
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from bankmesh.ports.port_locations import Port
    from bankmesh.ports.publication import Publication

CONFIRMATIONS = ".confirmations.jsonl"
"""Delta Lake readers and vacuum skip names that begin with a dot."""


@dataclass(frozen=True)
class Confirmation:
    """A version was still correct at `at` (with time zone)."""

    version: int
    candidate: str
    at: datetime

    def to_line(self) -> str:
        """Return the stored line."""
        return json.dumps({"version": self.version, "candidate": self.candidate, "at": self.at.isoformat()}) + "\n"


def confirm(port: Port, publication: Publication, at: datetime) -> Confirmation | None:
    """Record that the newest publication is correct at `at`; None, with nothing recorded, if a newer one exists.

    Raises OSError if the line cannot be written.
    """
    with exclusive(port):
        newest = latest(port)
        if newest is None or newest.candidate != publication.candidate:
            return None
        confirmation = Confirmation(publication.version, publication.candidate, at.astimezone(UTC))
        _append(port, confirmation.to_line())
        reached("confirmation-written")
        return confirmation


def confirmations(port: Port) -> tuple[Confirmation, ...]:
    """Return all recorded confirmations, oldest first."""
    try:
        lines = (port.path / CONFIRMATIONS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(found for line in lines if (found := _read(line)) is not None)


def confirmed_at(port: Port, publication: Publication) -> datetime | None:
    """Return the time of a version's last confirmation; None if there is none."""
    found = [item.at for item in confirmations(port) if item.candidate == publication.candidate]
    return max(found, default=None)


def fresh_since(port: Port, publication: Publication) -> datetime:
    """Return the time that freshness counts from: publication or last confirmation, whichever is later.

    For restored rows the publication is their first one.
    """
    confirmed = confirmed_at(port, publication)
    return publication.fresh_since if confirmed is None else max(confirmed, publication.fresh_since)


def expire_confirmations(port: Port, before: datetime) -> int:
    """Remove confirmations of versions that are no longer readable, and those older than `before` (with time zone).

    The last one of each version is kept, because freshness counts from it. Returns the number removed.
    """
    if not (port.path / CONFIRMATIONS).is_file():
        return 0
    with exclusive(port):
        found = confirmations(port)
        last = {item.candidate: item for item in found}
        readable = {publication.candidate for publication in read_history(port)}
        staying = [
            item for item in found if item.candidate in readable and (item.at >= before or last[item.candidate] == item)
        ]
        if len(staying) < len(found):
            write_atomically(port.path / CONFIRMATIONS, "".join(item.to_line() for item in staying), is_shared=True)
    return len(found) - len(staying)


def _append(port: Port, line: str) -> None:
    descriptor = os.open(port.path / CONFIRMATIONS, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        # A line that a kill truncated must not spoil this one.
        is_whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
        os.write(descriptor, (line if is_whole else f"\n{line}").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(line: str) -> Confirmation | None:
    try:
        record = json.loads(line)
        at = datetime.fromisoformat(record["at"])
        return Confirmation(int(record["version"]), str(record["candidate"]), at) if at.tzinfo else None
    except (ValueError, KeyError, TypeError):
        return None
