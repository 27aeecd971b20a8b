"""Folders of one benchmark: exports, mesh homes and logs, all below one folder that is removed afterwards."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCALE_OF_A_MILLION = 0.95
"""The demo bank at scale 1 has 1.05 million bookings."""


@dataclass(frozen=True)
class World:
    """A bank of `millions` bookings: the exports, and the output folder of each contender."""

    work: Path
    millions: float

    @property
    def folder(self) -> Path:
        """The folder of this bank."""
        return self.work / f"{self.millions:g}m"

    @property
    def exports(self) -> Path:
        """The legacy files."""
        return self.folder / "exports"

    @property
    def home(self) -> Path:
        """The mesh home of the governed contender."""
        return self.folder / "home"

    @property
    def bare(self) -> Path:
        """The output folder of the bare contender."""
        return self.folder / "bare"

    @property
    def plain(self) -> Path:
        """The folder of the plain project's database and Dagster history."""
        return self.folder / "plain"

    def generate(self) -> None:
        """Write the exports, unless they exist from an earlier run."""
        from demo_bank import generate

        done = self.exports / ".complete"
        if not done.exists():
            generate(self.exports, scale=self.millions * SCALE_OF_A_MILLION, seed=1)
            done.touch()

    def environment(self) -> dict[str, str]:
        """Return the environment of a contender; bytecode is written, telemetry is off."""
        inherited = {k: v for k, v in os.environ.items() if k not in {"PYTHONDONTWRITEBYTECODE", "DAGSTER_HOME"}}
        return inherited | {
            "BANKMESH_ROOT": str(ROOT),
            "MESH_HOME": str(self.home),
            "BANK_DATA": str(self.exports),
            "BENCH_PLAIN": str(self.plain),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DAGSTER_DISABLE_TELEMETRY": "true",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }

    def log(self, name: str) -> Path:
        """Return the log file of one measured process."""
        path = self.folder / "logs" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def forget(*folders: Path) -> None:
    """Remove folders, if they exist."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
