"""Ctrl-C and SIGTERM in the middle of `mesh run`, as a person and a service manager send them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shop_workspace import Sale, write_exports, write_workspace

from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import port_at, read_history
from bankmesh.settings import Settings, lineage_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from forked_commands import ForkedCommands

pytestmark = pytest.mark.system

REAL = {"python", "polars"}
"""Cases that start the real executable; the others are forked from a process that has imported the libraries.

Polars puts its own handler of signals before the one that it finds when it is imported, so it has to be imported after
`mesh` has set its own.
"""

MANY = 90
"""Rows that make a query over six times the table last for hours, and too few for a guard against shrinking."""

SALE = """\
import os
import time
from pathlib import Path

import polars as pl


def sale(sales):
    plan = sales.drop("complete_through").sort("sale_id")
    slow = os.environ.get("SLOW")
    if slow in {"python", "deaf"}:
        Path(os.environ["AT_WORK"]).touch()
        if slow == "deaf":
            time.sleep(60)
        for _ in range(6000):
            time.sleep(0.01)
    if slow == "polars":
        Path(os.environ["AT_WORK"]).touch()
        many = pl.LazyFrame({"a": range(60_000)}).join(pl.LazyFrame({"b": range(60_000)}), how="cross")
        total = many.select((pl.col("a") * pl.col("b")).sin().sum().alias("total"))
        plan = plan.join(total, how="cross").drop("total")
    return plan
"""

SLOW_MODEL = """\
select
    customer_id, count(*) as sales, sum(amount) as total,
    max_by(sale_id, amount) as largest_sale_id, max_by(remark, sale_id) as last_remark
from {{ source('shop', 'sale') }}
where (
    select sum(sin(a.sale_id * b.sale_id * c.sale_id * d.sale_id * e.sale_id * f.sale_id))
    from {{ source('shop', 'sale') }} as a, {{ source('shop', 'sale') }} as b, {{ source('shop', 'sale') }} as c,
        {{ source('shop', 'sale') }} as d, {{ source('shop', 'sale') }} as e, {{ source('shop', 'sale') }} as f
) is not null
group by customer_id
"""

SLOW_RULE = """\
    quality:
      - id: hours_pass
        type: sql
        query: >-
          select count(*) from ${table} as a, ${table} as b, ${table} as c, ${table} as d, ${table} as e, ${table} as f
          where sin(a.opens * b.opens * c.opens * d.opens * e.opens * f.opens) > 2
        mustBe: 0
        description: Slow where there are many days.
"""


@dataclass(frozen=True)
class Home:
    """A mesh of the test's own and the `mesh` command in it."""

    settings: Settings
    source: Path
    programs: Path

    def start(self, slow: str) -> subprocess.Popen[str]:
        environment = os.environ | {
            "BANKMESH_ROOT": str(self.settings.root),
            "MESH_HOME": str(self.settings.home),
            "BANK_DATA": str(self.settings.exports),
            "PYTHONPATH": str(self.source),
            "SLOW": slow,
            "AT_WORK": str(self.at_work),
        }
        mesh = Path(sys.executable).with_name("mesh") if slow in REAL else self.programs / "mesh"
        command = [str(mesh), "run"]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @property
    def at_work(self) -> Path:
        return self.settings.exports.parent / "at-work"

    def candidates(self, product: str) -> list[Path]:
        return [path for path in self._port(product).path.glob("2*") if path.is_dir()]

    def versions(self, product: str) -> list[int]:
        return [made.version for made in read_history(self._port(product))]

    def run_statuses(self) -> list[str]:
        with open_instance(self.settings) as instance:
            return [run.status.value for run in instance.get_runs()]

    def lineage_endings(self, product: str) -> list[str]:
        with EventOutbox(lineage_database(self.settings.home)) as outbox:
            events = [kept.event for kept in outbox.all_events()]
        return [event["eventType"] for event in events if event["job"]["name"] == f"shop.{product}"]

    def _port(self, product: str):
        return port_at(self.settings.home, f"shop.{product}", 1)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("stopping")
    source = write_workspace(root)
    (source / "shop/defs/sale/transform.py").write_text(SALE)
    (root / "dbt_project/models/shop/products/customer_spend.sql").write_text(SLOW_MODEL)
    contract = source / "shop/contracts/opening_hour.odcs.yaml"
    contract.write_text(contract.read_text() + SLOW_RULE)
    return root, source


