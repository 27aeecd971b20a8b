"""What child processes do in the race and kill tests.

Children come from a fork server that has imported deltalake and never used it: the thread pool that delta-rs
starts at first use does not survive a fork, so a process that has read a table must not be forked to read another.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from port_samples import accept, publish_all, publish_months

from bankmesh import fault_points
from bankmesh.errors import PublishConflict
from bankmesh.ports import Port, expire, stage, withdraw

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

LIMIT = 60
KILLED = -signal.SIGKILL


def race(work: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
    """Run `work(barrier, *arguments[i])` in one process each; what each returned, in order."""
    context = _context()
    barrier, queue = context.Barrier(len(arguments)), context.Queue()
    children = [
        context.Process(target=_answer, args=(queue, index, work, barrier, *given))
        for index, given in enumerate(arguments)
    ]
    for child in children:
        child.start()
    answers = dict(queue.get(timeout=LIMIT) for _ in children)
    for child in children:
        child.join(LIMIT)
    return [answers[index] for index in range(len(children))]


def run_and_die(work: Callable[..., Any], *arguments: Any) -> int | None:
    """Run `work` in a process of its own and return its exit code."""
    child: BaseProcess = _context().Process(target=work, args=arguments)
    child.start()
    child.join(LIMIT)
    return child.exitcode


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["deltalake", "polars", "pyarrow.parquet", "port_samples"])
    return context


def _answer(queue: Any, index: int, work: Callable[..., Any], barrier: Any, *arguments: Any) -> None:
    try:
        queue.put((index, work(barrier, *arguments)))
    except Exception as error:  # noqa: BLE001 - the parent is to see it
        queue.put((index, f"{type(error).__name__}: {error}"))


def publish_whole(barrier: Any, port: Port, number: int, follow: bool, locked: bool) -> int | str:
    """Replace the table by three rows of this child's own; the version, or `conflict`."""
    candidate = stage(port)
    barrier.wait()
    with _locking(locked), contextlib.suppress(PublishConflict):
        ids = [number, number, number]
        made = publish_all(port, ids, run_id=str(number), candidate=candidate, on_moved=accept if follow else None)
        return made.version
    return "conflict"


def publish_month(barrier: Any, port: Port, number: int, month: str, locked: bool) -> int | str:
    """Replace one month by three rows of this child's own."""
    candidate = stage(port)
    barrier.wait()
    with _locking(locked), contextlib.suppress(PublishConflict):
        rows = {month: [number, number, number]}
        return publish_months(port, rows, run_id=str(number), candidate=candidate, on_moved=accept).version
    return "conflict"


@contextlib.contextmanager
def _locking(locked: bool) -> Iterator[None]:
    """Take the port's lock away, as on an object store, where only the commit itself decides."""
    from bankmesh.ports import publisher, version_restore

    if not locked:
        publisher.exclusive = lambda _port: contextlib.nullcontext()  # type: ignore[assignment]
        version_restore.exclusive = lambda _port: contextlib.nullcontext()  # type: ignore[assignment]
    yield


def publish_and_die(port: Port, number: int, point: str) -> None:
    """Publish, and be killed at a named point."""
    _die_at(point)
    publish_all(port, [number], run_id=str(number))


def withdraw_in_race(barrier: Any, port: Port, number: int, locked: bool) -> int | str:
    """The first child withdraws version 1; the others replace the table."""
    if number:
        return publish_whole(barrier, port, number, True, locked)
    barrier.wait()
    with _locking(locked):
        withdraw(port, 1, by="Ada", reason="a race")
    return "withdrawn"


def restore_and_die(port: Port, version: int, point: str) -> None:
    """Withdraw a version, and be killed at a named point."""
    _die_at(point)
    withdraw(port, version, by="Ada", reason="a kill")


def expire_and_die(port: Port, point: str) -> None:
    """Expire all but the newest version, and be killed at a named point."""
    _die_at(point)
    expire(port, keep_candidates=timedelta(0), retention=timedelta(0))


def stage_and_die(port: Port) -> None:
    """Leave a candidate behind, half a file in it."""
    (stage(port).path / "0.parquet").write_bytes(b"PAR1 and then the lights went out")
    _kill()


def publish_until_killed(barrier: Any, port: Port, number: int) -> None:
    """Publish over and over."""
    barrier.wait()
    while True:
        publish_all(port, [number, number], run_id=str(number), on_moved=accept)


def publish_with_file_limit(port: Port, ids: list[int], limit: int) -> None:
    """Publish where no file may grow beyond `limit` bytes, as on a disk that is full."""
    import resource

    from bankmesh.errors import PortError

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def shrink(point: str) -> None:
        if point == "before-commit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    fault_points.watch(shrink)
    try:
        publish_all(port, ids, run_id="full disk")
    except PortError as error:
        raise SystemExit(7 if "could not be written" in str(error) else 8) from error


def _die_at(point: str) -> None:
    fault_points.watch(lambda reached: _kill() if reached == point else None)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
