"""Runs Cedar's parser on a stack of known size, whatever thread calls it.

The parser recurses into brackets and chains of operators without looking at its stack, and ends the process where that
is full. In a thread of 512 KiB, 40 brackets or a chain of 1,000 operators are enough.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_STACK = 16 << 20
"""Bytes. A test parses the deepest policies that are accepted in a quarter of it."""

_setting = threading.Lock()


def on_large_stack(work: Callable[[], _T]) -> _T:
    """Return what the work gives or raises, on a thread of its own whose stack is `_STACK`."""
    done: Future[_T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            done.set_exception(error)

    thread = threading.Thread(target=run, name="cedar parser", daemon=True)
    with _setting:
        before = threading.stack_size(_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    return done.result()
