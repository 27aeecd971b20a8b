"""Dagster's SQLite files with connections that stay open: whole, complete and bounded, whoever else has them open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg
import event_writer
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from event_writer import ended, faults, materialization, message, open_handles, texts

from bankmesh.orchestration.held_storage import OPEN_FILES, HeldEventLogStorage, HeldRunStorage, HeldScheduleStorage
from bankmesh.orchestration.instance import open_instance, prepare_dagster_home
from bankmesh.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(root=tmp_path, home=tmp_path / "home", exports=tmp_path / "exports")


def _stock(settings):
    """An instance of the same folder with Dagster's own storage."""
    prepare_dagster_home(settings)
    (settings.dagster_home / "stock.yaml").write_text("telemetry: {enabled: false}\n")
    return dg.DagsterInstance.from_config(str(settings.dagster_home), "stock.yaml")


@dg.asset(check_specs=[dg.AssetCheckSpec("counted", asset="sale")])
def sale():
    yield dg.AssetCheckResult(check_name="counted", passed=True)
    yield dg.MaterializeResult(metadata={"version": 7})


def _known(instance):
    """What the instance says of `sale`: its last run, that run's log, and its check."""
    record = instance.get_latest_materialization_event(sale.key)
    check = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(sale.key, "counted"), limit=1
    )[0]
    kinds = [entry.event_log_entry.dagster_event_type for entry in instance.get_records_for_run(record.run_id).records]
    return record.run_id, check.run_id, check.status, kinds, len(instance.get_runs())


class TestTheFolderOfTheInstance:
    def test_its_default_storage_keeps_files_open(self, settings):
        with open_instance(settings) as instance:
            assert isinstance(instance.event_log_storage, HeldEventLogStorage)
            assert isinstance(instance.run_storage, HeldRunStorage)
            assert isinstance(instance.schedule_storage, HeldScheduleStorage)

    def test_a_process_that_gets_the_instance_from_another_has_the_same_storage(self, settings):
        with open_instance(settings) as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as other:
            assert isinstance(other.event_log_storage, HeldEventLogStorage)
            assert other.root_directory == str(settings.dagster_home)

    def test_a_folder_that_is_moved_takes_its_history_with_it(self, settings, tmp_path):
        with open_instance(settings) as instance:
            run = dg.materialize([sale], instance=instance).run_id
        settings.home.rename(tmp_path / "moved")
        moved = Settings(root=tmp_path, home=tmp_path / "moved", exports=tmp_path / "exports")
        with open_instance(moved) as instance:
            assert instance.get_latest_materialization_event(sale.key).run_id == run
            dg.materialize([sale], instance=instance)
            assert len(instance.get_runs()) == 2
        assert not settings.home.exists()

    def test_a_storage_that_dagster_yaml_names_is_used(self, settings):
        file = prepare_dagster_home(settings) / "dagster.yaml"
        elsewhere = settings.root / "elsewhere"
        file.write_text(f"{file.read_text()}\nstorage:\n  sqlite:\n    base_dir: {elsewhere}\n")
        with open_instance(settings) as instance:
            assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert elsewhere.is_dir()

    @pytest.mark.parametrize("first", ["held", "stock"])
    def test_either_storage_opens_what_the_other_wrote_and_goes_on(self, settings, first):
        opened = {"held": open_instance, "stock": _stock}
        second = "stock" if first == "held" else "held"
        for number, kind in enumerate((first, second, first), start=1):
            with opened[kind](settings) as instance:
                run = dg.materialize([sale], instance=instance).run_id
            for reader in opened.values():
                with reader(settings) as instance:
                    last, checked, status, kinds, runs = _known(instance)
                assert (last, checked, runs) == (run, run, number)
                assert status.value == "SUCCEEDED"
                assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
        assert faults(settings.dagster_home) == {}


@dg.asset(
    partitions_def=dg.DailyPartitionsDefinition("2026-01-01", "2026-01-06"),
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec(name, asset="trade") for name in ("counted", "summed")],
)
def trade():
    yield dg.AssetCheckResult(check_name="counted", passed=True)
    yield dg.AssetCheckResult(check_name="summed", passed=False)
    yield dg.MaterializeResult()


@dg.asset_check(asset=trade, partitions_def=trade.partitions_def)
def priced():
    return dg.AssetCheckResult(passed=True)


