"""`mesh run`: everything of every location, told line by line, with an exit code that can be relied on."""

from __future__ import annotations

import json
import logging
import warnings

import pytest
from shop_workspace import at_stage, changed, write_exports


@pytest.fixture(autouse=True)
def _logs_as_they_were():
    """`mesh run` silences Dagster's logger, as befits a process of its own."""
    logger = logging.getLogger("dagster")
    level = logger.level
    with warnings.catch_warnings():
        yield
    logger.setLevel(level)


def _versions(mesh) -> dict[str, int]:
    return {entry["name"]: entry["published_version"] for entry in json.loads(mesh("products", "--json").out)}


def test_everything(mesh) -> None:
    said = mesh("run")
    assert said.code == 0
    assert set(_versions(mesh).values()) == {1}
    for name in ("shop.sale", "shop.monthly_sale"):
        assert any(name in line and "version 1" in line for line in said.err.splitlines())
    assert said.out.splitlines()[0].startswith("product\tversion")


def test_only_what_is_named(mesh) -> None:
    assert mesh("run", "shop.sale", "shop.customer_spend").code == 0
    ran = {"sale": 1, "customer_spend": 1}
    assert _versions(mesh) == dict.fromkeys(_versions(mesh), 0) | ran


def test_a_refusal_ends_with_one_and_says_what_was_skipped(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="-1.00"))
    said = mesh("run")
    assert said.code == 1
    assert "shop.sale is not published" in said.err
    assert "amount__range (failed)" in said.err
    skipped = next(line for line in said.err.splitlines() if line.startswith("Skipped"))
    assert "customer_spend" in skipped
    assert "top_customer" in skipped
    assert _versions(mesh) == {
        "sale": 0, "customer_spend": 0, "top_customer": 0, "opening_hour": 1, "monthly_sale": 1,
    }  # fmt: skip


def test_a_product_that_is_not_there(mesh) -> None:
    said = mesh("run", "shop.sael")
    assert said.code == 2
    assert "shop.sael" in said.err
    assert "Did you mean shop.sale" in said.err


def test_skipped_products_are_in_the_table_with_the_checks_they_had_last(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="-1.00"))
    said = mesh("run")
    heading, *rows = (line.split("\t") for line in said.out.splitlines() if "\t" in line)
    table = {row[0]: dict(zip(heading, row, strict=True)) for row in rows}
    assert table["shop.sale"]["this run"] == "failed"
    assert table["shop.customer_spend"]["this run"] == "skipped"
    assert table["shop.opening_hour"]["this run"] == "published"
    # its checks were only planned in this run; what was evaluated last still stands
    assert "passed" in table["shop.customer_spend"]["checks"]


@pytest.mark.parametrize("status", ["active", "deprecated"])
def test_a_contract_in_force_that_nothing_keeps_fails_the_run(mesh, published, request, status) -> None:
    contracts = published.settings.root / "domains/shop/src/shop/contracts"
    orphan = contracts / "orphan.odcs.yaml"
    text = (contracts / "opening_hour.odcs.yaml").read_text().replace("opening_hour", "orphan")
    orphan.write_text(at_stage(text, status))
    request.addfinalizer(orphan.unlink)
    said = mesh("run", "--json")
    assert said.code == 1
    assert {entry["name"]: entry["this_run"] for entry in json.loads(said.out)}["orphan"] == "failed"


def test_the_last_line_says_how_to_point_mesh_at_a_home_of_its_own(mesh, published) -> None:
    said = mesh("run", "shop.sale")
    assert said.err.splitlines()[-1].endswith(f"export MESH_HOME={published.settings.home}")
