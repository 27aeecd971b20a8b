"""The result of a plan as a stream of batches, in bounded memory, that ends only if the plan has ended well.

`LazyFrame.collect_batches` would be simpler. With Polars 2.1 it ends without an error when the engine panics, as it
does over a file that is shorter than the log of the table says; the rows of that file would be lost in silence.
`sink_batches` raises, so it runs in a thread of its own that hands its batches over.
"""

from __future__ import annotations

import threading
from queue import Empty, Queue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_WAITING = 2
"""Batches that wait for the reader; the engine pauses until one is taken."""


class StreamFailed(Exception):
    """The plan failed. Neither the text nor the chain of causes holds that of the engine; `kind` is its class."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


class _BatchStream:
    def __init__(self, plan: pl.LazyFrame, batch_size: int) -> None:
        self._plan, self._batch_size = plan, batch_size
        self._waiting: Queue[pl.DataFrame | None] = Queue(_WAITING)
        self._is_stopped = False
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._run, name="governed-read", daemon=True)

    def batches(self) -> Iterator[pl.DataFrame]:
        self._thread.start()
        try:
            while (batch := self._waiting.get()) is not None:
                yield batch
        except BaseException:
            self._stop()
            raise
        self._thread.join()
        if self._failure is not None:
            raise StreamFailed(self._failure)

    def _run(self) -> None:
        try:
            self._plan.sink_batches(self._hand_over, chunk_size=self._batch_size, engine="streaming")
        except BaseException as error:  # noqa: BLE001 - a panic, too; its text may hold a path or a value
            self._failure = type(error).__name__
        finally:
            self._waiting.put(None)

    def _hand_over(self, batch: pl.DataFrame) -> bool:
        """Wait until the batch can be taken; return whether the query is to end."""
        self._waiting.put(batch)
        return self._is_stopped

    def _stop(self) -> None:
        """End the query by taking what it still hands over."""
        self._is_stopped = True
        while self._thread.is_alive():
            try:
                self._waiting.get(timeout=0.02)
            except Empty:
                continue


def stream_batches(plan: pl.LazyFrame, batch_size: int) -> Iterator[pl.DataFrame]:
    """Yield the batches of a plan, of at most about `batch_size` rows each, in the order of the plan.

    Stopping early ends the query. Raises StreamFailed, for every error of the engine.
    """
    return _BatchStream(plan, batch_size).batches()
