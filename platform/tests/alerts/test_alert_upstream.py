"""An upstream break under real products: one message to each owner, whatever number of products and runs it fails."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from alert_mesh import settle_at_once

from bankmesh import fault_points
from bankmesh.alerts.alert_tick import run_tick
from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.orchestration.assets.product_assets import product_asset
from bankmesh.orchestration.history.domain_events import LoggedDomain
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import port_at
from bankmesh.products.polars.polars_build import build_with_polars
from bankmesh.products.product_definition import ProductDefinition, ProductInput
from bankmesh.settings import AlertSettings
from bankmesh.testing import write_contract

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.model import Contract

TEAM = tuple(f"report_{number}" for number in range(5))
RISK = ("exposure", "limits")
COLUMNS = {
    "sale_id": {"logicalType": "integer", "primaryKey": True},
    "sold_on": {"logicalType": "date", "required": True},
}


def clause(number: int) -> dict[str, object]:
    return {
        "id": f"not_below_{number}",
        "type": "sql",
        "query": f"select count(*) from ${{table}} where sale_id < -{number}",
        "mustBe": 0,
        "description": f"No number is below minus {number}.",
    }


@dataclass(frozen=True)
class Reports:
    """Products of two owners on `shop.sale`, made by the one operation in real runs."""

    home: Path
    instance: dg.DagsterInstance
    contracts: tuple[Contract, ...]
    definitions: dg.Definitions
    places: AlertSettings
    name: str = "shop"

    def run(self, *names: str) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(["shop", name]) for name in names],
            run_id=str(uuid.uuid4()),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def publish(self, *names: str) -> None:
        result = self.run(*names)
        failed = [event.event_specific_data for event in result.all_events if event.is_step_failure]
        assert result.success, failed

    def run_tick(self) -> list[str]:
        return run_tick(LoggedDomain(self.instance, self.name, self.name), self, self.places).summaries


def dated_sales(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.select("sale_id", "sold_on")


@pytest.fixture
def reports(landed, tmp_path, monkeypatch, http_receiver):
    settle_at_once(monkeypatch)
    assert landed.run("sale").success
    routing = tmp_path / "alerts.yaml"
    routing.write_text(
        f"channels: {{shop-team: {http_receiver.url}, risk: {http_receiver.url.replace('alerts', 'r')}}}\n"
    )
    products = []
    for name in (*TEAM, *RISK):
        owner = "risk" if name in RISK else "shop-team"
        file = write_contract(
            tmp_path,
            f"shop.{name}",
            COLUMNS,
            quality=[clause(number) for number in range(35 if name == TEAM[0] else 1)],
            team={"name": owner},
            support=[{"channel": owner, "tool": "slack"}],
        )
        inputs = {"sales": ProductInput("shop", "sale")}
        products.append(ProductDefinition(read_contract(file), inputs, "polars", "1", ()))

    def build(contract):
        return lambda request: build_with_polars(dated_sales, contract, request)

    assets = [product_asset(product, build(product.contract), landed.settings.root) for product in products]
    with open_instance(landed.settings) as instance:
        made = Reports(
            landed.settings.home,
            instance,
            tuple(product.contract for product in products),
            dg.Definitions(assets=assets, executor=dg.in_process_executor),
            AlertSettings(f"sqlite:///{tmp_path / 'alerts.db'}", routing, None),
        )
        assert made.run_tick() == []
        yield made


def test_an_upstream_break_that_fails_five_products_at_once_is_one_message_to_each_owner(
    reports, http_receiver
) -> None:
    upstream = port_at(reports.home, "shop.sale", 1).path
    shutil.move(upstream, reports.home / "aside")
    assert not reports.run(*TEAM, *RISK).success
    assert sorted(reports.run_tick()) == [
        "[ERROR] 2 assets affected by shop.sale",
        "[ERROR] 5 assets affected by shop.sale",
    ]
    by_owner = {post.path: post.body for post in http_receiver.taken}
    assert len(http_receiver.taken) == len(by_owner) == 2
    assert "The cause is upstream: shop.sale is broken or has nothing to read." in by_owner["/alerts"]["message"]
    assert [name for name in (*TEAM, *RISK) if f"- shop.{name}: run failed" in by_owner["/alerts"]["message"]] == [
        *TEAM
    ]
    assert [name for name in (*TEAM, *RISK) if f"- shop.{name}: run failed" in by_owner["/r"]["message"]] == [*RISK]

    # Whatever fails of it again, in one run or in five, is no news.
    for name in TEAM:
        reports.run(name)
    assert reports.run_tick() == []

    shutil.move(reports.home / "aside", upstream)
    reports.publish(*TEAM[1:], *RISK)
    assert reports.run_tick() == ["[RECOVERED] 2 assets: no longer affected by shop.sale"]
    reports.publish(TEAM[0])
    assert reports.run_tick() == ["[RECOVERED] 5 assets: no longer affected by shop.sale"]
    assert len(http_receiver.taken) == 4
    with AlertOutbox(reports.places.database) as outbox:
        assert outbox.open_incidents() == []


def test_a_product_that_fails_in_a_later_look_is_covered_and_listed(reports, http_receiver) -> None:
    shutil.move(port_at(reports.home, "shop.sale", 1).path, reports.home / "aside")
    reports.run(TEAM[0])
    assert reports.run_tick() == ["[ERROR] shop.report_0 affected by shop.sale"]
    reports.run(*TEAM[1:])
    assert reports.run_tick() == []
    assert len(http_receiver.taken) == 1
    with AlertOutbox(reports.places.database) as outbox:
        ((_, incident),) = outbox.open_incidents()
        assert incident.assets == tuple(f"shop/{name}" for name in TEAM)
        assert [told.notice.kind for told in outbox.history(9)] == ["covered", "opened"]


def test_a_candidate_that_cannot_be_read_is_one_message_though_every_clause_errors(reports, http_receiver) -> None:
    """The bytes of the candidate's pages are damaged between its writing and the gate; its footer is whole."""

    def damage(point: str) -> None:
        if point == "built":
            port = port_at(reports.home, f"shop.{TEAM[0]}", 1).path
            newest = max(port.rglob("part-0.parquet"), key=lambda file: file.stat().st_mtime_ns)
            content = newest.read_bytes()
            newest.write_bytes(content[:4] + b"\xff" * 60 + content[64:])

    fault_points.watch(damage)
    try:
        assert not reports.run(TEAM[0]).success
    finally:
        fault_points.watch(None)
    (told,) = reports.run_tick()
    assert told.startswith("[ERROR] shop.report_0: ")
    assert "could not be evaluated" in told
    (post,) = http_receiver.taken
    assert post.body["title"] == told
    reports.publish(TEAM[0])
    (ended,) = reports.run_tick()
    assert ended.startswith("[RECOVERED] shop.report_0")
    assert len(http_receiver.taken) == 2
