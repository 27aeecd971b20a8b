"""Under `dagster dev` with its daemon: one alert, no repetition, nothing lost over a restart, a recovery."""

from __future__ import annotations

import shutil
from textwrap import dedent

import pytest
from dev_server import dev_server, wait_for
from shop_workspace import changed, write_exports

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.orchestration.history import domain_events
from bankmesh.orchestration.instance import open_instance

ALERTING = '''\
"""The shop alerts."""

from pathlib import Path

import dagster as dg

from bankmesh.orchestration.automation.alert_sensor import alert_sensors
from bankmesh.products.domain_package import read_domain


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(sensors=alert_sensors(read_domain(Path(__file__).parents[2]), Path(__file__).parent))
'''
OWNERS = """\
support:
  - channel: shop-help
  - {channel: owner@shop.example, tool: email, url: "mailto:owner@shop.example"}
"""
CHECK = "shop.sale: check amount__range"


@pytest.fixture
def workspace(shop_root, tmp_path):
    """The shop with its sensor, and owners who read e-mail too."""
    root = shutil.copytree(shop_root, tmp_path / "workspace")
    package = root / "domains" / "shop" / "src" / "shop"
    (package / "defs" / "alerts").mkdir()
    (package / "defs" / "alerts" / "sensors.py").write_text(ALERTING)
    contract = package / "contracts" / "sale.odcs.yaml"
    contract.write_text(contract.read_text().replace("support:\n  - channel: shop-help\n", OWNERS))
    return root


def test_an_incident_from_failure_to_recovery(workspace, landed, http_receiver, mail_receiver, tmp_path) -> None:
    home = landed.settings.home
    assert landed.run("sale").success
    routing = f"channels: {{shop-help: {http_receiver.url}}}\nemail: {mail_receiver.url}\n"
    (home / "alerts.yaml").write_text(dedent(routing))
    environment = {
        "BANKMESH_ROOT": str(workspace),
        "MESH_HOME": str(home),
        "BANK_DATA": str(landed.settings.exports),
        "PYTHONPATH": str(workspace / "domains" / "shop" / "src"),
        "BANKMESH_SENSOR_SECONDS": "1",
        "BANKMESH_UI_URL": "https://dagster.shop.example",
    }

    def looked() -> bool:
        """Whether the sensor has seen all that happened."""
        with AlertOutbox(f"sqlite:///{home / 'alerts.db'}") as outbox, open_instance(landed.settings) as instance:
            position = outbox.position("shop")
            if position is None:
                return False
            later = [
                instance.event_log_storage.get_logs_for_all_runs_by_log_id(position, k, 1) for k in domain_events.READ
            ]
            return not any(later)

    with dev_server(environment, tmp_path / "first.log"):
        wait_for("the first look", looked)
        write_exports(landed.settings.exports, changed(3, amount="-1.00"))
        for _ in range(3):
            assert not landed.run("till.sale", "sale").success
        (post, *more) = http_receiver.wait_for(1, 180)
        wait_for("the look at all three runs", looked)
        assert more == []
        assert http_receiver.titles == [f"[ERROR] {CHECK} failed"]
        assert "https://dagster.shop.example/runs/" in post.body["message"]
        assert "-1.00" not in str(post.body)

    # Nobody watches now. What happens meanwhile is told when the daemon is back, and nothing is told again.
    write_exports(landed.settings.exports)
    assert landed.run("till.sale", "sale").success

    with dev_server(environment, tmp_path / "second.log"):
        http_receiver.wait_for(2, 180)
        wait_for("the second mail", lambda: len(mail_receiver.mails) == 2)
        assert http_receiver.titles == [f"[ERROR] {CHECK} failed", f"[RECOVERED] {CHECK} passes again"]
    assert [headers["X-Bankmesh-Alert"] for _, headers, _ in mail_receiver.mails] == http_receiver.ids
    assert {tuple(recipients) for recipients, _, _ in mail_receiver.mails} == {("owner@shop.example",)}
    log = (tmp_path / "first.log").read_text()
    assert "Traceback" not in log
