"""Expiry of events: old runs go, and what Dagster shows of assets, partitions and checks stays as it was."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import event_samples
import pytest
from dagster._core.events import StepMaterializationData
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from event_samples import ASSETS, KEYS, NOW, Sample, record, report_without_run, shown
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bankmesh.orchestration.assets.event_metadata import CONFIRMED
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.retention.event_expiry import expire_events, expire_replaced
from bankmesh.orchestration.retention.reader_positions import ReaderPosition
from bankmesh.settings import Settings

LIMIT = NOW - timedelta(days=7)


def _expire(instance, *readers, unfinished=frozenset()):
    return expire_events(instance, LIMIT, readers, unfinished)


def _files(settings):
    return {path.stem for path in (settings.dagster_home / "history" / "runs").glob("*.db")} - {"index", ".db", ""}


def _traces(settings, run_id):
    return sorted(path.name for path in settings.dagster_home.rglob(f"{run_id}*"))


class TestRuns:
    def test_that_are_superseded_leave_nothing(self, instance, settings):
        old = record(instance, Sample("sale", days_ago=20))
        new = record(instance, Sample("sale", days_ago=10))
        before = shown(instance)
        done = _expire(instance)
        assert (done.runs, done.held_by) == (1, [])
        assert done.bytes > 0
        assert _traces(settings, old) == []
        assert instance.get_run_by_id(old) is None
        assert _files(settings) == {new}
        assert shown(instance) == before
        assert [run.run_id for run in instance.get_runs()] == [new]

    def test_that_are_the_last_of_an_asset_stay_whole_however_old_they_are(self, instance):
        only = record(instance, Sample("sale", days_ago=400))
        log = [entry.dagster_event_type for entry in instance.all_logs(only)]
        assert _expire(instance).runs == 0
        assert [entry.dagster_event_type for entry in instance.all_logs(only)] == log
        assert (Path(instance.storage_directory()) / only / "compute_logs" / "step.err").exists()

    def test_within_the_retention_stay_whole(self, instance, settings):
        runs = {record(instance, Sample("sale", days_ago=days)) for days in (6, 5, 4)}
        assert _expire(instance).runs == 0
        assert _files(settings) == runs

    def test_that_go_on_stay_whole(self, instance, settings):
        going_on = record(instance, Sample("sale", days_ago=30, made=0, checks=(None, None), ends=None))
        record(instance, Sample("sale", days_ago=20))
        record(instance, Sample("sale", days_ago=10))
        assert _expire(instance).runs == 1
        assert going_on in _files(settings)
        assert len(instance.all_logs(going_on)) == 4

    def test_whose_end_lineage_has_not_recorded_stay_whole(self, instance):
        old = record(instance, Sample("sale", days_ago=20))
        record(instance, Sample("sale", days_ago=10))
        assert _expire(instance, unfinished=frozenset({old})).runs == 0
        assert _expire(instance).runs == 1

    def test_of_a_backfill_stay_whole_until_it_has_ended(self, instance):
        old = record(instance, Sample("sale", days_ago=20))
        instance.add_run_tags(old, {"dagster/backfill": "months"})
        record(instance, Sample("sale", days_ago=10))
        backfill = PartitionBackfill(
            backfill_id="months",
            status=BulkActionStatus.REQUESTED,
            from_failure=False,
            tags={},
            backfill_timestamp=LIMIT.timestamp(),
        )
        instance.add_backfill(backfill)
        assert _expire(instance).runs == 0
        instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
        assert _expire(instance).runs == 1

    def test_that_somebody_deleted_leave_neither_files_nor_check_rows(self, instance, settings):
        old = record(instance, Sample("sale", days_ago=2))
        record(instance, Sample("sale", days_ago=1))
        instance.delete_run(old)
        assert _traces(settings, old) != []
        assert _expire(instance).runs == 1
        assert _traces(settings, old) == []
        with instance.event_log_storage.index_connection() as connection:
            rows = connection.exec_driver_sql("select count(*) from asset_check_executions where run_id = ?", (old,))
            assert rows.scalar() == 0

    def test_of_which_a_partition_stays_are_still_known(self, instance, settings):
        whole = record(instance, Sample("trade", days_ago=300, partitions=KEYS))
        record(instance, Sample("trade", days_ago=20, partitions=(KEYS[0],)))
        last = record(instance, Sample("trade", days_ago=10, partitions=(KEYS[1],)))
        before = shown(instance)
        assert before["materialised"] == set(KEYS)
        done = _expire(instance)
        assert shown(instance) == before
        assert done.runs == 2
        assert _files(settings) == {last}
        assert instance.get_run_by_id(whole).status is dg.DagsterRunStatus.SUCCESS
        assert _expire(instance).runs == 0

    def test_a_partition_that_failed_stays_failed(self, instance):
        record(instance, Sample("trade", days_ago=30, partitions=KEYS))
        record(
            instance,
            Sample("trade", 20, (KEYS[2],), made=0, checks=(False, None), ends="RUN_FAILURE"),
        )
        record(instance, Sample("trade", days_ago=10, partitions=(KEYS[1],)))
        before = shown(instance)
        assert before["failed"] == [KEYS[2]]
        _expire(instance)
        assert shown(instance) == before

    def test_a_check_that_was_planned_last_and_not_evaluated_keeps_its_last_evaluation(self, instance):
        done = record(instance, Sample("sale", days_ago=30, checks=(True, False)))
        record(instance, Sample("sale", days_ago=20, made=0, checks=(None, None), ends="RUN_FAILURE"))
        planned = record(instance, Sample("sale", days_ago=10, made=0, checks=(None, None), ends="RUN_FAILURE"))
        before = shown(instance)
        _expire(instance)
        assert shown(instance) == before
        assert {run for run, _ in before["checks"].values()} == {planned}
        assert {found[0][0] for found in before["evaluated"].values() if found} == {done}


class TestReaders:
    def test_what_one_has_not_read_stays_and_it_is_named(self, instance, settings):
        read = record(instance, Sample("sale", days_ago=30))
        position = instance.event_log_storage.get_maximum_record_id()
        unread = record(instance, Sample("sale", days_ago=20))
        record(instance, Sample("sale", days_ago=10))
        readers = (ReaderPosition("the alerts of retail", position + 1), ReaderPosition("the catalog", 10**6))
        done = _expire(instance, *readers)
        assert (done.runs, done.held_by) == (1, ["the alerts of retail"])
        assert _traces(settings, read) == []
        assert unread in _files(settings)
        assert _expire(instance, ReaderPosition("the catalog", 10**6)).runs == 1

    def test_the_entry_that_the_catalog_has_read_last_stays(self, instance):
        record(instance, Sample("sale", days_ago=30))
        position = instance.event_log_storage.get_maximum_record_id()
        for days in (20, 10):
            record(instance, Sample("sale", days_ago=days))
        _expire(instance, ReaderPosition("the catalog", position))
        found = instance.event_log_storage.get_logs_for_all_runs_by_log_id(position - 1, limit=1)
        assert list(found) == [position]


class TestEventsWithoutRun:
    def test_that_are_superseded_go_and_the_newest_stays(self, instance):
        for days in (40, 30, 20):
            report_without_run(instance, KEYS[0], days)
        report_without_run(instance, KEYS[1], 300)
        before = shown(instance)
        done = _expire(instance)
        assert done.rows == 2
        assert shown(instance) == before

    def test_within_the_retention_stay(self, instance):
        for days in (3, 2, 1):
            report_without_run(instance, None, days)
        assert _expire(instance).rows == 0


def test_numbers_are_never_given_again(instance):
    for days in (40, 30):
        record(instance, Sample("sale", days_ago=days))
    last = instance.event_log_storage.get_maximum_record_id()
    _expire(instance)
    assert instance.event_log_storage.get_maximum_record_id() == last
    record(instance, Sample("sale", days_ago=1))
    assert min(instance.event_log_storage.get_logs_for_all_runs_by_log_id(last)) == last + 1


def test_plans_of_partitions_that_a_check_does_not_have_go_from_runs_that_stay(instance):
    run = record(instance, Sample("trade", days_ago=1, partitions=KEYS))
    with instance.event_log_storage.index_connection() as connection:
        for partition in KEYS:
            connection.exec_driver_sql(
                "insert into asset_check_executions (asset_key, check_name, run_id, partition, execution_status,"
                " evaluation_event_storage_id) values (?, 'counted', ?, ?, 'PLANNED', 1)",
                (ASSETS["trade"].to_string(), run, partition),
            )
    assert _expire(instance).rows == len(KEYS)
    history = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(ASSETS["trade"], "counted"), limit=10
    )
    assert [(found.run_id, found.status.value) for found in history] == [(run, "SUCCEEDED")]


SAMPLES = st.builds(
    Sample,
    asset=st.just("trade"),
    days_ago=st.just(0.0),
    partitions=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True).map(
        lambda found: (*sorted(found),)
    ),
    made=st.integers(0, 3),
    checks=st.tuples(*[st.sampled_from([True, False, None])] * 2),
    ends=st.sampled_from(["RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED", None]),
) | st.builds(
    Sample,
    asset=st.just("sale"),
    days_ago=st.just(0.0),
    made=st.integers(0, 1),
    checks=st.tuples(*[st.sampled_from([True, False, None])] * 2),
    ends=st.sampled_from(["RUN_SUCCESS", "RUN_FAILURE", None]),
)


@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples=st.lists(SAMPLES, min_size=1, max_size=6), read=st.none() | st.integers(0, 40), again=st.booleans())
def test_whatever_ran_dagster_shows_the_same_after_expiry(tmp_path_factory, samples, read, again):
    home = tmp_path_factory.mktemp("home")
    with open_instance(Settings(root=home, home=home, exports=home)) as instance:
        for number, sample in enumerate(samples):
            record(instance, Sample(**{**vars(sample), "days_ago": 20 - 3 * number}))
        before, readers = shown(instance), [] if read is None else [ReaderPosition("the catalog", read)]
        unread = {} if read is None else instance.event_log_storage.get_logs_for_all_runs_by_log_id(read - 1)
        _expire(instance, *readers)
        if again:
            assert _expire(instance, *readers).rows == 0
        assert shown(instance) == before
        left = {} if read is None else instance.event_log_storage.get_logs_for_all_runs_by_log_id(read - 1)
        assert left == unread


def test_in_postgres_the_same_rows_go(on_postgres):
    gone = record(on_postgres, Sample("sale", days_ago=50))
    whole = record(on_postgres, Sample("trade", days_ago=40, partitions=KEYS))
    record(on_postgres, Sample("trade", 30, (KEYS[2],), made=0, checks=(False, None), ends="RUN_FAILURE"))
    record(on_postgres, Sample("sale", days_ago=20))
    for days in (40, 30):
        report_without_run(on_postgres, KEYS[0], days)
    last = record(on_postgres, Sample("trade", days_ago=10, partitions=(KEYS[1],)))
    before = shown(on_postgres)
    assert before["failed"] == [KEYS[2]]
    done = _expire(on_postgres)
    assert shown(on_postgres) == before
    assert done.rows > len(KEYS)
    assert on_postgres.get_run_by_id(gone) is None
    assert on_postgres.all_logs(gone) == []
    assert on_postgres.get_run_by_id(whole) is not None
    assert len(on_postgres.all_logs(last)) == 8
    assert _expire(on_postgres).rows == 0


POINTS = ("run-rows-expired", "run-files-expired", "run-expired", "events-without-run-expired")


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_a_log_that_reads_the_same_and_the_next_call_goes_on(settings, point):
    with open_instance(settings) as instance:
        gone = [record(instance, Sample("trade", days_ago=days, partitions=KEYS)) for days in (40, 30)]
        kept = record(instance, Sample("trade", days_ago=20, partitions=KEYS))
        last = record(instance, Sample("trade", days_ago=10, partitions=(KEYS[0],)))
        before = shown(instance)
    killed = subprocess.run(
        [sys.executable, event_samples.__file__, str(settings.home), point], capture_output=True, text=True, check=False
    )
    assert killed.returncode < 0, killed.stderr
    assert killed.stdout.split()[-1] == point
    with open_instance(settings) as instance:
        assert shown(instance) == before
        _expire(instance)
        assert shown(instance) == before
        assert {run.run_id for run in instance.get_runs()} == {kept, last}
    assert _files(settings) == {last}
    assert [_traces(settings, run) for run in gone] == [[], []]


class TestConfirmations:
    """Of a version that is confirmed again and again, the event log keeps the last event alone."""

    @staticmethod
    def _confirm(instance, run_id, days_ago, partition=None):
        key = ASSETS["trade" if partition else "sale"]
        metadata = {CONFIRMED: dg.MetadataValue.timestamp(NOW - timedelta(days=days_ago))}
        data = StepMaterializationData(dg.AssetMaterialization(key, metadata=metadata, partition=partition))
        event = dg.DagsterEvent("ASSET_MATERIALIZATION", "job", event_specific_data=data)
        instance.report_dagster_event(event, run_id)
        return instance.fetch_materializations(key, limit=1).records[0].storage_id

    @staticmethod
    def _events(instance, name):
        return len(instance.fetch_materializations(ASSETS[name], limit=100).records)

    def test_that_are_replaced_go_from_the_index_and_from_the_file_of_their_run(self, instance):
        sale = record(instance, Sample("sale", days_ago=3))
        trade = record(instance, Sample("trade", days_ago=3, partitions=KEYS))
        numbers = [self._confirm(instance, sale, days) for days in (2, 1, 0)]
        numbers += [self._confirm(instance, trade, days, KEYS[-1]) for days in (2, 1, 0)]
        before = shown(instance)
        assert expire_replaced(instance, [*numbers[:2], *numbers[3:5]], ()) == 4
        assert shown(instance) == before
        assert (self._events(instance, "sale"), self._events(instance, "trade")) == (2, 5)
        logged = [instance.all_logs(run, dg.DagsterEventType.ASSET_MATERIALIZATION) for run in (sale, trade)]
        assert [len(entries) for entries in logged] == [2, 5]
        assert expire_replaced(instance, numbers[:2], ()) == 0

    def test_that_somebody_has_yet_to_read_stay(self, instance):
        run = record(instance, Sample("sale", days_ago=3))
        numbers = [self._confirm(instance, run, days) for days in (2, 1, 0)]
        readers = [ReaderPosition("the alerts of shop", numbers[1]), ReaderPosition("the catalog", numbers[2])]
        assert expire_replaced(instance, numbers[:2], readers) == 1
        assert self._events(instance, "sale") == 3

    def test_the_last_event_of_the_log_stays(self, instance):
        run = record(instance, Sample("sale", days_ago=3))
        last = self._confirm(instance, run, 0)
        assert expire_replaced(instance, [last], ()) == 0


class TestAutomation:
    def test_old_evaluations_of_conditions_go(self, instance):
        @dg.asset(automation_condition=dg.AutomationCondition.missing())
        def wanted() -> None: ...

        found = dg.evaluate_automation_conditions(dg.Definitions([wanted]), instance)
        (evaluation,) = [result.serializable_evaluation.with_run_ids(frozenset()) for result in found.results]
        schedules = instance.schedule_storage
        schedules.add_auto_materialize_asset_evaluations(1, [evaluation])

        def kept() -> int:
            return len(schedules.get_auto_materialize_evaluations_for_evaluation_id(1))

        expire_events(instance, datetime.now(UTC) - timedelta(minutes=1), ())
        assert kept() == 1
        expire_events(instance, datetime.now(UTC) + timedelta(minutes=1), ())
        assert kept() == 0
