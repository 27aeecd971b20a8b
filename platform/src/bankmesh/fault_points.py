"""Named points that a test can stop a process at: before a commit, after it, and so on.

In production nobody watches and `reached` does nothing. A test calls `watch` with a function that, say,
kills the process when a certain point is reached, and then looks at what was left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_watchers: list[Callable[[str], None]] = []


def reached(name: str) -> None:
    """Tell whoever watches that the point `name` (kebab-case) has been reached."""
    for watcher in tuple(_watchers):
        watcher(name)


def watch(watcher: Callable[[str], None] | None) -> None:
    """Have `watcher` called at every point from now on, in this process; None ends all watching."""
    _watchers.clear()
    if watcher is not None:
        _watchers.append(watcher)
