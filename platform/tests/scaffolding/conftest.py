"""Fixtures of the tests of scaffolding."""

import logging
import warnings

import pytest
from command import Command
from proposed_source import write_empty_workspace
from shop_workspace import write_workspace

from bankmesh.settings import Settings


@pytest.fixture
def mesh(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`mesh(...)`, which silences Dagster's logger, as befits a process of its own."""
    logger = logging.getLogger("dagster")
    level = logger.level
    with warnings.catch_warnings():
        yield Command(capsys, monkeypatch)
    logger.setLevel(level)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A workspace with one domain, the shop, that has nothing."""
    return write_empty_workspace(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def settings(tmp_path):
    """The shop with its products, all of which are active."""
    write_workspace(tmp_path / "bank")
    return Settings(root=tmp_path / "bank", home=tmp_path / "home", exports=tmp_path / "exports")
