"""Scorecards: each measure by its formula, nothing where nothing is known, and domains as sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from catalog_samples import NOW, Col, Samples
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.catalog.contract_completeness import PARTS, missing_parts
from bankmesh.catalog.event_history import EventTotals, ReadTotals, put_events, put_reads
from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_update import rebuild, refresh
from bankmesh.catalog.recorded_reads import RecordedRead
from bankmesh.catalog.scorecard_facts import Alerts, count_alerts, scorecards
from bankmesh.catalog.scorecards import (
    MEASURES,
    UNKNOWN,
    WINDOW,
    Measure,
    PortMeasures,
    domain_of_consumer,
    freshness_kept,
    of_domain,
    of_product,
    together,
)
from bankmesh.contracts.coverage import coverage
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import UnknownName
from bankmesh.ports import confirm, latest, port_at

if TYPE_CHECKING:
    from bankmesh.catalog.index.index_connection import Catalog

HOUR, DAY = 3_600.0, 86_400.0
AT = NOW.timestamp()

FACTS = PortMeasures(
    port="shop.sale",
    domain="shop",
    has_port=True,
    parts=13,
    parts_missing=("usage", "roles"),
    promises=40,
    promises_enforced=35,
    checks={"passed": 18, "warned": 1, "failed": 1, "errored": 0},
    freshness_seconds=DAY,
    published_at=(AT - 2 * DAY,),
    using_domains=frozenset({"desk"}),
    other_domains=2,
    open_alerts=3,
)


def test_figures_of_a_product() -> None:
    card = of_product(FACTS, AT)
    assert {name: figure.to_json() for name, figure in card.figures.items()} == {
        "completeness": {"value": 11, "out_of": 13, "share": 0.8462},
        "enforced": {"value": 35, "out_of": 40, "share": 0.875},
        "checks_passed": {"value": 18, "out_of": 20, "share": 0.9},
        "freshness_kept": {"value": 86_400, "out_of": 172_800, "share": 0.5},
        "used_by_domains": {"value": 1, "out_of": 2, "share": 0.5},
        "open_alerts": {"value": 3, "out_of": None, "share": None},
    }
    assert tuple(card.figures) == MEASURES
    assert card.missing == ("usage", "roles")


def test_what_is_not_known_is_null() -> None:
    bare = replace(FACTS, checks={}, published_at=(), open_alerts=None, other_domains=0, using_domains=frozenset())
    figures = of_product(bare, AT).figures
    for name in ("checks_passed", "freshness_kept", "open_alerts"):
        assert figures[name].to_json() == {"value": None, "out_of": None, "share": None}
    assert figures["used_by_domains"].to_json() == {"value": 0, "out_of": 0, "share": None}
    assert of_product(replace(FACTS, freshness_seconds=None), AT).figures["freshness_kept"] == UNKNOWN


@pytest.mark.parametrize(
    ("ages", "promised", "kept", "looked_at"),
    [
        ([0.0], DAY, 0, 0),
        ([2 * HOUR], DAY, 2 * HOUR, 2 * HOUR),
        ([3 * DAY], DAY, DAY, 3 * DAY),
        ([3 * DAY, 2 * DAY, 1 * DAY], DAY, 3 * DAY, 3 * DAY),
        ([3 * DAY, 1 * DAY], DAY, 2 * DAY, 3 * DAY),
        # A version that came while the one before was fresh takes its place.
        ([30 * HOUR, 20 * HOUR], DAY, 30 * HOUR, 30 * HOUR),
        ([40 * DAY], 20 * DAY, 10 * DAY, 30 * DAY),
        ([100 * DAY], DAY, 0, 30 * DAY),
        ([100 * DAY, 1 * DAY], DAY, DAY, 30 * DAY),
    ],
)
def test_freshness_kept(ages, promised, kept, looked_at) -> None:
    assert freshness_kept([AT - age for age in ages], promised, AT) == Measure(kept, looked_at)


@given(st.lists(st.integers(0, 60 * 24), min_size=1, max_size=20), st.integers(1, 40 * 24))
def test_freshness_kept_counts_each_hour_once(ages, promised) -> None:
    figure = freshness_kept(sorted(AT - age * HOUR for age in ages), promised * HOUR, AT)
    looked_at = range(min(max(ages), 30 * 24))  # hours ago, each from its beginning to its end
    fresh = [ago for ago in looked_at if any(0 <= age - ago - 1 < promised for age in ages)]
    assert figure == Measure(len(fresh) * HOUR, len(looked_at) * HOUR)
    assert figure.out_of <= WINDOW


def test_a_domain_is_the_sum_of_its_products_and_not_the_mean_of_their_shares() -> None:
    small = replace(FACTS, port="shop.till", checks={"passed": 0, "failed": 2}, freshness_seconds=None)
    planned = replace(FACTS, port="shop.plan", has_port=False, promises=1_000)
    card = of_domain("shop", [FACTS, small, planned], AT, open_alerts=7)
    assert card.figures["checks_passed"] == Measure(18, 22)
    assert card.figures["enforced"] == Measure(70, 80)
    assert card.figures["freshness_kept"] == Measure(DAY, 2 * DAY)
    assert card.figures["open_alerts"] == Measure(7)
    assert (card.kind, card.missing) == ("domain", ())


def test_a_domain_of_which_nothing_is_known() -> None:
    card = of_domain("shop", [], AT)
    assert set(card.figures.values()) == {UNKNOWN}
    assert together([UNKNOWN, UNKNOWN]) == UNKNOWN


def test_a_consumer_belongs_to_the_domain_that_it_is_called_after() -> None:
    domains = {"desk", "shop"}
    assert domain_of_consumer("desk", domains) == "desk"
    assert domain_of_consumer("desk.risk_report", domains) == "desk"
    assert domain_of_consumer("user:desk", domains) is None
    assert domain_of_consumer("desktop", domains) is None


def test_parts_that_a_contract_leaves_out(samples: Samples) -> None:
    contract = read_contract(samples.contract("shop.sale", Col("paid")))
    left_out = missing_parts(contract, members=0)
    assert left_out == (
        "usage",
        "limitations",
        "granularity",
        "table description",
        "tags",
        "steward or owner by name",
        "roles",
        "retention",
        "primary key",
        "quality rules",
    )
    assert missing_parts(replace(contract, usage="All.", tags=("a",)), members=1) == tuple(
        part for part in left_out if part not in {"usage", "tags", "steward or owner by name"}
    )
    assert set(left_out) < set(PARTS)


# --- out of the index ---


def evaluated(entry: int, at: datetime, outcome: str, port: str = "shop.sale"):
    from bankmesh.catalog.check_history import CheckEvents, Evaluation

    found = Evaluation(entry, at.timestamp(), "run", port, f"check{entry}", outcome, None, None)
    return CheckEvents((found,), (), entry, "mark", more=False)


@pytest.fixture
def mesh(samples: Samples, catalog: Catalog) -> Catalog:
    """Two domains; desk.risk is made from shop.sale."""
    samples.contract("shop.sale", Col("paid"))
    samples.contract("shop.till", Col("number"), status="proposed")
    samples.contract("desk.risk", Col("worst"))
    samples.contract("lab.idea", Col("thought"))
    samples.clock = NOW - timedelta(days=2)
    samples.publish("shop.sale")
    samples.publish("desk.risk", inputs={"shop.sale": 0})
    rebuild(samples.settings, None, catalog)
    return catalog


def cards(catalog: Catalog, name: str | None = None, alerts: Alerts | None = None):
    with catalog.reading() as connection:
        return {card.id: card for card in scorecards(connection, NOW, alerts, name)}


def test_facts_out_of_the_index(mesh: Catalog, samples: Samples) -> None:
    contract = read_contract(samples.file("shop.sale"))
    entries = coverage(contract)
    sale = cards(mesh)["shop.sale"].figures
    assert sale["completeness"] == Measure(3, 13)
    assert sale["enforced"].value == sum(entry.enforced for entry in entries)
    assert 0 < sale["enforced"].share <= 1
    assert sale["freshness_kept"] == Measure(DAY, 47 * HOUR)
    assert sale["used_by_domains"] == Measure(1, 2)
    assert sale["checks_passed"] == UNKNOWN
    assert sale["open_alerts"] == UNKNOWN


def test_checks_of_the_last_thirty_days_count(mesh: Catalog) -> None:
    happened = EventTotals()
    today = datetime(2026, 6, 30, 0, 1, tzinfo=UTC)
    for entry, (days, outcome) in enumerate([(0, "passed"), (29, "failed"), (30, "failed"), (29, "passed")]):
        happened.take(evaluated(entry, today - timedelta(days=days), outcome))
    with mesh.writing() as connection:
        put_events(connection, happened)
    assert cards(mesh)["shop.sale"].figures["checks_passed"] == Measure(2, 3)
    assert cards(mesh)["shop"].figures["checks_passed"] == Measure(2, 3)


def test_reads_of_the_last_thirty_days_count_for_the_domain_of_the_reader(mesh: Catalog) -> None:
    reads = ReadTotals()
    lately, long_ago = (f"2026-0{month}-15T12:00:00+00:00" for month in (6, 3))
    reads.take(
        [
            RecordedRead(lately, "desk.risk", 0, None, "lab.notebook"),
            RecordedRead(lately, "desk.risk", 0, None, "desk.itself"),
            RecordedRead(lately, "desk.risk", 0, None, "user:ada"),
            RecordedRead(long_ago, "desk.risk", 0, None, "shop.report"),
        ]
    )
    with mesh.writing() as connection:
        put_reads(connection, reads)
    assert cards(mesh)["desk.risk"].figures["used_by_domains"] == Measure(1, 2)


def test_open_alerts_by_product_and_domain(mesh: Catalog) -> None:
    alerts = count_alerts(
        [("shop", ["shop/sale"]), ("shop", ["shop/landing/till_sale"]), ("shop", ["shop/sale", "shop/sale/v2"])]
    )
    assert alerts.ports == Counter({"shop.sale": 2, "shop.sale@2": 1})
    found = cards(mesh, alerts=alerts)
    assert found["shop"].figures["open_alerts"] == Measure(3)
    assert found["shop.sale"].figures["open_alerts"] == Measure(2)
    assert found["desk"].figures["open_alerts"] == Measure(0)


def test_which_scorecards_are_asked_for(mesh: Catalog) -> None:
    assert list(cards(mesh)) == ["desk", "desk.risk", "lab", "lab.idea", "shop", "shop.sale", "shop.till"]
    assert list(cards(mesh, "shop")) == ["shop", "shop.sale", "shop.till"]
    assert list(cards(mesh, "shop.sale")) == list(cards(mesh, "shop.sale@1")) == ["shop.sale"]
    with pytest.raises(UnknownName, match="Did you mean"):
        cards(mesh, "shop.sole")


def test_freshness_counts_from_confirmations(mesh: Catalog, samples: Samples) -> None:
    """Published two days ago, promised for a day: kept for a day, and for another from its confirmation on."""
    port = port_at(samples.settings.home, "shop.sale", 1)
    made = latest(port)
    confirm(port, made, made.published_at + timedelta(hours=36))
    before = cards(mesh)["shop.sale"].figures["freshness_kept"]
    refresh(samples.settings, None, mesh)
    after = cards(mesh)["shop.sale"].figures["freshness_kept"]
    assert (before, after) == (Measure(DAY, 47 * HOUR), Measure(DAY + 11 * HOUR, 47 * HOUR))
    with mesh.reading() as connection:
        (row,) = connection.execute(sa.select(tables.products).where(tables.products.c.port == "shop.sale")).all()
    assert (row.newest_at, row.fresh_since) == (
        made.published_at.timestamp(),
        made.published_at.timestamp() + 36 * HOUR,
    )
