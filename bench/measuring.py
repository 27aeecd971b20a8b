"""Cost of a process with all its children: wall time, CPU time, peak resident memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SAMPLED_EVERY = 0.05
"""Seconds between two samples of the memory of the process tree."""


class ContenderFailedError(RuntimeError):
    """A measured process ended with an error; the message has the end of its output."""


@dataclass(frozen=True)
class Cost:
    """Seconds and MiB; `cpu` is user and system time of the process and its children."""

    wall: float
    cpu: float
    peak_mib: float

    def to_json(self) -> dict[str, float]:
        """Return plain values, rounded to significant places."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def run_measured(command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path) -> Cost:
    """Run a command to its end in `folder`; output goes to `log`. Raises ContenderFailedError."""
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=dict(environment), cwd=folder)
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    peak = max(watch.finish(), usage.ru_maxrss * 1024)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-4000:]
        raise ContenderFailedError(f"{' '.join(command)} ended with {process.returncode}:\n{tail}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak / 2**20)


class _Watch(threading.Thread):
    """Samples the resident memory of a process with all its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._peak, self._over = pid, 0, threading.Event()

    def run(self) -> None:
        try:
            root = psutil.Process(self._pid)
        except psutil.NoSuchProcess:
            return
        while not self._over.wait(SAMPLED_EVERY):
            self._peak = max(self._peak, _resident(root))

    def finish(self) -> int:
        """Stop sampling and return the peak in bytes."""
        self._over.set()
        self.join()
        return self._peak


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.Error:  # a process has ended in between; the next sample counts again
        return 0
    return total
