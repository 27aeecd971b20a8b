"""Expiry of landings: the current one, the one before and what is in use stay; of the others only the record."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.fault_points import watch
from bankmesh.ports.port_locks import FolderLock
from bankmesh.sources import (
    ExpiredLandings,
    Landing,
    current_landing,
    expire_landings,
    land_compared,
    landing_folder,
    latest_attempt,
)
from bankmesh.sources.landing_expiry import LandingState, select_landings

MORNING = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NAMES = st.sampled_from("abcdef")
STATES = st.lists(
    st.builds(
        LandingState,
        fingerprint=NAMES,
        landed_at=st.none() | st.integers(0, 9).map(lambda hours: MORNING + dt.timedelta(hours=hours)),
        acceptable=st.booleans(),
    ),
    unique_by=lambda state: state.fingerprint,
)


@given(STATES, st.none() | NAMES, st.none() | NAMES, st.none() | NAMES)
def test_what_goes_is_never_current_or_the_one_before_or_the_last_attempt(found, current, before, attempt):
    gone = select_landings(found, current, before, attempt)
    assert not {current, before, attempt} & set(gone)
    assert set(gone) <= {state.fingerprint for state in found}
    if current is None:
        assert gone == ()
    elif before is not None:
        assert {state.fingerprint for state in found} == set(gone) | (
            {state.fingerprint for state in found} & {current, before, attempt}
        )


@given(STATES, NAMES)
def test_where_the_one_before_is_not_recorded_the_newest_acceptable_other_one_stays(found, current):
    gone = select_landings(found, current, None, None)
    kept = [state for state in found if state.fingerprint not in {*gone, current}]
    others = [state for state in found if state.fingerprint != current and state.acceptable]
    assert len(kept) == min(1, len(others))
    earliest = MORNING - dt.timedelta(days=1)
    assert all((each.landed_at or earliest) <= (kept[0].landed_at or earliest) for each in others)


def _content(number: int) -> bytes:
    return b"n;t;a\n" + b"".join(b"%d;x;1\n" % row for row in range(number))


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(home):
    return landing_folder(home, "retail", "legacy", "thing")


@pytest.fixture
def land_rows(exports, home):
    """Land an export of so many rows, and take it as it is."""

    def land(number):
        exports.write(_content(number))
        landing, _ = land_compared(exports.declare(), exports.base, home, "retail")
        return landing

    return land


def _rows(landing):
    return pl.read_parquet(landing.rows_paths).height if landing.rows_paths[0].exists() else None


class TestExpiry:
    def test_keeps_the_current_landing_and_the_one_before_and_of_others_the_record(self, store, home, land_rows):
        landings = [land_rows(number) for number in (2, 3, 4)]
        sizes = sum(path.stat().st_size for path in landings[0].folder.glob("*.parquet"))
        assert expire_landings(store) == ExpiredLandings(1, sizes)
        assert [_rows(landing) for landing in landings] == [None, 3, 4]
        record = Landing.read(landings[0].folder)
        assert (record.rows, record.fingerprint, record.landed_at) == (
            2,
            landings[0].fingerprint,
            landings[0].landed_at,
        )
        assert not landings[0].rejects_paths[0].exists()
        assert current_landing(home, "retail", "legacy", "thing") == landings[2]
        assert expire_landings(store) == ExpiredLandings()

    def test_the_one_before_is_the_one_that_was_current_however_old_it_is(self, store, land_rows):
        first, second = land_rows(2), land_rows(3)
        assert land_rows(2) == first  # the old file again: shrinks, but there are too few rows to be guarded
        third = land_rows(4)
        expire_landings(store)
        assert [_rows(landing) for landing in (first, second, third)] == [2, None, 4]

    def test_keeps_the_last_attempt_which_was_refused(self, exports, store, home, land_rows):
        landings = [land_rows(number) for number in (2, 3)]
        exports.write(_content(4) + b"bad\n")
        refused, _ = land_compared(exports.declare(), exports.base, home, "retail")
        assert not refused.acceptable
        expire_landings(store)
        assert [_rows(landing) for landing in (*landings, refused)] == [2, 3, 4]
        assert latest_attempt(home, "retail", "legacy", "thing") == refused
        assert pl.read_parquet(refused.rejects_paths).height == 1
        land_rows(5)
        expire_landings(store)
        assert [_rows(landing) for landing in (*landings, refused)] == [None, 3, None]

    def test_keeps_what_a_running_attempt_reads_until_it_has_ended(self, store, land_rows):
        read = land_rows(2)
        with FolderLock(read.folder):
            land_rows(3)
            land_rows(4)
            assert expire_landings(store) == ExpiredLandings()
            assert _rows(read) == 2
        assert expire_landings(store).landings == 1
        assert _rows(read) is None

    def test_leaves_an_object_alone_that_is_being_landed(self, store, land_rows):
        landings = [land_rows(number) for number in (2, 3, 4)]
        with FolderLock(store):
            assert expire_landings(store) == ExpiredLandings()
        assert [_rows(landing) for landing in landings] == [2, 3, 4]

    def test_files_that_are_delivered_again_are_landed_again(self, store, home, land_rows):
        landings = [land_rows(number) for number in (2, 3, 4)]
        expire_landings(store)
        again = land_rows(2)
        assert (again.fingerprint, _rows(again)) == (landings[0].fingerprint, 2)
        assert current_landing(home, "retail", "legacy", "thing") == again
        assert {path.parent for path in store.rglob("*.parquet")} == {landing.folder for landing in landings}

    def test_a_pointer_of_an_earlier_release_keeps_the_newest_other_landing(self, store, land_rows):
        landings = [land_rows(number) for number in (2, 3, 4)]
        pointer = json.loads((store / "current.json").read_text())
        assert pointer.pop("before") == landings[1].fingerprint
        (store / "current.json").write_text(json.dumps(pointer))
        replace(landings[0], landed_at=landings[0].landed_at - dt.timedelta(hours=1)).write()
        expire_landings(store)
        assert [_rows(landing) for landing in landings] == [None, 3, 4]

    def test_a_kill_leaves_the_record_and_the_next_call_removes_the_rest(self, store, home, land_rows):
        landings = [land_rows(number) for number in (2, 3, 4)]
        child = os.fork()
        if child == 0:
            watch(lambda _point: os.kill(os.getpid(), signal.SIGKILL))
            expire_landings(store)
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        assert Landing.read(landings[0].folder).rows == 2
        left = list(landings[0].folder.glob("*.parquet"))
        assert len(left) == 1
        assert expire_landings(store).landings == 1
        assert list(landings[0].folder.glob("*.parquet")) == []
        assert current_landing(home, "retail", "legacy", "thing") == landings[2]