def _run_range(instance):
    ranged = {
        "dagster/asset_partition_range_start": "2026-01-01",
        "dagster/asset_partition_range_end": "2026-01-05",
    }
    job = dg.Definitions([trade], asset_checks=[priced]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, tags=ranged).run_id


def _check_rows(instance):
    with instance.event_log_storage.index_connection() as connection:
        rows = connection.exec_driver_sql("select * from asset_check_executions order by id").mappings().fetchall()
    return [(row["check_name"], row["partition"], row["execution_status"]) for row in rows]


def _shown(instance, run_id):
    """What Dagster shows of the checks without partitions, and of the plan of the assets."""
    storage = instance.event_log_storage
    keys = [dg.AssetCheckKey(trade.key, name) for name in ("counted", "summed")]
    newest = storage.get_latest_asset_check_execution_by_key(keys)
    states = storage.get_asset_check_state([(key, None) for key in keys])
    planned = instance.all_logs(run_id, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    return (
        {key: (record.status, record.evaluation.passed, record.partition) for key, record in newest.items()},
        {key: {kind: subset.size for kind, subset in state.subsets.items()} for key, state in states.items()},
        [entry.dagster_event.partition for entry in planned],
    )


class TestPlannedChecks:
    def test_without_partitions_have_one_row_for_a_run_over_a_range_which_their_evaluation_completes(self, settings):
        with open_instance(settings) as instance:
            _run_range(instance)
            rows = [row for row in _check_rows(instance) if row[0] != "priced"]
        assert sorted(rows) == [("counted", None, "SUCCEEDED"), ("summed", None, "FAILED")]

    def test_that_are_partitioned_are_planned_for_each_partition(self, settings, tmp_path):
        with open_instance(settings) as instance:
            _run_range(instance)
            ours = [row for row in _check_rows(instance) if row[0] == "priced"]
        other = Settings(root=tmp_path, home=tmp_path / "other", exports=tmp_path / "exports")
        with _stock(other) as instance:
            _run_range(instance)
            theirs = [row for row in _check_rows(instance) if row[0] == "priced"]
        assert ours == theirs
        assert len([row for row in ours if row[1]]) == 5

    def test_show_what_they_show_in_an_instance_of_dagster(self, settings, tmp_path):
        with open_instance(settings) as instance:
            ours = _shown(instance, _run_range(instance))
        other = Settings(root=tmp_path, home=tmp_path / "other", exports=tmp_path / "exports")
        with _stock(other) as instance:
            theirs = _shown(instance, _run_range(instance))
        assert ours == theirs
        assert len(ours[0]) == 2

    def test_of_a_run_that_is_stopped_before_they_are_evaluated_stay_planned(self, settings):
        @dg.asset(
            partitions_def=trade.partitions_def,
            backfill_policy=dg.BackfillPolicy.single_run(),
            check_specs=[dg.AssetCheckSpec("counted", asset="trade")],
            name="trade",
        )
        def broken():
            raise ValueError

        ranged = {
            "dagster/asset_partition_range_start": "2026-01-01",
            "dagster/asset_partition_range_end": "2026-01-05",
        }
        job = dg.Definitions([broken]).resolve_implicit_global_asset_job_def()
        with open_instance(settings) as instance:
            assert not job.execute_in_process(instance=instance, tags=ranged, raise_on_error=False).success
            assert _check_rows(instance) == [("counted", None, "PLANNED")]


class TestSettings:
    def test_a_commit_waits_for_no_disk_because_there_is_a_write_ahead_log(self, log):
        log.store_event(message("run", "a"))
        for connection in (log.run_connection("run"), log.index_connection()):
            with connection as opened:
                assert opened.exec_driver_sql("pragma journal_mode").scalar() == "wal"
                assert opened.exec_driver_sql("pragma synchronous").scalar() == 1

    def test_without_a_write_ahead_log_every_commit_is_synced(self, log):
        log.store_event(message("run", "a"))
        log.dispose()
        with log.run_connection("run") as opened:
            opened.connection.dbapi_connection.commit()
            assert opened.exec_driver_sql("pragma journal_mode = delete").scalar() == "delete"
        log.dispose()
        with log.run_connection("run") as opened:
            assert opened.exec_driver_sql("pragma synchronous").scalar() == 2

    def test_what_has_a_position_is_synced_before_a_reader_can_keep_it(self, folder, log, monkeypatch):
        synced = []
        sync = os.fsync

        def note_and_sync(handle):
            synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
            sync(handle)

        monkeypatch.setattr(os, "fsync", note_and_sync)
        readings = {
            "by number": lambda: log.get_logs_for_all_runs_by_log_id(-1, dg.DagsterEventType.RUN_SUCCESS),
            "newest": log.get_maximum_record_id,
            "runs": lambda: log.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=5).records,
        }
        log.store_event(ended("run"))
        assert synced == []
        for name, read in readings.items():
            assert read(), name
            assert synced == [str(folder / "index.db-wal"), str(folder)], name
            synced.clear()
        log.dispose()
        assert not (folder / "index.db-wal").exists()
        assert len(readings["by number"]()) == 1


