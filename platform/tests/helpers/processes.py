"""Real processes of Dagster for a test: each in a group of its own, which is always ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIN = Path(sys.executable).parent


@contextlib.contextmanager
def running(arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """A process in a session of its own, with all that it starts."""
    with log.open("w") as output:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen, patience: float = 15) -> None:
    """Ask the group to end, then make it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience if number != signal.SIGKILL else None)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_for(what: Callable[[], object], seconds: float, log: Path, pause: float = 0.5) -> None:
    """Wait until something is so; the end of the log says why it never was."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            said = log.read_text(errors="replace")[-6000:]
            raise AssertionError(f"not within {seconds} s: {what.__doc__ or what}\n{said}")
        time.sleep(pause)
