"""Trials run where no orchestrator is loaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from shop_workspace import write_workspace

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
import sys
from pathlib import Path

import polars as pl

from bankmesh.testing import domain_contract, try_product

package, home = Path(sys.argv[1]), Path(sys.argv[2])
hours = pl.DataFrame({"weekday": ["Monday"], "opens": [8], "source_file": ["hour.csv"]})
trial = try_product(
    domain_contract(package, "opening_hour"),
    {"hours": hours},
    transform=lambda hours: hours.select("weekday", "opens"),
    home=home,
)
print(trial.broken, "dagster" in sys.modules)
"""


def test_a_trial_of_a_polars_product_loads_no_dagster(tmp_path: Path) -> None:
    package = write_workspace(tmp_path / "workspace") / "shop"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(package), str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n")[-2:] == ["() False", ""], done.stderr