@pytest.fixture
def home(workspace: tuple[Path, Path], commands: ForkedCommands, tmp_path: Path) -> Home:
    root, source = workspace
    write_exports(tmp_path / "exports")
    return Home(Settings(root, tmp_path / "home", tmp_path / "exports"), source, commands.programs)


def _wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1.0)  # so that native code is at it


def _stop(process: subprocess.Popen[str], *signals: signal.Signals) -> tuple[int, list[str], float]:
    """Exit code, lines of standard error that are no step's, seconds."""
    began = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in out + err
    return (
        process.returncode,
        [line for line in err.splitlines() if not line.startswith("done")],
        time.monotonic() - began,
    )


CASES = {
    "python": ("sale", lambda home: home.at_work.exists()),
    "polars": ("sale", lambda home: home.at_work.exists()),
    "dbt": ("customer_spend", lambda home: bool(home.candidates("customer_spend"))),
    "gate": ("opening_hour", lambda home: any(any(c.glob("*.parquet")) for c in home.candidates("opening_hour"))),
}


@pytest.mark.parametrize("slow", CASES)
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)], ids=["ctrl-c", "sigterm"]
)
def test_a_stop_cancels_the_step_and_publishes_nothing_of_it(home: Home, slow: str, number: signal.Signals) -> None:
    product, is_at_work = CASES[slow]
    if slow == "gate":
        days = "".join(f"day {number},{number}\n" for number in range(MANY))
        (home.settings.exports / "till/hour.csv").write_text(f"weekday,opens\n{days}")
    if slow == "dbt":
        write_exports(home.settings.exports, tuple(Sale(number, 1, "2024-01-05", "1.00") for number in range(1, MANY)))
    process = home.start(slow)
    _wait_for(lambda: is_at_work(home), process)
    code, lines, _ = _stop(process, number)
    assert code == 128 + number
    assert len(lines) == 1
    assert lines[0].startswith("mesh: stopped; ")
    assert f"shop.{product} was in progress and is not published. Run the command again to continue." in lines[0]
    assert home.versions(product) == []
    assert home.candidates(product) == []
    assert home.run_statuses() == ["CANCELED"]
    assert home.lineage_endings(product) == ["START", "ABORT"]

    write_exports(home.settings.exports)
    again = home.start("")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert home.versions("sale") == ([1, 0] if slow == "dbt" else [0])
    assert home.versions(product) == [0]
    assert "CANCELED" in home.run_statuses()
    assert out


def test_a_second_stop_ends_at_once_and_the_next_run_goes_on(home: Home) -> None:
    process = home.start("deaf")
    _wait_for(home.at_work.exists, process)
    code, lines, seconds = _stop(process, signal.SIGINT, signal.SIGINT)
    assert (code, lines) == (130, [])
    assert seconds < 9
    assert home.versions("sale") == []
    again = home.start("")
    assert again.communicate(timeout=120)[0]
    assert again.returncode == 0
    assert home.versions("sale") == [0]
    assert "STARTED" not in home.run_statuses()


@pytest.mark.slow
def test_a_step_that_heeds_nothing_is_abandoned(home: Home) -> None:
    process = home.start("deaf")
    _wait_for(home.at_work.exists, process)
    code, lines, seconds = _stop(process, signal.SIGINT)
    assert code == 130
    assert lines == ["mesh: stopped while a step was still running. Run the command again to continue."]
    assert seconds > 9
    assert home.versions("sale") == []
    assert home.run_statuses() == ["CANCELED"]
