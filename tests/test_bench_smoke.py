"""The benchmark runs from end to end on a small bank, and all contenders make the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_quick_benchmark(tmp_path):
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--quick", "--out", str(out), "--work", str(tmp_path / "work")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (world,) = json.loads(out.read_text(encoding="utf-8"))["worlds"]
    assert {run["contender"] for run in world["runs"]} == {"land", "products", "bare", "plain", "whole"}
    assert all(same["bare"] and same["plain"] for same in world["same"].values())
    page = out.with_name("RESULTS.md").read_text(encoding="utf-8")
    assert "governed / bare" in page
    assert str(ROOT) not in page + out.read_text(encoding="utf-8")
