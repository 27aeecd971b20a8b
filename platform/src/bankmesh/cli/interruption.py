"""Handling of Ctrl-C and SIGTERM: one line on standard error, exit code 130 or 143, no partial writes.

The first signal raises KeyboardInterrupt in the main thread, the second ends the process. While the command's own
modules are imported, the first signal ends it too: nothing is written yet, and an exception in an import may be lost.
A thread reads the signals through a pipe, because native code of Polars and delta-rs delays Python's own handlers.
`mesh run` handles its own signals, see `bankmesh.products.cancellation`.

This module imports only small modules of the standard library, so that the handlers are installed first.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType

GRACE_SECONDS = 10.0
"""How long a command may take to stop; after that the process ends immediately."""

_AGAIN_SECONDS = 2.0
EXIT_OF_SIGNALS = 128
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Context manager that handles the signals of this process within its block, in the main thread only."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The first signal that arrived."""
        self.is_importing = True
        """Whether the command's modules are still being loaded."""
        self.completed_write = False
        """Whether the signal arrived in an `uninterrupted` block that has completed."""
        self._held = 0
        self._may_raise = True
        self._echoes = 0
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Install the handlers; a signal that the parent process ignores stays ignored."""
        global _current  # noqa: PLW0603 - signals belong to the process
        if threading.current_thread() is not threading.main_thread():
            return self
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="mesh signals", daemon=True).start()
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._drop_interrupt
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._handle)
        _current = self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Restore the previous handlers; after a signal, keep these until the process has ended."""
        global _current  # noqa: PLW0603 - see __enter__
        if _current is not self or self.signal is not None:
            return
        _current = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # returned by `signal.signal`
        sys.unraisablehook = self._hook
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._writer)

    @property
    def exit_code(self) -> int:
        """The exit code for the signal, by the shell's convention: 128 plus its number."""
        return EXIT_OF_SIGNALS + (self.signal or signal.SIGINT)

    @property
    def line(self) -> str:
        """The line to print."""
        return "mesh: stopped; the write in progress was completed." if self.completed_write else "mesh: stopped."

    def exit(self) -> NoReturn:
        """Print the line and exit with the exit code."""
        with suppress(OSError, ValueError):  # standard output may be closed
            sys.stdout.flush()
        sys.stderr.write(f"{self.line}\n")
        sys.exit(self.exit_code)

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """See `uninterrupted`."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self.signal is not None and not self._held:
            self.completed_write = True
            raise KeyboardInterrupt

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or number
        if self.is_importing or self._held or not self._may_raise:
            return
        self._may_raise = False
        raise KeyboardInterrupt

    def _watch(self) -> None:
        """Handle signals that the main thread may miss: during native code, second signals, and lost exceptions."""
        until: float | None = None
        while True:
            ready, _, _ = select.select([self._reader], [], [], None if until is None else _AGAIN_SECONDS)
            received = os.read(self._reader, 1) if ready else None
            if received == b"":
                os.close(self._reader)
                return
            number = received[0] if received else None
            if number == signal.SIGINT and self._echoes:
                self._echoes -= 1
            elif number in _SIGNALS:
                if until is not None:
                    os._exit(EXIT_OF_SIGNALS + number)
                until = time.monotonic() + GRACE_SECONDS
                self.signal = self.signal or number
                if self.is_importing:
                    self._end()
                if number == signal.SIGTERM:
                    self._echo()  # Polars reacts to SIGINT only.
            elif number is None and until is not None and not self._held:
                if time.monotonic() > until:
                    self._end()
                # A destructor or a broad `except` may have suppressed the first exception.
                self._may_raise = True
                self._echo()

    def _echo(self) -> None:
        if self._handlers.get(signal.SIGINT) is not None:
            self._echoes += 1
            signal.raise_signal(signal.SIGINT)

    def _end(self) -> NoReturn:
        os.write(2, f"{self.line}\n".encode())
        os._exit(self.exit_code)

    def _drop_interrupt(self, raised: sys.UnraisableHookArgs) -> None:
        if self.signal is None or not isinstance(raised.exc_value, KeyboardInterrupt):
            self._hook(raised)


_current: Interruption | None = None


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM until the block has ended; a second signal ends the process at once."""
    if _current is None:
        yield
        return
    with _current.uninterrupted():
        yield
