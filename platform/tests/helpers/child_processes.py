"""Children forked from a test: they have what it has imported, and end without the test's own clean-up."""

from __future__ import annotations

import os
import signal
import time
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def start_child(work: Callable[[], None]) -> int:
    """Fork a child that does the work; its exit code is 0 if nothing was raised."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a child must not return into the test
        traceback.print_exc()
    finally:
        os._exit(code)


def run_child(work: Callable[[], None]) -> None:
    """Fork a child, and wait until it has done the work without an error."""
    assert wait_for_child(start_child(work)) == 0


def kill_child(child: int, after: float) -> None:
    """End a child with SIGKILL after some seconds."""
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    assert wait_for_child(child) == -signal.SIGKILL


def wait_for_child(child: int) -> int:
    """Wait for a child, and return its exit code, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
