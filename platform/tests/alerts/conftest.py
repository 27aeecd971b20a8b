"""Fixtures of the alert tests: the shop, as the product tests know it, and receivers that are really there."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "products"))
sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))
sys.path.insert(0, str(Path(__file__).parent))

from alert_receivers import HttpReceiver, MailReceiver
from shop_fixtures import landed, shop_definitions, shop_root

from bankmesh.alerts.outbox import Outbox

__all__ = ["landed", "shop_definitions", "shop_root"]


@pytest.fixture
def http_receiver():
    """A real HTTP server; its faults are steered by the test."""
    with HttpReceiver() as receiver:
        yield receiver


@pytest.fixture
def mail_receiver():
    """A real SMTP server."""
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture
def outbox(tmp_path):
    with Outbox(f"sqlite:///{tmp_path / 'alerts.db'}") as made:
        yield made
