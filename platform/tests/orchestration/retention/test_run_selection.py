"""Which runs expire: never one that goes on, is recent or is needed, and always any other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bankmesh.orchestration.retention.run_selection import NeededRuns, RunState, select_runs

NAMES = st.sampled_from("abcdefgh")
MOMENTS = st.none() | st.floats(0, 20, allow_nan=False)
RUNS = st.lists(st.builds(RunState, NAMES, MOMENTS), unique_by=lambda run: run.run_id)
SETS = st.frozensets(NAMES, max_size=3)
NEEDED = st.builds(NeededRuns, SETS, SETS, SETS)


@given(RUNS, st.frozensets(NAMES | st.just("")), NEEDED, st.floats(0, 20))
def test_every_run_is_expired_kept_or_going_on(runs, traces, needed, before):
    selected = select_runs(runs, traces, needed, before)
    ended = {run.run_id: run.ended_at for run in runs if run.ended_at is not None}
    assert set(selected.expired) | set(selected.kept) == ended.keys()
    assert not set(selected.expired) & set(selected.kept)
    assert all(ended[run_id] < before and run_id not in needed.every for run_id in selected.expired)
    assert all(ended[run_id] >= before or run_id in needed.every for run_id in selected.kept)
    assert [ended[run_id] for run_id in selected.expired] == sorted(ended[run_id] for run_id in selected.expired)


@given(RUNS, st.frozensets(NAMES | st.just("")), NEEDED, st.floats(0, 20))
def test_an_orphan_is_no_run_and_nobody_has_yet_to_read_it(runs, traces, needed, before):
    orphans = set(select_runs(runs, traces, needed, before).orphans)
    assert orphans == traces - {run.run_id for run in runs} - needed.unread - {""}


@given(RUNS, NEEDED, st.floats(0, 20))
def test_a_run_is_held_where_a_reader_alone_keeps_it(runs, needed, before):
    held = set(select_runs(runs, (), needed, before).held)
    without = set(select_runs(runs, (), NeededRuns(needed.last, frozenset(), needed.unfinished), before).expired)
    assert held == without & needed.unread
    assert set(select_runs(runs, (), needed, before).expired) == without - held


@given(RUNS, NEEDED, st.floats(0, 10), st.floats(0, 10))
def test_a_longer_retention_expires_fewer(runs, needed, before, earlier):
    long, short = sorted((before, before - earlier))
    assert set(select_runs(runs, (), needed, long).expired) <= set(select_runs(runs, (), needed, short).expired)
