"""A small thread pool whose results are consumed in order."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from bankmesh.errors import LegacyFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

THREADS = min(4, os.cpu_count() or 1)

Made = TypeVar("Made")


def in_order(tasks: Iterable[Callable[[], Made]]) -> Iterator[Made]:
    """Run tasks on a few threads and yield their results in order, with only a few in flight.

    If the next task is a LegacyFileError, the results of those before it come first: they may say why.
    """
    source, refusal = iter(tasks), None
    with ThreadPoolExecutor(THREADS, thread_name_prefix="landing") as pool:
        running: deque[Future[Made]] = deque()
        while True:
            try:
                running.append(pool.submit(next(source)))
            except StopIteration:
                break
            except LegacyFileError as error:
                refusal = error
                break
            if len(running) > THREADS:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    if refusal is not None:
        raise refusal
