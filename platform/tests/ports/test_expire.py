"""What expiry removes, and above all what it leaves."""

import gc
import itertools
import os
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from port_samples import frame, ids_read, publish_all, publish_months

from bankmesh.errors import NotPublished
from bankmesh.fault_points import watch
from bankmesh.ports import Port, expire, latest, open_version, read_history, stage
from bankmesh.ports.version_expiry import abandoned_candidates, has_unfinished_expiry

NOTHING = timedelta(0)
DAY = timedelta(days=1)


def _versions(port: Port) -> list[int]:
    return [found.version for found in read_history(port)]


def test_nothing_expires_within_the_retention(port: Port) -> None:
    for number in range(3):
        publish_all(port, [number])
    for retention in (None, DAY):
        gone = expire(port, keep_candidates=NOTHING, retention=retention)
        assert (gone.versions, gone.candidates, gone.files) == ((), (), 0)
    assert [ids_read(port, version) for version in _versions(port)] == [[2], [1], [0]]


def test_versions_replaced_before_the_retention_go(port: Port) -> None:
    for number in range(4):
        publish_all(port, [number])
    replaced = {found.version: successor.published_at for successor, found in itertools.pairwise(read_history(port))}
    # A moment at which 0 had been replaced for a day, and 1 had not quite.
    now = replaced[1] + DAY
    gone = expire(port, keep_candidates=DAY, retention=DAY, now=now)
    assert gone.versions == (0,)
    assert gone.files == 1
    assert _versions(port) == [3, 2, 1]
    assert [ids_read(port, version) for version in _versions(port)] == [[3], [2], [1]]
    with pytest.raises(NotPublished, match="Readable versions: 1, 2, 3"):
        open_version(port, 0)
    assert expire(port, keep_candidates=DAY, retention=DAY, now=now).versions == ()


@pytest.mark.parametrize("point", ["expiry-recorded", "files-expired", "checkpoint-written"])
def test_an_expiry_that_ended_in_the_middle_is_found_until_the_next_one(port: Port, request, point: str) -> None:
    def end(reached: str) -> None:
        if reached == point:
            raise InterruptedError

    request.addfinalizer(partial(watch, None))
    for number in range(3):
        publish_all(port, [number])
    assert not has_unfinished_expiry(port)
    now = datetime.now(UTC) + DAY
    watch(end)
    with pytest.raises(InterruptedError):
        expire(port, keep_candidates=NOTHING, retention=NOTHING, now=now)
    watch(None)
    assert has_unfinished_expiry(port)
    expire(port, keep_candidates=NOTHING, retention=NOTHING, now=now)
    assert not has_unfinished_expiry(port)


def test_an_abandoned_candidate_is_found_by_its_age(port: Port) -> None:
    publish_all(port, [1])
    used = stage(port)
    left = stage(port).path
    gc.collect()
    now = datetime.now(UTC)
    assert abandoned_candidates(port, now - DAY) == ()
    assert abandoned_candidates(port, now + DAY) == (left.name,)
    assert used.path.is_dir()


def test_the_newest_version_stays_however_old(port: Port) -> None:
    publish_all(port, [1])
    publish_all(port, [2])
    now = datetime.now(UTC) + timedelta(days=4000)
    for _ in range(3):
        expire(port, keep_candidates=NOTHING, retention=DAY, now=now)
    assert _versions(port) == [1]
    assert ids_read(port) == [2]
    newest = latest(port)
    assert newest is not None
    assert newest.provenance.run_id == "run"


def test_files_that_a_later_version_shares_stay(port: Port) -> None:
    publish_months(port, {"2024-01-01": [1], "2024-02-01": [2]})
    publish_months(port, {"2024-02-01": [20]})
    publish_months(port, {"2024-03-01": [3]})
    gone = expire(port, keep_candidates=NOTHING, retention=NOTHING, now=datetime.now(UTC) + DAY)
    assert (gone.versions, gone.files) == ((0, 1), 1)
    assert ids_read(port) == [1, 3, 20]
    publish_months(port, {"2024-01-01": [10]})
    assert ids_read(port) == [3, 10, 20]


def test_publishing_goes_on_after_many_expiries(port: Port) -> None:
    for number in range(8):
        publish_all(port, [number], configuration={"delta.checkpointInterval": "3"})
        expire(port, keep_candidates=NOTHING, retention=NOTHING, now=datetime.now(UTC) + DAY)
        assert ids_read(port) == [number]
        assert len(read_history(port)) == 1
    assert len(list(port.path.glob("2*"))) == 1
    assert len(list((port.path / "_delta_log").glob("*.json"))) <= 2


def test_a_running_build_is_left_alone(port: Port) -> None:
    publish_all(port, [1])
    candidate = stage(port)
    frame([2]).write_parquet(candidate.path / "0.parquet")
    later = datetime.now(UTC) + timedelta(days=30)
    assert expire(port, keep_candidates=DAY, retention=None, now=later).candidates == ()
    publish_all(port, [2], candidate=candidate)
    assert ids_read(port) == [2]


def test_an_abandoned_candidate_goes_once_it_is_old(port: Port) -> None:
    name = stage(port).name
    gc.collect()
    os.utime(port.path / name)
    assert expire(port, keep_candidates=DAY, retention=None).candidates == ()
    later = datetime.now(UTC) + timedelta(days=2)
    assert expire(port, keep_candidates=DAY, retention=None, now=later).candidates == (name,)
    assert not (port.path / name).exists()


def test_a_published_candidate_is_no_abandoned_one(port: Port) -> None:
    publish_all(port, [1])
    later = datetime.now(UTC) + timedelta(days=2)
    assert expire(port, keep_candidates=NOTHING, retention=None, now=later).candidates == ()
    assert ids_read(port) == [1]


def test_a_port_without_a_table_has_nothing_to_expire(port: Port) -> None:
    assert expire(port, keep_candidates=NOTHING, retention=NOTHING).versions == ()
