"""`mesh catalog`, `mesh search` and `mesh scorecard` as they are typed, with their exit codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
import typer
from catalog_samples import Col, Samples
from typer.testing import CliRunner, Result

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.cli import catalog_commands, scorecard_command, search_command
from bankmesh.errors import UnknownName
from bankmesh.settings import CATALOG_DATABASE, catalog_database

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer()
app.add_typer(catalog_commands.app, name="catalog")
app.command("search")(search_command.search)
app.command("scorecard")(scorecard_command.scorecard)

Mesh = "Callable[..., Result]"


@pytest.fixture
def shop(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> Samples:
    """Two products, published once, in a workspace that this process works on."""
    (samples.settings.root / "workspace.yaml").touch()
    samples.contract("shop.card_spending", Col("card_id", "The card."), purpose="How much each card is used.")
    samples.contract("desk.market_risk", Col("var", "Value at risk."), purpose="What may be lost.")
    samples.publish("shop.card_spending")
    samples.publish("desk.market_risk", inputs={"shop.card_spending": 0})
    monkeypatch.setenv("BANKMESH_ROOT", str(samples.settings.root))
    monkeypatch.setenv("MESH_HOME", str(samples.settings.home))
    for name in (CATALOG_DATABASE, "BANKMESH_ALERTS_DB"):
        monkeypatch.delenv(name, raising=False)
    return samples


@pytest.fixture
def mesh(shop: Samples) -> Callable[..., Result]:
    """`mesh(...)` in that workspace."""
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_search_on_a_catalog_that_was_never_built_builds_it_and_says_so(mesh) -> None:
    first = mesh("search", "card", "spending")
    assert first.exit_code == 0
    assert "The catalog does not exist, or another release built it: building it" in first.stderr
    assert re.search(r"rebuilt: 2 products \(\d+\.\d s\)", first.stderr)
    assert first.stdout.splitlines()[1].split("\t")[0] == "shop.card_spending"
    assert mesh("search", "card", "spending").stderr == ""


def test_search_as_json_is_a_list_of_hits_best_first(mesh) -> None:
    hits = json.loads(mesh("search", "card spending", "--json").stdout)
    assert hits[0]["id"] == "shop.card_spending"
    assert hits[0]["matched"][0] == {"field": "name", "text": "**card**_**spending**"}
    assert [hit["kind"] for hit in hits] == ["product", "column"]
    assert json.loads(mesh("search", "xyzzy", "--json").stdout) == []


def test_search_filters_and_limits(mesh) -> None:
    assert [h["id"] for h in json.loads(mesh("search", "--domain", "desk", "--json").stdout)] == ["desk.market_risk"]
    assert len(json.loads(mesh("search", "--limit", "1", "--json").stdout)) == 1
    both = mesh("search", "--domain", "desk", "--domain", "shop", "--status", "active", "--json").stdout
    assert len(json.loads(both)) == 2


def test_search_finds_nothing(mesh) -> None:
    said = mesh("search", "xyzzy")
    assert (said.exit_code, said.stdout) == (1, "No product or column matches.\n")


def test_search_with_a_filter_that_cannot_be(mesh) -> None:
    assert isinstance(mesh("search", "--status", "alive").exception, UnknownName)


def test_search_sees_what_has_changed_since(shop: Samples, mesh) -> None:
    mesh("search", "card")
    shop.contract("shop.voucher", Col("number"), purpose="What a needle is.")
    said = mesh("search", "needle")
    assert said.stdout.splitlines()[1].startswith("shop.voucher\t")
    assert said.stderr == ""


def test_search_that_may_not_write_says_how_old_its_answer_is(shop: Samples, mesh, monkeypatch) -> None:
    mesh("search", "card")
    shop.contract("shop.voucher", Col("number"), purpose="What a needle is.")
    path = shop.settings.home / "catalog.db"
    monkeypatch.setenv(CATALOG_DATABASE, f"sqlite:///file:{path}?mode=ro&uri=true")
    said = mesh("search", "needle")
    assert said.exit_code == 1
    assert re.search(r"The following is as it was \d+ s ago\.", said.stderr)


def test_status(shop: Samples, mesh) -> None:
    never = mesh("catalog", "status", "--json")
    assert never.exit_code == 1
    assert json.loads(never.stdout)["built_at"] is None
    assert not (shop.settings.home / "catalog.db").exists()

    mesh("catalog", "rebuild")
    now = mesh("catalog", "status", "--json")
    told = json.loads(now.stdout)
    assert now.exit_code == 0
    assert told["up_to_date"] is True
    assert (told["holds"]["products"], told["holds"]["publications"]) == (2, 2)

    shop.file("shop.card_spending").write_text("status: [", encoding="utf-8")
    stale = mesh("catalog", "status")
    assert stale.exit_code == 1
    assert "up to date\tno" in stale.stdout
    mesh("search", "card")
    assert "card_spending.odcs.yaml:1: " in mesh("catalog", "status").stdout


def test_rebuild(mesh) -> None:
    told = json.loads(mesh("catalog", "rebuild", "--json").stdout)
    assert told["products"] == ["desk.market_risk", "shop.card_spending"]
    assert (told["entries"], told["reads"]) == (0, 0)
    assert mesh("catalog", "rebuild").stdout.startswith("rebuilt: 2 products")


def test_show(shop: Samples, mesh) -> None:
    shop.contract("shop.card_spending", Col("card_id"), Col("amount"), version="1.1.0")
    told = json.loads(mesh("catalog", "show", "shop.card_spending", "--json").stdout)
    assert [version["version"] for version in told["contract_versions"]] == ["1.0.0", "1.1.0"]
    assert told["consumers"]["products"] == ["desk.market_risk"]
    plain = mesh("catalog", "show", "shop.card_spending").stdout
    assert "contract 1.1.0 (active)" in plain
    assert "column amount is new" in plain
    assert "makes           desk.market_risk" in plain
    assert isinstance(mesh("catalog", "show", "shop.nothing").exception, UnknownName)


def test_scorecard(mesh) -> None:
    told = {card["id"]: card for card in json.loads(mesh("scorecard", "--json").stdout)}
    assert set(told) == {"desk", "desk.market_risk", "shop", "shop.card_spending"}
    spending = told["shop.card_spending"]["figures"]
    assert spending["used_by_domains"] == {"value": 1, "out_of": 1, "share": 1.0}
    assert spending["open_alerts"] == {"value": None, "out_of": None, "share": None}
    one = mesh("scorecard", "shop.card_spending").stdout
    assert "The contract of shop.card_spending lacks: usage, limitations" in one
    assert "desk" not in one.split("lacks")[0]
    assert isinstance(mesh("scorecard", "nothing").exception, UnknownName)


def test_scorecard_counts_alerts_once_a_sensor_has_looked(shop: Samples, mesh) -> None:
    from bankmesh.alerts.delivery.alert_outbox import AlertOutbox

    with AlertOutbox(f"sqlite:///{shop.settings.home / 'alerts.db'}"):
        pass
    told = {card["id"]: card for card in json.loads(mesh("scorecard", "--json").stdout)}
    assert told["shop"]["figures"]["open_alerts"]["value"] == 0


def test_a_database_elsewhere(shop: Samples, mesh, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(CATALOG_DATABASE, f"sqlite:///{tmp_path / 'elsewhere.db'}")
    mesh("catalog", "rebuild")
    assert not (shop.settings.home / "catalog.db").exists()
    with Catalog(catalog_database(shop.settings)) as catalog, catalog.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.products)) == 2
