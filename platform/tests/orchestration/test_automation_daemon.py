"""The real daemon over two code locations: a new file goes through the mesh, once, and the switch holds it up."""

import datetime as dt
import os
import re
import signal
import time
from collections import Counter

import dagster as dg
import pytest
from lineage_receiver import Receiver
from processes import BIN, running, wait_for
from shop_workspace import changed, write_exports

from bankmesh.orchestration.automation.automation_switch import turn
from bankmesh.orchestration.instance import prepare_dagster_home

PATIENCE = 300  # for a busy machine; alone it takes a minute


@pytest.fixture
def backend():
    """Where the daemon sends OpenLineage events."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def daemon(trading, tmp_path, backend):
    """The daemon with short intervals over a settled mesh; the log that it writes."""
    settings, log = trading.settings, tmp_path / "daemon.log"
    environment = {
        "DAGSTER_HOME": str(prepare_dagster_home(settings)),
        "PYTHONPATH": ":".join(str(path) for path in sorted(settings.root.glob("domains/*/src"))),
        "BANKMESH_SENSOR_SECONDS": "1",
        "BANKMESH_QUIET_SECONDS": "1",
        "OPENLINEAGE_URL": backend.url,
        "PYTHONWARNINGS": "ignore",
    }
    arguments = [str(BIN / "dagster-daemon"), "run", "-w", "workspace.yaml"]
    with running(arguments, settings.root, environment, log):
        yield log


def _runs(trading):
    """What the daemon has started; the runs that settled the mesh before have no tick."""
    with trading.instance() as instance:
        return [run for run in instance.get_runs() if "dagster/tick" in run.tags]


def _ended(trading):
    return all(run.is_finished for run in _runs(trading))


def _planned(trading):
    """How often each asset was asked for."""
    return Counter(key.path[-1] for run in _runs(trading) for key in run.asset_selection or ())


def _everything_is_told(backend):
    """Whether each attempt that began has ended, as far as the backend has heard."""
    kinds = {}
    for run_id, kind in backend.told:
        kinds.setdefault(run_id, []).append(kind)
    return bool(kinds) and all(told[0] == "START" and len(told) == 2 for told in kinds.values())


def _turn(trading, *, on):
    turn(trading.settings.home, dt.datetime.now(dt.UTC), on=on)


@pytest.mark.slow
def test_a_new_file_goes_through_both_domains_once_and_a_refused_product_is_not_tried_again(trading, daemon, backend):
    before = {name: trading.versions(name) for name in ("bazaar.sale", "arcade.turnover", "bazaar.customer_spend")}
    # One sale is larger than customer_spend allows: sale and monthly_sale publish it, customer_spend does not.
    write_exports(trading.settings.exports, changed(4, amount="2000.00"))

    wait_for(lambda: trading.versions("arcade.turnover") > before["arcade.turnover"], PATIENCE, daemon)
    assert trading.versions("bazaar.sale") == before["bazaar.sale"] + 1
    assert trading.versions("bazaar.customer_spend") == before["bazaar.customer_spend"]
    wait_for(lambda: _ended(trading), PATIENCE, daemon)
    time.sleep(12)  # at least two more ticks
    # top_customer went along with customer_spend and was skipped; then it followed sale, which it refers to.
    once = ("till_sale", "sale", "customer_spend", "monthly_sale", "turnover")
    assert _planned(trading) == {**dict.fromkeys(once, 1), "top_customer": 2}
    failed = [run for run in _runs(trading) if run.status is dg.DagsterRunStatus.FAILURE]
    assert [sorted(key.path[-1] for key in run.asset_selection) for run in failed] == [
        ["customer_spend", "sale", "top_customer"]
    ]

    wait_for(lambda: _everything_is_told(backend), PATIENCE, daemon)
    ends = {event["job"]["name"]: event["eventType"] for event in backend.events}
    assert (ends["bazaar.sale"], ends["bazaar.customer_spend"], ends["arcade.turnover"]) == (
        *("COMPLETE", "FAIL", "COMPLETE"),
    )

    _turn(trading, on=False)
    write_exports(trading.settings.exports, changed(4, amount="30.00"))
    time.sleep(12)
    assert sum(_planned(trading).values()) == 7, "automation is off, and yet it starts runs"
    _turn(trading, on=True)
    wait_for(lambda: _planned(trading)["till_sale"] == 2, PATIENCE, daemon)


@pytest.mark.slow
def test_a_run_whose_process_is_killed_is_noticed_and_started_again(trading, daemon, backend):
    write_exports(trading.settings.exports, changed(4, amount="30.00"))

    def landing_process():
        with trading.instance() as instance:
            for run in _runs(trading):
                told = "\n".join(entry.message for entry in instance.all_logs(run.run_id))
                pids = re.findall(r"Started process for run \(pid: (\d+)\)", told)
                if pids and not run.is_finished:
                    return run.run_id, int(pids[0])
        return None

    found = []
    wait_for(lambda: found.append(landing_process()) or found[-1], PATIENCE, daemon, pause=0.1)
    run_id, pid = found[-1]
    os.kill(pid, signal.SIGKILL)

    def status():
        return {run.run_id: run.status for run in _runs(trading)}[run_id]

    wait_for(lambda: status() is dg.DagsterRunStatus.FAILURE, PATIENCE, daemon)

    def landed_by_the_second():
        return [r for r in _runs(trading) if r.parent_run_id == run_id and r.status is dg.DagsterRunStatus.SUCCESS]

    wait_for(landed_by_the_second, PATIENCE, daemon)
    wait_for(lambda: _everything_is_told(backend), PATIENCE, daemon)
