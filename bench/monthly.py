"""Cost of a new month at a bank that delivers its bookings in one file per month.

    everything published ──► one file more ──► `follow`   landing, decision, build: the bookings alone
                                          └──► `retail`   the same for all of retail
                                          └──► `alone`    a range build of that month, once it is landed

Each contender starts from the same home, restored to its state before the file arrived.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from bench.measuring import run_measured
from bench.places import ROOT, World, forget

if TYPE_CHECKING:
    from pathlib import Path

    from bench.measuring import Cost

FOLDER, FILE, CONTROL = "berka_pkdd99", "trans.asc.gz", "trans.control.csv"
MONTH = "1998-12"
"""The last one that the demo bank writes."""
_DATE_FIELD = 2


class Monthly:
    """Return exports and home of this bank, below the folder of a world."""

    def __init__(self, world: World) -> None:
        self.world, self.folder = world, world.folder / "monthly"
        self.exports, self.home, self.kept = (self.folder / name for name in ("exports", "home", "kept"))

    def prepare(self) -> None:
        """Split the bookings by month and publish all of retail except for the last month."""
        forget(self.folder)
        shutil.copytree(self.world.exports, self.exports, copy_function=os.link)
        rows = split_bookings(self.world.exports / FOLDER / FILE, self.exports / FOLDER)
        (self.exports / FOLDER / FILE).unlink()
        self._count(sum(count for month, count in rows.items() if month != MONTH), "1998-11-30")
        self._last().rename(self.folder / self._last().name)
        self.home.mkdir()
        self.run("retail")
        shutil.copytree(self.home, self.kept, symlinks=True)
        (self.folder / self._last().name).rename(self._last())
        self._count(sum(rows.values()), "1998-12-31")

    def follow(self, what: str) -> dict[str, Any]:
        """Run one contender on the restored home."""
        forget(self.home)
        shutil.copytree(self.kept, self.home, symlinks=True)
        if what == "alone":
            self.run("landing")
        return {"cost": self.run(what).to_json(), "notes": json.loads(self._notes(what).read_text(encoding="utf-8"))}

    def run(self, what: str) -> Cost:
        """Run `bench.governed` on this bank."""
        environment = self.world.environment() | {"MESH_HOME": str(self.home), "BANK_DATA": str(self.exports)}
        command = [sys.executable, "-m", "bench.governed", what, "--notes", str(self._notes(what))]
        return run_measured(command, self.world.log(f"monthly-{what}"), environment, ROOT)

    def _notes(self, what: str) -> Path:
        return self.folder / f"{what}.json"

    def _last(self) -> Path:
        return self.exports / FOLDER / f"trans_{MONTH}.asc.gz"

    def _count(self, rows: int, through: str) -> None:
        """Write the control file as a new file, because the other exports share the old one by a link."""
        control = self.exports / FOLDER / CONTROL
        control.unlink()
        control.write_bytes(f"object;rows;complete_through\r\ntrans;{rows};{through}\r\n".encode("ascii"))


def new_month(world: World, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """Measure following one new month, building it alone, and all of retail."""
    bank = Monthly(world)
    bank.prepare()
    found: dict[str, list[dict[str, Any]]] = {"follow": [], "alone": [], "retail": []}
    for _ in range(repeats):
        for what, costs in found.items():
            costs.append(bank.follow(what))
    forget(bank.folder)
    return found


def split_bookings(source: Path, target: Path) -> dict[str, int]:
    """Write a file for each month, `trans_1998-12.asc.gz`, and count its rows; the source is in order of months."""
    found: dict[str, int] = {}
    with gzip.open(source, "rb") as lines:
        head = next(lines)
        for month, bookings in itertools.groupby(lines, _month_of):
            with gzip.open(target / f"trans_{month}.asc.gz", "wb", compresslevel=1) as file:
                file.write(head)
                found[month] = sum(bool(file.write(line)) for line in bookings)
    return found


def _month_of(line: bytes) -> str:
    day = line.split(b";", _DATE_FIELD + 1)[_DATE_FIELD].strip(b'"').decode()
    return f"19{day[:2]}-{day[2:4]}"
