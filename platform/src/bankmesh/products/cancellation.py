"""Cancellation of this process's work by Ctrl-C, SIGINT or SIGTERM, without a partial publication.

The work runs in its own thread and the main thread receives the signals, because native code of Polars and DuckDB
keeps Python from handling them. Only code marked as `stoppable` is interrupted midway: a build or a gate, not a commit
or its report. Work that does not stop in time is left as a kill would leave it; the next run recovers from that.
The second signal ends the process at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

Result = TypeVar("Result")

GRACE_SECONDS = 10.0
"""Seconds that the work may take to stop; after that it is abandoned."""

_POLL_SECONDS = 0.1
_AGAIN_SECONDS = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_OF_SIGNALS = 128


class Stopped(KeyboardInterrupt):
    """The work was cancelled. dbt and Dagster treat KeyboardInterrupt as a cancellation, not as a failure."""


class Cancellation:
    """One request to stop, passed from the thread that receives signals to the thread that works."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.noticed = False
        """Whether the main thread has received a signal; Polars may have received it earlier."""
        self.passes_on = False
        """Whether the next signal is one that this process sends to itself."""
        self._lock = threading.Lock()
        self._worker: int | None = None
        self._interrupters: list[Callable[[], object]] = []

    @property
    def exit_code(self) -> int:
        """The exit code that a shell expects of a process ended by this signal."""
        return _EXIT_OF_SIGNALS + (self.signal or signal.SIGINT)

    def interrupt(self) -> None:
        """Interrupt the stoppable part that is running; if none is, the next one does not begin."""
        with self._lock:
            for end in self._interrupters:
                with suppress(Exception):  # it has just ended by itself
                    end()
            if self._worker is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._worker), ctypes.py_object(Stopped))

    @contextmanager
    def stoppable(self, interrupt: Callable[[], object] | None) -> Iterator[None]:
        """See `stoppable`."""
        outer = self._worker
        try:
            with self._lock:
                self._check()
                self._worker = threading.get_ident()
                if interrupt:
                    self._interrupters.append(interrupt)
            yield
        except KeyboardInterrupt:
            # Polars handles SIGINT itself, perhaps before the main thread does.
            self.signal = self.signal or signal.SIGINT
            raise
        except Exception:
            # Native code turns an interruption into an error of its own: a failed query, a ComputeError.
            if self.signal is not None:
                raise Stopped from None
            raise
        finally:
            with self._lock:
                self._worker = outer
                if interrupt in self._interrupters:
                    self._interrupters.remove(interrupt)
        self._check()

    def _check(self) -> None:
        if self.signal is not None:
            raise Stopped


_current: Cancellation | None = None


@contextmanager
def stoppable(interrupt: Callable[[], object] | None = None) -> Iterator[None]:
    """Run a part of the work that may be interrupted anywhere; it then raises Stopped, whatever the code inside raises.

    `interrupt` stops native code of another library, and is called from another thread.
    """
    if _current is None:
        yield
        return
    with _current.stoppable(interrupt):
        yield


def is_stopping() -> bool:
    """Return whether this process has received a signal to stop."""
    return _current is not None and _current.signal is not None


class NotStopped(Exception):
    """The work did not stop within GRACE_SECONDS and goes on in its thread; the caller must end the process."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(f"not stopped within {GRACE_SECONDS:.0f} s")


def run_cancellable(work: Callable[[], Result], on_request: Callable[[], None]) -> tuple[Result, Cancellation]:
    """Run the work; the first signal stops it and the second one ends the process.

    `on_request` is called once, at the first signal. Raises NotStopped, or what the work raises.
    """
    global _current  # noqa: PLW0603 - signals belong to the process
    cancellation = Cancellation()
    if threading.current_thread() is not threading.main_thread():
        return work(), cancellation
    results: list[Result] = []
    errors: list[BaseException] = []

    def carry_out() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            errors.append(error)

    hook = sys.unraisablehook
    sys.unraisablehook = lambda raised: None if isinstance(raised.exc_value, Stopped) else hook(raised)
    # No wakeup file descriptor: nothing else may react to the signals that these handlers take.
    wakeup = signal.set_wakeup_fd(-1)
    # Installed before Polars is imported, because Polars puts its own handler in front of these.
    before = {signum: signal.signal(signum, _Handler(cancellation)) for signum in _SIGNALS}
    _current = cancellation
    try:
        thread = threading.Thread(target=carry_out, name="mesh run", daemon=True)
        thread.start()
        _wait(thread, cancellation, on_request)
    finally:
        _current = None
        sys.unraisablehook = hook
        for signum, handler in before.items():
            signal.signal(signum, handler)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    if errors:
        raise errors[0]
    return results[0], cancellation


class _Handler:
    """Record the first signal and end the process at the second."""

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        if self._cancellation.passes_on:
            self._cancellation.passes_on = False
        elif self._cancellation.noticed:
            os._exit(_EXIT_OF_SIGNALS + signum)
        else:
            self._cancellation.noticed = True
            self._cancellation.signal = signum


def _wait(thread: threading.Thread, cancellation: Cancellation, on_request: Callable[[], None]) -> None:
    until = again = None
    while thread.is_alive():
        thread.join(_POLL_SECONDS)
        if again is not None and time.monotonic() > again:
            # A destructor or a callback of garbage collection may have swallowed the first interruption.
            again = time.monotonic() + _AGAIN_SECONDS
            cancellation.interrupt()
        if cancellation.signal is not None and until is None:
            until = time.monotonic() + GRACE_SECONDS
            again = time.monotonic() + _AGAIN_SECONDS
            on_request()
            if cancellation.signal == signal.SIGTERM:
                # Polars reacts to SIGINT only.
                cancellation.passes_on = True
                signal.raise_signal(signal.SIGINT)
            cancellation.interrupt()
        if until is not None and time.monotonic() > until and thread.is_alive():
            raise NotStopped(cancellation.exit_code)
