"""Fixtures of the alert tests: the shop, as the product tests know it, and receivers that are really there."""

import pytest
from alert_receivers import HttpReceiver, MailReceiver
from postgres_servers import start_postgres
from shop_fixtures import landed, shop_definitions, shop_root

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox

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
    with AlertOutbox(f"sqlite:///{tmp_path / 'alerts.db'}") as made:
        yield made


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A real PostgreSQL server in a folder."""
    server = start_postgres(tmp_path_factory.mktemp("postgres"))
    # Nothing here has to outlive a power cut.
    server.psql("alter system set fsync = off;\nselect pg_reload_conf();")
    yield server
    server.cleanup()
