"""Named points in the code at which a test can interrupt a process, such as before and after a commit.

In production there is no watcher and `reached` does nothing. A test calls `watch` with a function that, for example,
kills the process at a certain point; the test then checks the state that remains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_watchers: list[Callable[[str], None]] = []


def reached(name: str) -> None:
    """Notify the watchers that the point `name` (kebab-case) has been reached."""
    for watcher in tuple(_watchers):
        watcher(name)


def watch(watcher: Callable[[str], None] | None) -> None:
    """Call `watcher` at every point from now on, in this process; None removes all watchers."""
    _watchers.clear()
    if watcher is not None:
        _watchers.append(watcher)