class TestOpenFiles:
    def test_are_bounded_however_many_runs_are_read(self, folder, log):
        log.store_event(message("run", "a"))
        log.dispose()
        runs = [f"run {number}" for number in range(2 * OPEN_FILES)]
        for run in runs:
            shutil.copy(folder / "run.db", folder / f"{run}.db")  # faster than making its tables
            log.store_event(message(run, run))
        for run in runs:
            assert texts(log, run) == [run]
            assert len(open_handles(folder)) <= 3 * OPEN_FILES
        assert len(open_handles(folder)) > OPEN_FILES

    def test_of_a_run_that_has_ended_are_closed_and_its_log_is_written_back(self, folder, log):
        log.store_event(message("run", "a"))
        assert (folder / "run.db-wal").exists()
        log.store_event(ended("run"))
        assert [path.name for path in folder.glob("run.db*")] == ["run.db"]
        log.store_event(message("run", "its process has ended"))
        assert len(texts(log, "run")) == 3

    def test_all_close_with_the_instance(self, settings):
        with open_instance(settings) as instance:
            dg.materialize([sale], instance=instance)
            assert open_handles(settings.dagster_home)
        assert open_handles(settings.dagster_home) == []


class TestRemoval:
    def test_of_a_file_that_is_open_makes_a_new_one_and_hides_no_event(self, folder, log):
        log.store_event(message("run", "old"))
        reader = HeldEventLogStorage(str(folder))
        assert texts(reader, "run") == ["old"]
        for path in folder.glob("run.db*"):
            path.unlink()
        log.store_event(message("run", "new"))
        assert texts(reader, "run") == texts(log, "run") == ["new"]
        reader.dispose()
        log.store_event(message("run", "newer"))
        log.dispose()
        assert texts(SqliteEventLogStorage(str(folder)), "run") == ["new", "newer"]
        assert faults(folder) == {}

    @pytest.mark.parametrize("kind", [SqliteEventLogStorage, HeldEventLogStorage])
    def test_of_everything_by_another_process(self, folder, log, kind):
        log.store_event(materialization("run", "old"))
        kind(str(folder)).wipe()
        assert texts(log, "run") == []
        assert log.fetch_materializations(event_writer.KEY, limit=10).records == []
        log.store_event(materialization("run", "new"))
        assert texts(kind(str(folder)), "run") == ["new"]
        assert faults(folder) == {}

    def test_of_a_run(self, settings):
        with open_instance(settings) as instance, _stock(settings) as other:
            run = dg.materialize([sale], instance=instance).run_id
            assert other.get_records_for_run(run).records
            instance.delete_run(run)
            assert instance.get_records_for_run(run).records == other.get_records_for_run(run).records == []
            assert other.get_runs() == []


class TestTransactions:
    def test_a_statement_that_was_not_read_to_its_end_keeps_no_old_snapshot(self, folder, log):
        for number in range(300):
            log.store_event(message("run", f"{number}"))
        with log.run_connection("run") as connection:
            unread = connection.exec_driver_sql("select event from event_logs")
            unread.fetchone()
        SqliteEventLogStorage(str(folder)).store_event(message("run", "another process"))
        assert texts(log, "run")[-1] == "another process"
        del unread

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_an_error_rolls_back_and_the_next_one_goes_on(self, log, error):
        log.store_event(message("run", "a"))

        def delete_and_fail():
            with log.run_connection("run") as connection:
                connection.exec_driver_sql("delete from event_logs")
                raise error

        with pytest.raises(error):
            delete_and_fail()
        log.store_event(message("run", "b"))
        assert texts(log, "run") == ["a", "b"]

    def test_one_inside_another_on_the_same_file_has_a_connection_of_its_own(self, folder, log):
        with log.index_connection() as outer, log.index_connection() as inner:
            assert outer.connection.dbapi_connection is not inner.connection.dbapi_connection
        assert len({*open_handles(folder)}) <= 3
