"""Fixtures of the lineage tests: this folder's own modules, and a receiver of events on loopback."""

from pathlib import Path

import pytest
from lineage_receiver import Receiver


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this machine says of OpenLineage concerns no test."""
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_DISABLED", "OPENLINEAGE_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def receiver():
    """An OpenLineage backend that can be slow, dead, and back."""
    with Receiver() as made:
        yield made
