"""Ctrl-C and SIGTERM in any command: one line on standard error, exit code 130 or 143, nothing half written.

The first signal raises KeyboardInterrupt in the main thread, the second ends the process. While the command's own
modules are imported, the first ends it too: nothing is written yet, and an exception inside an import may be lost.
A thread reads the signals through a pipe, since native code of Polars and delta-rs keeps Python from handling them.
`mesh run` handles its own, see `bankmesh.products.runner.cancellation`.

Imports nothing but small modules of the standard library, so that handlers are in place before anything else loads.
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
"""So long a command may take to stop; after that the process ends, as by a kill."""

_AGAIN_SECONDS = 2.0
EXIT_OF_SIGNALS = 128
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Handles the signals of this process from `with` to the end of its block, in the main thread only."""

    def __init__(self) -> None:
        self.signal: int | None = None
        """The first signal that arrived."""
        self.is_importing = True
        """Whether the command's modules are still being loaded."""
        self.completed_write = False
        """Whether the signal arrived in an uninterrupted block, which has ended since."""
        self._held = 0
        self._may_raise = True
        self._echoes = 0
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Install the handlers; a signal that the caller had ignored stays ignored."""
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
        """Restore the handlers that were there before; after a signal they go on until the process has ended."""
        global _current  # noqa: PLW0603 - see __enter__
        if _current is not self or self.signal is not None:
            return
        _current = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # as `signal.signal` has returned it
        sys.unraisablehook = self._hook
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._writer)

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that such a signal has ended."""
        return EXIT_OF_SIGNALS + (self.signal or signal.SIGINT)

    @property
    def line(self) -> str:
        """What is printed of it."""
        return "mesh: stopped; what it was writing is complete." if self.completed_write else "mesh: stopped."

    def exit(self) -> NoReturn:
        """End the command with the line and the exit code."""
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
        """Act on what the main thread may not see: signals in native code, second ones, and those that were lost."""
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
                    self._echo()  # Polars heeds SIGINT alone.
            elif number is None and until is not None and not self._held:
                if time.monotonic() > until:
                    self._end()
                # A destructor or a broad `except` may have swallowed the first one.
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
    """A block that Ctrl-C and SIGTERM let end before they stop the command; only a second signal ends it at once."""
    if _current is None:
        yield
        return
    with _current.uninterrupted():
        yield
