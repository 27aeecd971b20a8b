"""Expiry of events while other processes write the log and have its files open."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import timedelta

import dagster as dg
import event_samples
import event_writer
from event_samples import KEYS, NOW, Sample, record, shown

from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.retention.event_expiry import expire_events

LIMIT = NOW - timedelta(days=7)
EVENTS = 120


def _record_old_runs(instance):
    runs = [record(instance, Sample("trade", days_ago=50 - number, partitions=KEYS)) for number in range(4)]
    return runs, record(instance, Sample("trade", days_ago=10, partitions=KEYS))


def test_no_event_of_a_run_that_goes_on_is_lost_and_readers_with_open_files_see_no_fault(settings):
    with open_instance(settings) as instance:
        old, last = _record_old_runs(instance)
        going_on = str(uuid.uuid4())
        instance.run_storage.add_run(dg.DagsterRun(job_name="job", run_id=going_on, status=dg.DagsterRunStatus.STARTED))
    folder = settings.dagster_home / "history" / "runs"
    reader = subprocess.Popen(
        [sys.executable, event_samples.__file__, str(settings.home), "read", *old, last],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    writer = event_writer.start_writer("held", str(folder), going_on, "writer", EVENTS)
    try:
        assert reader.stdout.readline() == "open\n"
        with open_instance(settings) as instance:
            before = shown(instance)["entries"]
            first = expire_events(instance, LIMIT, ())
            rounds = 0
            while writer.poll() is None or rounds < 3:
                expire_events(instance, LIMIT, ())
                rounds += 1
            assert first.runs == len(old)
            assert shown(instance)["entries"] == before
        stored = writer.communicate()[0].split()
        _, faults = reader.communicate("", timeout=60)
    finally:
        for process in (reader, writer):
            process.kill()
            process.wait()
    assert reader.returncode == 0, faults[-3000:]
    assert len(stored) == EVENTS
    with open_instance(settings) as instance:
        found = event_writer.texts(instance.event_log_storage, going_on)
        indexed = instance.fetch_materializations(event_writer.KEY, limit=2 * EVENTS).records
        assert {record.event_log_entry.user_message for record in indexed} == set(found)
        assert len(found) == len(set(found)) == EVENTS
        expire_events(instance, LIMIT, ())
        assert {run.run_id for run in instance.get_runs()} == {last, going_on}
    assert event_writer.faults(settings.dagster_home) == {}


def test_two_processes_expire_at_the_same_time(settings):
    with open_instance(settings) as instance:
        old, last = _record_old_runs(instance)
        before = shown(instance)
    processes = [
        subprocess.Popen(
            [sys.executable, event_samples.__file__, str(settings.home), "none"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.communicate()[1] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    with open_instance(settings) as instance:
        assert shown(instance) == before
        assert {run.run_id for run in instance.get_runs()} == {last}
    assert not any(list(settings.dagster_home.rglob(f"{run}*")) for run in old)
    assert event_writer.faults(settings.dagster_home) == {}
