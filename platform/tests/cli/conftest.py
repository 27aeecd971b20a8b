"""Fixtures of the command's tests: the shop, as the product tests know it, and the command itself."""

import shutil
from pathlib import Path

import pytest
from command import Command
from shop_fixtures import published, published_after, shop_definitions, shop_root

__all__ = ["published", "published_after", "shop_definitions", "shop_root"]


@pytest.fixture
def mesh(published, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`mesh(...)` in a workspace in which everything is published once."""
    monkeypatch.chdir(published.settings.root)
    return Command(capsys, monkeypatch)


@pytest.fixture
def root(published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own, which it may edit, over a home in which everything is published."""
    root = tmp_path / "workspace"
    shutil.copytree(published.settings.root, root)
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.chdir(root)
    return root
