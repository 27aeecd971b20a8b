"""`make dev` ends every process that it started: after Ctrl-C and SIGTERM, sent to one process or to the group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dev_server import ROOT, DevServer, free_port, wait_for

pytestmark = pytest.mark.slow

SECONDS = 10.0


def processes_of(home: Path) -> list[str]:
    """The command lines of all processes with this mesh home in their environment, whoever their parent is by now."""
    mark, found = f"MESH_HOME={home}".encode(), []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has ended, or is another user's
            continue
    return found


@pytest.mark.parametrize("to_group", [False, True], ids=["parent", "group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_no_process_is_left_within_ten_seconds(tmp_path, number, to_group) -> None:
    home, port = tmp_path / "home", free_port()
    environment = os.environ | {"MESH_HOME": str(home), "BANK_DATA": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "dev", f"MESH_HOME={home}", f"PORT={port}", f"VENV={Path(sys.executable).parents[1]}"],
            cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
            # A test run in the background ignores SIGINT, and its children would.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one thread here
        )  # fmt: skip
        try:
            wait_for("the server", DevServer(port).loaded)
            started = processes_of(home)
            assert sum("dagster" in line for line in started) >= 5, started  # server, daemon, code servers
            sent = time.monotonic()
            _send(process, number, to_group=to_group)
            while (left := processes_of(home)) and time.monotonic() < sent + SECONDS:
                time.sleep(0.1)
                process.poll()
            assert left == []
            assert process.wait(5) != 0
        finally:
            for line in Path("/proc").iterdir():
                _kill_if_of(line, home)
            process.wait(10)


def _send(make: subprocess.Popen[bytes], number: int, *, to_group: bool) -> None:
    """Send a signal to the group, as a terminal does, or to one process.

    Make passes SIGTERM on to its recipe. It expects SIGINT to reach the recipe by the terminal, so `mesh dev` gets it.
    """
    if to_group:
        os.killpg(make.pid, number)
        return
    (recipe,) = Path(f"/proc/{make.pid}/task/{make.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(recipe) if number == signal.SIGINT else make.pid, number)


def _kill_if_of(entry: Path, home: Path) -> None:
    try:
        if entry.name.isdigit() and f"MESH_HOME={home}".encode() in (entry / "environ").read_bytes().split(b"\0"):
            os.kill(int(entry.name), signal.SIGKILL)
    except OSError:  # it has ended, or is another user's
        return
