"""A kill, or a full disk, at any instant: the old version or the new one, nothing between, and life goes on."""

import multiprocessing
import random
import signal
import time
from datetime import timedelta

import pytest
from port_racers import (
    expire_and_die,
    publish_and_die,
    publish_until_killed,
    publish_with_file_limit,
    run_and_die,
    stage_and_die,
)
from port_samples import ids_read, publish_all

from bankmesh.ports import Port, expire, latest, published_by, read_history

KILLED = -signal.SIGKILL
NOW = timedelta(0)


@pytest.mark.parametrize("begun", [True, False], ids=["published", "empty"])
def test_killed_before_the_commit(port: Port, begun: bool) -> None:
    if begun:
        publish_all(port, [1])
    assert run_and_die(publish_and_die, port, 2, "before-commit") == KILLED
    assert published_by(port, "2") is None
    assert len(read_history(port)) == begun
    publish_all(port, [3])
    assert ids_read(port) == [3]
    assert len(expire(port, keep_candidates=NOW, retention=None).candidates) == 1


@pytest.mark.parametrize("begun", [True, False], ids=["published", "empty"])
def test_killed_after_the_commit(port: Port, begun: bool) -> None:
    if begun:
        publish_all(port, [1])
    assert run_and_die(publish_and_die, port, 2, "after-commit") == KILLED
    made = published_by(port, "2")
    assert made is not None
    assert made == latest(port)
    assert ids_read(port) == [2]
    assert expire(port, keep_candidates=NOW, retention=None).candidates == ()
    assert ids_read(port) == [2]


def test_killed_at_any_instant(port: Port) -> None:
    context = multiprocessing.get_context("forkserver")
    dice = random.Random(7)  # noqa: S311 - no secret
    for number in range(4):
        barrier = context.Barrier(2)
        child = context.Process(target=publish_until_killed, args=(barrier, port, number))
        child.start()
        barrier.wait(60)
        time.sleep(dice.uniform(0.05, 0.25))
        child.kill()
        child.join()
        newest = latest(port)
        if newest:
            assert ids_read(port) == [int(newest.provenance.run_id)] * 2
    expire(port, keep_candidates=NOW, retention=NOW)
    publish_all(port, [99])
    assert ids_read(port) == [99]


@pytest.mark.parametrize("point", ["expiry-recorded", "files-expired", "checkpoint-written"])
def test_killed_while_expiring(port: Port, point: str) -> None:
    for number in range(4):
        publish_all(port, [number])
    assert run_and_die(expire_and_die, port, point) == KILLED
    assert [found.version for found in read_history(port)] == [3]
    assert ids_read(port) == [3]
    expire(port, keep_candidates=timedelta(days=1), retention=NOW)
    assert [path.parent.name for path in port.path.glob("2*/*.parquet")] == [read_history(port)[0].candidate]
    assert ids_read(port) == [3]
    publish_all(port, [5])
    assert ids_read(port) == [5]


def test_what_a_killed_build_left_expires_by_age(port: Port) -> None:
    publish_all(port, [1])
    assert run_and_die(stage_and_die, port) == KILLED
    assert expire(port, keep_candidates=timedelta(hours=1), retention=None).candidates == ()
    gone = expire(port, keep_candidates=NOW, retention=None)
    assert (len(gone.candidates), gone.files, gone.bytes) == (1, 1, 33)
    assert ids_read(port) == [1]


@pytest.mark.parametrize("limit", [0, 100])
def test_a_full_disk_leaves_the_old_version(port: Port, limit: int) -> None:
    publish_all(port, [1])
    assert run_and_die(publish_with_file_limit, port, [2], limit) == 7
    assert [found.version for found in read_history(port)] == [0]
    assert ids_read(port) == [1]
    publish_all(port, [3])
    assert ids_read(port) == [3]
