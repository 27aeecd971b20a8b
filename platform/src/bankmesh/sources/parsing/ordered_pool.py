"""A small thread pool whose results are consumed in order."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

THREADS = min(4, os.cpu_count() or 1)

Made = TypeVar("Made")


def in_order(tasks: Iterable[Callable[[], Made]]) -> Iterator[Made]:
    """Run tasks on a few threads and yield their results in order, with only a few in flight."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="landing") as pool:
        running: deque[Future[Made]] = deque()
        for task in tasks:
            running.append(pool.submit(task))
            if len(running) > THREADS:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
