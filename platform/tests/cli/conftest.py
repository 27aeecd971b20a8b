"""Fixtures of the command's tests: the shop, as the product tests know it, and the command itself."""

import pytest
from command import Command
from shop_fixtures import published, published_after, shop_definitions, shop_root

__all__ = ["published", "published_after", "shop_definitions", "shop_root"]


@pytest.fixture
def mesh(published, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """`mesh(...)` in a workspace in which everything is published once."""
    monkeypatch.chdir(published.settings.root)
    return Command(capsys, monkeypatch)
