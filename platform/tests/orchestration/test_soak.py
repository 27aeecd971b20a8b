"""Fifty changes under the real daemon: nothing new, a new month, a correction and a withdrawn version take turns.

Disk, memory and the time until the mesh is settled stay flat, and what is published is right after each. Figures go to
the file that BANKMESH_SOAK_REPORT names, one line of JSON a turn.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from processes import BIN, running, wait_for
from shop_workspace import SALES, Sale, write_exports

from bankmesh.orchestration.instance import prepare_dagster_home
from bankmesh.ports import latest, open_version, port_at, published_ports, resume, withdraw

TURNS = int(os.environ.get("BANKMESH_SOAK_TURNS", "50"))
PATIENCE = 300
KINDS = ("nothing new", "a new month", "a correction", "a withdrawn version")
PRODUCTS = ("bazaar.sale", "bazaar.customer_spend", "bazaar.top_customer", "bazaar.monthly_sale", "arcade.turnover")


class Soak:
    """The two domains, what their till has sold, and what each turn has cost."""

    def __init__(self, trading, log: Path, process: int) -> None:
        self.trading, self.log, self.process = trading, log, process
        self.home = trading.settings.home
        self.sales = SALES
        self.figures: list[dict[str, object]] = []

    def take_turn(self, number: int) -> None:
        kind = KINDS[number % len(KINDS)]
        began = time.monotonic()
        if kind == "nothing new":
            self._run_unchanged()
        elif kind == "a new month":
            self._export((*self.sales, Sale(number + 100, 1, f"2024-04-{1 + number % 28:02}", "1.00")))
        elif kind == "a correction":
            self._export((replace(self.sales[0], amount=f"{11 + number % 7}.00"), *self.sales[1:]))
        else:
            self._withdraw()
        self._settle()
        seconds = time.monotonic() - began
        self._mesh("expire", "--events-days", "0")
        self._check()
        self.figures.append({
            "turn": number, "kind": kind, "seconds": round(seconds, 1), "disk": _size(self.home),
            "log": _size(self.home / "dagster"), "memory": _memory(self.process),
        })  # fmt: skip
        report = os.environ.get("BANKMESH_SOAK_REPORT")
        if report:
            with Path(report).open("a") as file:
                file.write(json.dumps(self.figures[-1]) + "\n")

    def _export(self, sales: tuple[Sale, ...]) -> None:
        self.sales = sales
        write_exports(self.trading.settings.exports, sales)
        port = port_at(self.home, "bazaar.sale", 1)
        before = latest(port)
        wait_for(lambda: latest(port) != before, PATIENCE, self.log)

    def _run_unchanged(self) -> None:
        before = {name: self.trading.versions(name) for name in PRODUCTS}
        done = self._mesh("run", "--json")
        assert {entry["this_run"] for entry in json.loads(done)} <= {"confirmed", None}, done
        assert {name: self.trading.versions(name) for name in PRODUCTS} == before

    def _withdraw(self) -> None:
        """Of a correction that was wrong: the file is delivered again as it was, and the product resumed."""
        port = port_at(self.home, "bazaar.sale", 1)
        wrong = latest(port)
        withdraw(port, wrong.version, by="ada", reason="the correction was wrong")
        resume(port, by="ada", reason="the file comes again")
        self._export((replace(self.sales[0], amount="10.00"), *self.sales[1:]))

    def _settle(self) -> None:
        """Wait until no run is under way, every product has followed its inputs, and what is published is right."""

        def is_settled() -> bool:
            with self.trading.instance() as instance:
                is_idle = all(run.is_finished for run in instance.get_runs(limit=20))
            return is_idle and self._has_followed() and self._is_right()

        wait_for(is_settled, PATIENCE, self.log)

    def _has_followed(self) -> bool:
        newest = {port.name: latest(port) for port in published_ports(self.home)}
        read = [made.provenance.inputs for made in newest.values() if made is not None]
        return all(
            newest[name].version == version for inputs in read for name, version in inputs.items() if name in newest
        )

    def _check(self) -> None:
        assert self._is_right()

    def _is_right(self) -> bool:
        sold = {sale.sale_id: Decimal(sale.amount) for sale in self.sales}
        spent: dict[int, Decimal] = {}
        for sale in self.sales:
            spent[sale.customer_id] = spent.get(sale.customer_id, Decimal(0)) + Decimal(sale.amount)
        return (
            self._read("bazaar.sale", "sale_id", "amount") == sold
            and self._read("bazaar.monthly_sale", "sale_id", "amount") == sold
            and self._read("bazaar.customer_spend", "customer_id", "total") == spent
        )

    def _read(self, product: str, key: str, value: str) -> dict[int, Decimal]:
        frame = open_version(port_at(self.home, product, 1)).scan_polars().collect()
        return dict(zip(frame[key], frame[value], strict=True))

    def _mesh(self, *words: str) -> str:
        root = self.trading.settings.root
        path = ":".join(str(folder) for folder in sorted(root.glob("domains/*/src")))
        done = subprocess.run(
            [str(BIN / "mesh"), *words],
            cwd=root, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _memory(group: int) -> int:
    """Bytes that the processes of the daemon's group have in memory: a run that is just ending counts as well."""
    listed = subprocess.run(["ps", "-eo", "pgid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return sum(int(size) * 1024 for number, size in rows if int(number) == group)


@pytest.fixture
def monthly(trading):
    """`bazaar.monthly_sale` reads the till by partition."""
    file = trading.settings.root / "domains/bazaar/src/bazaar/defs/dbt_products/defs.yaml"
    before = file.read_text()
    declared = "attributes:\n  partition_inputs: {monthly_sale: {till.sale: {column: sold_on}}}\n"
    file.write_text(f"type: bankmesh.DbtDataProducts\n{declared}")
    yield port_at(trading.settings.home, "bazaar.monthly_sale", 1)
    file.write_text(before)


@pytest.mark.slow
def test_fifty_turns_leave_disk_memory_and_time_flat(trading, monthly, tmp_path) -> None:
    log = tmp_path / "daemon.log"
    environment = {
        "DAGSTER_HOME": str(prepare_dagster_home(trading.settings)),
        "PYTHONPATH": ":".join(str(path) for path in sorted(trading.settings.root.glob("domains/*/src"))),
        "BANKMESH_SENSOR_SECONDS": "1",
        "BANKMESH_QUIET_SECONDS": "1",
        "PYTHONWARNINGS": "ignore",
    }
    arguments = [str(BIN / "dagster-daemon"), "run", "-w", "workspace.yaml"]
    with running(arguments, trading.settings.root, environment, log) as daemon:
        soak = Soak(trading, log, daemon.pid)
        for number in range(TURNS):
            soak.take_turn(number)
    assert len(latest(monthly).provenance.partitions) == 1
    early, late = soak.figures[8:20], soak.figures[-12:]
    for name, most in (("seconds", 1.5), ("memory", 1.25)):
        first, last = (statistics.median(figure[name] for figure in part) for part in (early, late))
        assert last <= most * first, (name, first, last, sys.version)
    for name in ("disk", "log"):
        first, last = (max(figure[name] for figure in part) for part in (early, late))
        assert last - first <= 20_000_000, (name, first, last)
