"""`mesh dev`: the Dagster UI and daemon, which both end when the command is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bankmesh.cli.interruption import EXIT_OF_SIGNALS
from bankmesh.orchestration.instance import prepare_dagster_home
from bankmesh.settings import current_settings

STOP_SECONDS = 6.0
"""How long Dagster's processes may take to shut down; after that they are killed."""

_POLL_SECONDS = 0.1
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def dev(
    port: Annotated[int, typer.Option(help="Port of the UI.")] = 3000,
    host: Annotated[str, typer.Option(help="Address that the UI listens on.")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI and daemon; run history is stored in MESH_HOME."""
    settings = current_settings()
    environment = (
        os.environ
        | settings.variables
        | {
            "DAGSTER_HOME": str(prepare_dagster_home(settings)),
            # `dagster dev` emits warnings at every start.
            "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore"),
        }
    )
    beside = Path(sys.executable).with_name("dagster")
    program = str(beside) if beside.is_file() else shutil.which("dagster") or "dagster"
    command = [program, "dev", "-w", "workspace.yaml", "--host", host, "--port", str(port)]
    raise typer.Exit(run_group(command, settings.root, environment))


def run_group(command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run a command until it ends or this process is stopped; return its exit code, or that of the signal.

    The command and its child processes form a process group, and none of them is left running: each gets SIGINT, and is
    killed if it has not ended after STOP_SECONDS, or at a second stop signal. Their output is copied to standard error
    until the stop.
    """
    stops: list[int] = []
    wakeup = signal.set_wakeup_fd(-1)
    before = {number: signal.signal(number, lambda number, _frame: stops.append(number)) for number in _STOPS}
    try:
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            command, cwd=folder, env=environment, process_group=0, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        threading.Thread(target=_copy_output, args=(process, stops), daemon=True).start()
        while not stops and process.poll() is None:
            time.sleep(_POLL_SECONDS)
        ended = process.poll()
        _end_group(process, stops)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    if stops:
        return EXIT_OF_SIGNALS + stops[0]
    return ended if ended is not None and ended >= 0 else 1


def _copy_output(process: subprocess.Popen[bytes], stops: list[int]) -> None:
    if process.stdout is None:
        return
    for line in process.stdout:
        if not stops:
            with suppress(OSError):  # the terminal may be gone, and a full pipe would block the processes
                os.write(2, line)


def _end_group(process: subprocess.Popen[bytes], stops: list[int]) -> None:
    at_first = len(stops)
    until = time.monotonic() + STOP_SECONDS
    _send(process, signal.SIGINT)
    while _is_alive(process) and time.monotonic() < until and len(stops) == at_first:
        time.sleep(_POLL_SECONDS)
    _send(process, signal.SIGKILL)
    process.wait()


def _is_alive(process: subprocess.Popen[bytes]) -> bool:
    process.poll()  # otherwise a group leader that has ended would still count as a process
    return _send(process, 0)


def _send(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to the group; return whether it has processes."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True
