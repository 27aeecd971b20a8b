"""Fixtures of the tests of scaffolding."""

import logging
import warnings

import pytest
from command import Command


@pytest.fixture
def mesh(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`mesh(...)`, which silences Dagster's logger, as befits a process of its own."""
    logger = logging.getLogger("dagster")
    level = logger.level
    with warnings.catch_warnings():
        yield Command(capsys, monkeypatch)
    logger.setLevel(level)
