"""What the event log tells about quality and freshness, on event logs of SQLite and PostgreSQL alike."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import sqlalchemy as sa
from catalog_samples import NOW, Col, Samples, dump, fresh_database
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from shop_workspace import SALES, changed, write_exports

from bankmesh.catalog.check_history import port_of
from bankmesh.catalog.event_history import EventTotals
from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import rebuild, refresh
from bankmesh.catalog.product_description import describe
from bankmesh.orchestration.history import check_events
from bankmesh.orchestration.history.check_events import LoggedChecks, read_events
from bankmesh.orchestration.instance import open_instance

if TYPE_CHECKING:
    from shop_mesh import Mesh


WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(request, tmp_path, monkeypatch):
    """An instance with an event log on each of the two, whose entries settle at once."""
    from alert_mesh import instance_in

    monkeypatch.setattr(check_events, "SETTLED_AFTER", 0.0)
    storage = ""
    if request.param == "postgresql":
        url = fresh_database(request.getfixturevalue("postgres")).replace("postgresql://", "postgresql+psycopg2://")
        storage = f'storage: {{postgres: {{postgres_url: "{url}"}}}}\n'
    with instance_in(tmp_path / "dagster", storage) as made:
        yield made


def evaluate(instance, port="shop.sale", check="small", passed=True, severity=ERROR, **metadata) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(port.split(".")),
            check_name=check,
            passed=passed,
            severity=severity,
            metadata={name.replace("_", " "): value for name, value in metadata.items()},
        )
    )


def change_freshness(instance, state: FreshnessState, *path: str) -> None:
    instance._report_runless_asset_event(
        FreshnessStateChange(
            key=dg.AssetKey(list(path)),
            new_state=state,
            previous_state=FreshnessState.UNKNOWN,
            state_change_timestamp=time.time(),
        )
    )


def test_outcomes_as_the_gate_says_them_and_numbers_of_rows_alone(instance) -> None:
    evaluate(instance, outcome="passed", failing_rows=0, rows_looked_at=10, observed="a value")
    evaluate(instance, passed=False, severity=WARN, outcome="warned", failing_rows=2, rows_looked_at=10)
    evaluate(instance, passed=False, outcome="errored", failing_rows="no number")
    evaluate(instance, passed=False)
    evaluate(instance, passed=False, severity=WARN)
    batch = read_events(instance, -1, datetime.now(UTC))
    assert [(e.outcome, e.failing_rows, e.rows) for e in batch.evaluations] == [
        ("passed", 0, 10),
        ("warned", 2, 10),
        ("errored", None, None),
        ("failed", None, None),
        ("warned", None, None),
    ]
    assert {(e.port, e.check) for e in batch.evaluations} == {("shop.sale", "small")}
    assert "a value" not in repr(batch)


def test_changes_of_freshness(instance) -> None:
    for state in (FreshnessState.FAIL, FreshnessState.PASS, FreshnessState.NOT_APPLICABLE, FreshnessState.UNKNOWN):
        change_freshness(instance, state, "shop", "sale", "v2")
    change_freshness(instance, FreshnessState.FAIL, "shop", "landing", "till_sale")
    batch = read_events(instance, -1, datetime.now(UTC))
    assert [(c.port, c.state) for c in batch.changes] == [
        ("shop.sale@2", "late"),
        ("shop.sale@2", "fresh"),
        ("shop.sale@2", "none"),
    ]


def test_small_readings_end_where_a_large_one_does(instance, monkeypatch) -> None:
    for number in range(11):
        evaluate(instance, check=f"check{number % 3}", passed=number % 4 > 0)
        if number % 5 == 0:
            change_freshness(instance, FreshnessState.FAIL, "shop", "sale")
    whole, parts = EventTotals(), EventTotals()
    whole.take(read_events(instance, -1, datetime.now(UTC)))
    monkeypatch.setattr(check_events, "BATCH", 2)
    cursor, more = -1, True
    while more:
        batch = read_events(instance, cursor, datetime.now(UTC))
        parts.take(batch)
        assert batch.cursor > cursor
        cursor, more = batch.cursor, batch.more
    assert parts == whole
    assert (whole.entries, len(whole.breaks)) == (14, 3)


def test_what_has_not_settled_is_left_for_the_next_time(instance, monkeypatch) -> None:
    monkeypatch.setattr(check_events, "SETTLED_AFTER", 3600.0)
    evaluate(instance)
    batch = read_events(instance, -1, datetime.now(UTC))
    if "postgres" in type(instance.event_log_storage).__module__:
        assert (batch.evaluations, batch.cursor, batch.more) == ((), -1, True)
        batch = read_events(instance, -1, datetime.now(UTC) + timedelta(hours=2))
    assert (len(batch.evaluations), batch.more) == (1, False)


def test_quality_in_the_index_whether_read_at_once_or_bit_by_bit(instance, samples: Samples, catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("paid"))
    evaluate(instance, check="one")
    evaluate(instance, check="two", passed=False, failing_rows=4)
    rebuild(samples.settings, LoggedChecks(instance), catalog)
    evaluate(instance, check="two")
    evaluate(instance, check="three", passed=False, severity=WARN)
    change_freshness(instance, FreshnessState.FAIL, "shop", "sale")
    assert refresh(samples.settings, LoggedChecks(instance), catalog).entries == 3
    with catalog.reading() as connection:
        sale = describe(connection, "shop.sale", NOW)
    assert sale["quality"]["newest"] == {"passed": 2, "warned": 1, "failed": 0, "errored": 0}
    today = datetime.now(UTC).date().isoformat()
    assert sale["quality"]["days"] == [{"day": today, "passed": 2, "warned": 1, "failed": 1, "errored": 0}]
    assert [(b["check_name"], b["outcome"], b["failing_rows"]) for b in sale["quality"]["not_passed"]] == [
        ("three", "warned", None),
        ("two", "failed", 4),
    ]
    assert [change["state"] for change in sale["freshness_changes"]] == ["late"]
    kept = dump(catalog)
    rebuild(samples.settings, LoggedChecks(instance), catalog)
    assert dump(catalog) == kept


def test_nothing_new_in_the_log_writes_nothing(instance, samples: Samples, catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("paid"))
    evaluate(instance)
    rebuild(samples.settings, LoggedChecks(instance), catalog)
    with catalog.writing():  # who would write now is refused
        assert str(refresh(samples.settings, LoggedChecks(instance), catalog)) == "nothing new"


def test_a_log_that_was_emptied_is_read_anew(instance, samples: Samples, sqlite_catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("paid"))
    for _ in range(3):
        evaluate(instance, check="old", passed=False)
    rebuild(samples.settings, LoggedChecks(instance), sqlite_catalog)
    instance.event_log_storage.wipe()
    evaluate(instance, check="new")
    refresh(samples.settings, LoggedChecks(instance), sqlite_catalog)
    with sqlite_catalog.reading() as connection:
        assert connection.scalars(sa.select(tables.check_states.c.check_name)).all() == ["new"]
        assert connection.scalars(sa.select(tables.check_breaks.c.entry)).all() == []


def test_without_an_instance_what_the_log_told_stands(instance, samples: Samples, sqlite_catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("paid"))
    evaluate(instance)
    rebuild(samples.settings, LoggedChecks(instance), sqlite_catalog)
    samples.contract("shop.sale", Col("paid"), version="1.1.0")
    assert refresh(samples.settings, None, sqlite_catalog).products == ("shop.sale",)
    with sqlite_catalog.reading() as connection:
        assert connection.scalar(sa.select(tables.check_days.c.passed)) == 1


def test_ports_of_assets() -> None:
    assert port_of(["retail", "party"]) == "retail.party"
    assert port_of(["retail", "party", "v2"]) == "retail.party@2"
    assert port_of(["retail", "landing", "crm_client"]) is None
    assert port_of(["legacy", "crm_client"]) is None
    assert port_of(["alone"]) is None


def test_a_mesh_that_really_ran(published: Mesh, tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    with open_instance(published.settings) as instance, Catalog(url) as catalog:
        rebuild(published.settings, LoggedChecks(instance), catalog)
        with catalog.reading() as connection:
            sale = describe(connection, "shop.sale", datetime.now(UTC))
        assert (sale["published"]["version"], sale["published"]["rows"]) == (0, 4)
        assert sale["freshness"] == "fresh"
        assert sale["quality"]["newest"]["passed"] == 12
        assert list(sale["publications"][0]["inputs"]) == ["till.sale"]
        assert sale["lineage"]["made_from"] == {"shop.landing.till.sale": 1, "legacy.till.sale": 2}
        assert "shop.customer_spend" in sale["consumers"]["products"]

        write_exports(published.settings.exports, changed(4, SALES, voucher="0"))
        published.run("till.sale", "sale")
        refused = refresh(published.settings, LoggedChecks(instance), catalog)
        assert refused.entries > 0
        with catalog.reading() as connection:
            quality = describe(connection, "shop.sale", datetime.now(UTC))["quality"]
        assert [(b["check_name"], b["outcome"]) for b in quality["not_passed"]] == [("voucher_is_positive", "failed")]
        assert quality["newest"] == {"passed": 11, "warned": 0, "failed": 1, "errored": 0}
        kept = dump(catalog)
        rebuild(published.settings, LoggedChecks(instance), catalog)
        assert dump(catalog) == kept
