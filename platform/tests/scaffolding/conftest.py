"""Fixtures of the tests of scaffolding."""

import logging
import warnings

import pytest
from command import Command

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
    root = tmp_path_factory.mktemp("bank")
    package = root / "domains" / "shop" / "src" / "shop"
    package.mkdir(parents=True)
    (package / "definitions.py").touch()
    (root / "workspace.yaml").write_text("load_from: []\n", encoding="utf-8")
    return Settings(root=root, home=root / ".mesh", exports=root / "exports")
