"""The daily schedule of retention: each domain has one, and its job does what `mesh expire` does."""

import datetime as dt

import dagster as dg
import pytest
from two_domains import CONSUMER, SUPPLIER

from bankmesh.errors import PortError
from bankmesh.orchestration.retention import mesh_expiry


@pytest.fixture(params=[SUPPLIER, CONSUMER])
def schedule(request, trading):
    repository = trading.definitions[request.param].get_repository_def()
    return repository, repository.get_schedule_def(f"{request.param}_retention")


def _evaluate(trading, repository, schedule):
    with trading.instance() as instance:
        moment = dt.datetime(2026, 1, 2, 3, 17, tzinfo=dt.UTC)
        return schedule.evaluate_tick(dg.build_schedule_context(instance, moment, repository_def=repository))


def test_it_runs_every_day_unless_somebody_stops_it(trading, schedule):
    repository, found = schedule
    assert (found.cron_schedule, found.execution_timezone) == ("17 3 * * *", "UTC")
    assert found.default_status is dg.DefaultScheduleStatus.RUNNING
    [request] = _evaluate(trading, repository, found).run_requests
    assert request.tags["bankmesh/started_by"] == "schedule"


def test_off_means_off(trading, schedule, monkeypatch):
    monkeypatch.setenv("BANKMESH_AUTOMATION", "off")
    told = _evaluate(trading, *schedule)
    assert told.run_requests == []
    assert "BANKMESH_AUTOMATION" in told.skip_message


def test_its_job_says_what_it_removed_and_a_second_one_finds_nothing(trading, schedule, monkeypatch):
    repository, found = schedule
    job = repository.get_job(found.job_name)
    with trading.instance() as instance:
        before = {key: instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()}
        ended = job.execute_in_process(instance=instance, raise_on_error=False)
        assert ended.success
        said = [entry.user_message for entry in instance.all_logs(ended.run_id)]
        assert any(line.startswith("events: {'runs': ") for line in said)
        assert any(line.startswith("landings: {'landings': 0") for line in said)
        assert {key: instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()} == before


def test_a_part_that_fails_does_not_keep_the_others_from_expiring(trading, schedule, monkeypatch):
    repository, found = schedule

    def fail(*_arguments):
        raise PortError("bazaar.sale: its Delta log cannot be read.")

    monkeypatch.setattr(mesh_expiry, "_expire_port", fail)
    job = repository.get_job(found.job_name)
    with trading.instance() as instance:
        ended = job.execute_in_process(instance=instance, raise_on_error=False)
        assert not ended.success
        said = [entry.user_message for entry in instance.all_logs(ended.run_id)]
        assert any(line.startswith("landings: ") for line in said)
        assert any(line.startswith("events: ") for line in said)
        [failure] = [event for event in ended.all_events if event.is_step_failure]
    description = failure.step_failure_data.user_failure_data.description
    assert description.startswith("Everything else has expired. ")
    assert "its Delta log cannot be read" in description
