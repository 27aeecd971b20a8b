"""Fixtures of what crosses packages."""

import os
from pathlib import Path

import pytest
from whole_bank import WholeBank, whole_bank


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> WholeBank:
    """A mesh that ran once over whole exports, as a user runs it. Nothing may change it: copy what you change."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return whole_bank(Path(shared) / "whole_bank")
