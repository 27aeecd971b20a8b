"""Decisions on which legacy files are new or changed: pure functions over what a sensor saw at this tick and before.

An object is *taken* once its files have kept name, size and time of change for a while, so that no file is read while
it is still being written. All changed objects of a system are taken together: an export arrives whole.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ABSENT = ""
"""The signature of an object without files."""


@dataclass(frozen=True)
class ObservedFiles:
    """What is remembered of one object: its last signature, since when (seconds), and whether that one was taken."""

    signature: str
    since: float
    taken: bool = False


@dataclass(frozen=True)
class SensorMemory:
    """What a sensor remembers between ticks, by object (`system.object`). `requests` counts the runs requested."""

    objects: Mapping[str, ObservedFiles] = field(default_factory=dict)
    requests: int = 0

    def to_cursor(self) -> str:
        """Return the memory as the sensor's cursor."""
        return json.dumps({"objects": {n: asdict(s) for n, s in self.objects.items()}, "requests": self.requests})

    @staticmethod
    def from_cursor(text: str | None) -> SensorMemory:
        """Read a cursor; the memory is empty if there is none, or one of another kind."""
        try:
            stored = json.loads(text or "{}")
            objects = {name: ObservedFiles(**seen) for name, seen in stored.get("objects", {}).items()}
            return SensorMemory(objects, int(stored.get("requests", 0)))
        except (ValueError, TypeError, AttributeError):
            return SensorMemory()


def observe_files(memory: SensorMemory, signatures: Mapping[str, str], now: float) -> SensorMemory:
    """Return the memory with the current signatures; a changed one has to be quiet again from now on."""
    objects = {
        name: seen
        if (seen := memory.objects.get(name)) is not None and seen.signature == signature
        else ObservedFiles(signature, now)
        for name, signature in signatures.items()
    }
    return SensorMemory(objects, memory.requests)


def settled_objects(memory: SensorMemory, now: float, quiet: float) -> list[str]:
    """Return the objects to take: changed, and quiet for so many seconds, as all others of that system that change."""
    changing = {name: seen for name, seen in memory.objects.items() if not seen.taken and seen.signature != ABSENT}
    unsettled = {_system(name) for name, seen in changing.items() if now - seen.since < quiet}
    return sorted(name for name in changing if _system(name) not in unsettled)


def unsettled_objects(memory: SensorMemory, now: float, quiet: float) -> list[str]:
    """Return the objects that have changed and are not taken yet."""
    ready = set(settled_objects(memory, now, quiet))
    return sorted(n for n, s in memory.objects.items() if not s.taken and s.signature != ABSENT and n not in ready)


def mark_processed(memory: SensorMemory, names: list[str], *, requested: bool) -> SensorMemory:
    """Return the memory after these objects were examined; `requested` says whether a run was requested."""
    objects = {
        name: ObservedFiles(seen.signature, seen.since, taken=True) if name in names else seen
        for name, seen in memory.objects.items()
    }
    return SensorMemory(objects, memory.requests + requested)


def run_key(memory: SensorMemory, fingerprints: Mapping[str, str]) -> str:
    """Return the key of the run that lands these: the same if the tick is repeated, another for every later request.

    The count is in it because a file that returns to an earlier state has to be landed again.
    """
    text = json.dumps([memory.requests, sorted(fingerprints.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _system(name: str) -> str:
    return name.partition(".")[0]
