"""Expiry of landings: older landings of an object keep their record but not their rows, which hold personal data.

The current landing, its predecessor, the last attempt, and every landing that a running attempt reads are kept whole.
A landing without rows is made again from its files if those are delivered once more.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.fault_points import reached
from bankmesh.ports.port_locks import locked_unless_used
from bankmesh.sources.landing_record import RECORD, Landing
from bankmesh.sources.landing_store import UNFINISHED, clear_abandoned, read_attempt, read_pointer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class LandingState:
    """A landing in an object's folder; `landed_at` is None if its record cannot be read."""

    fingerprint: str
    landed_at: dt.datetime | None
    acceptable: bool = True


@dataclass(frozen=True)
class ExpiredLandings:
    """The number of landings that lost their rows, and the bytes that this freed."""

    landings: int = 0
    bytes: int = 0

    def __add__(self, other: ExpiredLandings) -> ExpiredLandings:
        return ExpiredLandings(self.landings + other.landings, self.bytes + other.bytes)


def select_landings(
    found: Iterable[LandingState], current: str | None, before: str | None, attempt: str | None
) -> tuple[str, ...]:
    """Return the fingerprints of landings whose rows expire; `before` is the predecessor of the landing `current`.

    If `before` is not recorded, as in earlier releases, the newest other acceptable landing is used. Without a current
    landing nothing expires.
    """
    if current is None:
        return ()
    others = sorted(_by_time(state) for state in found if state.fingerprint != current)
    if before is None:
        before = next((name for _, name, acceptable in reversed(others) if acceptable), None)
    return tuple(name for _, name, _ in others if name not in {before, attempt})


def expire_landings(store: Path) -> ExpiredLandings:
    """Remove the rows and rejects of an object's older landings. An object that is being landed is skipped.

    A kill leaves a landing with its record and none or some of its files; the next call removes the rest.
    """
    with locked_unless_used(store) as is_ours:
        if not is_ours:
            return ExpiredLandings()
        clear_abandoned(store)
        pointer = read_pointer(store)
        states = [_state(path) for path in store.iterdir() if path.is_dir() and not path.name.startswith(UNFINISHED)]
        gone = select_landings(states, pointer.get("fingerprint"), pointer.get("before"), read_attempt(store))
        return sum((_remove_rows(store / fingerprint) for fingerprint in gone), ExpiredLandings())


def _remove_rows(folder: Path) -> ExpiredLandings:
    """Remove everything but the record, unless a process is reading the landing."""
    with locked_unless_used(folder) as is_ours:
        if not is_ours:
            return ExpiredLandings()
        files = [path for path in folder.rglob("*") if path.is_file() and _is_data(path)]
        size = 0
        for path in files:
            size += _freed_by(path)
            path.unlink()
            reached("landing-file-expired")
        if not (folder / RECORD).is_file():
            shutil.rmtree(folder, ignore_errors=True)
        return ExpiredLandings(int(bool(files)), size)


def _freed_by(path: Path) -> int:
    """Return the bytes that deleting the file frees: none while another landing links to it."""
    found = path.stat()
    return found.st_size if found.st_nlink == 1 else 0


def _is_data(path: Path) -> bool:
    return path.name != RECORD and not path.name.startswith(".")


def _state(folder: Path) -> LandingState:
    try:
        landing = Landing.read(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return LandingState(folder.name, None, acceptable=False)
    return LandingState(folder.name, landing.landed_at, landing.acceptable)


def _by_time(state: LandingState) -> tuple[float, str, bool]:
    return state.landed_at.timestamp() if state.landed_at else 0.0, state.fingerprint, state.acceptable
