"""Rebuild and refresh: what the index holds, that it is the same however it came about, and that little is redone."""

from __future__ import annotations

import dataclasses
import os

import pytest
import sqlalchemy as sa
from catalog_samples import NOW, TILL, Col, Samples, dump, made_from

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import is_stale, rebuild, refresh
from bankmesh.catalog.product_description import about, describe
from bankmesh.catalog.recorded_reads import record_use
from bankmesh.lineage.model import TransformationSubtype
from bankmesh.ports import port_at


@pytest.fixture
def shop(samples: Samples) -> Samples:
    """Three products of two domains over one landed object, each published once."""
    samples.systems("shop")
    samples.contract("shop.sale", Col("number"), Col("paid", "What was paid.", "confidential"), purpose="Sales.")
    samples.contract("shop.spend", Col("total", "Sum of sales.", "confidential"), tags="money")
    samples.contract("desk.risk", Col("worst", "The worst day."), purpose="What may be lost.")
    samples.publish(
        "shop.sale", inputs={"till.sale": "abc"}, lineage=made_from(number="till.sale.number", paid="till.sale.paid")
    )
    samples.publish(
        "shop.spend",
        inputs={"shop.sale": 0},
        lineage=made_from(total=("shop.sale.paid", TransformationSubtype.AGGREGATION)),
    )
    samples.publish("desk.risk", inputs={"shop.spend": 0}, lineage=made_from(worst="shop.spend.total"))
    return samples


def column(catalog: Catalog, *wanted: sa.Column) -> list:
    with catalog.reading() as connection:
        rows = connection.execute(sa.select(*wanted).order_by(*wanted)).all()
    return [row[0] if len(wanted) == 1 else tuple(row) for row in rows]


def test_a_rebuild_holds_what_is_there(shop: Samples, catalog: Catalog) -> None:
    done = rebuild(shop.settings, None, catalog)
    assert (done.rebuilt, done.products) == (True, ("desk.risk", "shop.sale", "shop.spend"))
    with catalog.reading() as connection:
        sale = describe(connection, "shop.sale", NOW)
        held = about(connection)["holds"]
    assert held["products"] == 3
    moment = "2026-06-20T13:00:00+00:00"
    assert sale["published"] == {"version": 0, "rows": 10, "published_at": moment, "fresh_since": moment}
    assert [c["name"] for c in sale["columns"]] == ["number", "paid"]
    assert sale["classification"] == "confidential"
    assert sale["file"] == "domains/shop/src/shop/contracts/sale.odcs.yaml"
    assert sale["publications"][0]["inputs"] == {"till.sale": "abc"}
    assert (sale["publications"][0]["passed"], sale["publications"][0]["warned"]) == (2, 1)
    assert sale["lineage"]["made_from"] == {"shop.landing.till.sale": 1, "legacy.till.sale": 2}
    assert sale["lineage"]["makes"] == {"shop.spend": 1, "desk.risk": 2}
    assert sale["consumers"]["products"] == ["shop.spend"]
    assert column(catalog, tables.datasets.c.id, tables.datasets.c.kind) == [
        ("desk.risk", "product"),
        ("legacy.till.sale", "legacy"),
        ("shop.landing.till.sale", "landing"),
        ("shop.sale", "product"),
        ("shop.spend", "product"),
    ]


def test_two_rebuilds_give_the_same(shop: Samples, catalog: Catalog) -> None:
    rebuild(shop.settings, None, catalog)
    first = dump(catalog)
    rebuild(shop.settings, None, catalog)
    assert dump(catalog) == first
    assert all(first[table.name] for table in (tables.products, tables.edges, tables.postings, tables.sources))


def test_both_databases_hold_the_same(shop: Samples, postgres, tmp_path) -> None:
    from catalog_samples import fresh_database

    held = []
    for url in (f"sqlite:///{tmp_path / 'one.db'}", fresh_database(postgres)):
        with Catalog(url) as catalog:
            rebuild(shop.settings, None, catalog)
            held.append(dump(catalog))
    assert held[0] == held[1]


def test_the_first_refresh_builds_and_the_next_has_nothing_to_do(shop: Samples, catalog: Catalog) -> None:
    assert is_stale(catalog, shop.settings)
    assert refresh(shop.settings, None, catalog).rebuilt
    assert not is_stale(catalog, shop.settings)
    again = refresh(shop.settings, None, catalog)
    assert (again.rebuilt, again.products) == (False, ())
    assert str(again) == "nothing new"


def test_an_index_of_another_edition_is_made_anew(shop: Samples, catalog: Catalog) -> None:
    rebuild(shop.settings, None, catalog)
    expected = dump(catalog)
    with catalog.writing() as connection:
        connection.execute(sa.update(tables.meta).where(tables.meta.c.name == "index_version").values(value="earlier"))
        connection.execute(sa.delete(tables.columns))
    assert refresh(shop.settings, None, catalog).rebuilt
    assert dump(catalog) == expected


CHANGES = {
    "a publication": (lambda s: s.publish("shop.spend", inputs={"shop.sale": 0}), {"shop.spend"}),
    "an edited contract": (lambda s: s.contract("shop.sale", Col("number"), version="1.1.0"), {"shop.sale"}),
    "a second major": (lambda s: s.contract("shop.sale", Col("nr"), version="2.0.0"), {"shop.sale"}),
    "a new product": (lambda s: s.contract("desk.limit", Col("most")), {"desk.limit"}),
    "a contract taken away": (lambda s: s.file("shop.spend").unlink(), {"shop.spend"}),
    "a fault": (lambda s: s.file("shop.spend").write_text("status: [", encoding="utf-8"), {"shop.spend"}),
    "another product in the file": (
        lambda s: s.contract("desk.spend").rename(s.file("shop.spend")),
        {"shop.spend", "desk.spend"},
    ),
    "a source declaration": (
        lambda s: s.systems("shop", TILL.replace("PAID:", "SUM:")),
        {"shop.sale", "shop.spend"},
    ),
    "a fault in a source declaration": (lambda s: s.systems("shop", "system: [till]"), {"shop.sale", "shop.spend"}),
    "a read": (lambda s: record_use(s.settings.home, "shop.sale", 0, ["paid"], "desk.trader"), set()),
    "expiry": (lambda s: (s.publish("shop.sale"), s.expire("shop.sale", 1)), {"shop.sale"}),
    "the same contract twice": (
        lambda s: s.file("desk.sale").write_bytes(s.file("shop.sale").read_bytes()),
        {"shop.sale"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_refresh_redoes_what_has_changed_and_ends_where_a_rebuild_does(
    shop: Samples, catalog: Catalog, change: str
) -> None:
    rebuild(shop.settings, None, catalog)
    before = dump(catalog)
    do, products = CHANGES[change]
    do(shop)
    assert is_stale(catalog, shop.settings)
    done = refresh(shop.settings, None, catalog)
    assert (done.rebuilt, set(done.products)) == (False, products)
    refreshed = dump(catalog)
    assert refreshed != before
    rebuild(shop.settings, None, catalog)
    assert refreshed == dump(catalog)


def test_a_contract_with_a_fault_is_not_in_the_index_but_its_fault_is(shop: Samples, sqlite_catalog: Catalog) -> None:
    file = shop.file("shop.sale")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("status: active", "status: asleep"), encoding="utf-8")
    rebuild(shop.settings, None, sqlite_catalog)
    assert column(sqlite_catalog, tables.products.c.port) == ["desk.risk", "shop.spend"]
    with sqlite_catalog.reading() as connection:
        (fault,) = about(connection)["faults"]
    assert (fault["file"], fault["line"]) == ("domains/shop/src/shop/contracts/sale.odcs.yaml", 7)

    file.write_text(text, encoding="utf-8")
    refresh(shop.settings, None, sqlite_catalog)
    assert column(sqlite_catalog, tables.products.c.port) == ["desk.risk", "shop.sale", "shop.spend"]
    assert column(sqlite_catalog, tables.faults.c.file) == []


def test_of_two_contracts_for_a_port_the_second_counts_once_the_first_is_gone(
    shop: Samples, sqlite_catalog: Catalog
) -> None:
    first = shop.file("desk.sale")
    first.write_bytes(shop.file("shop.sale").read_bytes())
    rebuild(shop.settings, None, sqlite_catalog)
    assert column(sqlite_catalog, tables.faults.c.rule) == ["duplicate-contract"]
    assert "domains/desk/src/desk/contracts/sale.odcs.yaml" in column(sqlite_catalog, tables.products.c.file)
    first.unlink()
    refresh(shop.settings, None, sqlite_catalog)
    assert column(sqlite_catalog, tables.faults.c.rule) == []
    assert "domains/shop/src/shop/contracts/sale.odcs.yaml" in column(sqlite_catalog, tables.products.c.file)


# --- reads ---


def test_reads_are_counted_by_consumer_and_column(shop: Samples, catalog: Catalog) -> None:
    home = shop.settings.home
    record_use(home, "shop.sale", 0, ["paid", "number"], "desk.trader")
    rebuild(shop.settings, None, catalog)
    record_use(home, "shop.sale", 0, ["paid"], "desk.trader")
    record_use(home, "shop.sale", 0, None, "desk.trader")
    record_use(home, "shop.sale@2", 0, None, "user:ada")
    assert refresh(shop.settings, None, catalog).reads == 3
    counted = column(catalog, *(tables.uses.c[name] for name in ("port", "consumer", "column_name", "reads", "whole")))
    assert sorted(counted) == [
        ("shop.sale", "desk.trader", "*", 3, 1),
        ("shop.sale", "desk.trader", "number", 1, 0),
        ("shop.sale", "desk.trader", "paid", 2, 0),
        ("shop.sale@2", "user:ada", "*", 1, 1),
    ]
    with catalog.reading() as connection:
        recorded = describe(connection, "shop.sale", NOW)["consumers"]["recorded"]
    assert {name: recorded["desk.trader"][name] for name in ("reads", "whole", "columns")} == {
        "reads": 3,
        "whole": 1,
        "columns": ["number", "paid"],
    }


def test_reads_are_counted_anew_once_a_file_of_them_is_gone(shop: Samples, sqlite_catalog: Catalog) -> None:
    home = shop.settings.home
    record_use(home, "shop.sale", 0, None, "desk.trader")
    (home / "use" / "2020-01.jsonl").write_bytes(next((home / "use").iterdir()).read_bytes())
    rebuild(shop.settings, None, sqlite_catalog)
    assert column(sqlite_catalog, tables.uses.c.reads) == [2]
    (home / "use" / "2020-01.jsonl").unlink()
    refresh(shop.settings, None, sqlite_catalog)
    assert column(sqlite_catalog, tables.uses.c.reads) == [1]


def test_what_was_done_is_told_in_words() -> None:
    from bankmesh.catalog.index.index_update import IndexUpdate

    done = IndexUpdate(products=("a.b", "a.c"), entries=3, reads=1)
    assert str(done) == "2 products, 3 entries of the event log, 1 reads"
    assert str(dataclasses.replace(done, rebuilt=True)).startswith("rebuilt: 2 products")


def test_a_damaged_log_is_a_fault_until_it_is_repaired_and_hides_no_version_after_the_damage(
    shop: Samples, catalog: Catalog
) -> None:
    shop.publish("shop.sale")
    shop.publish("shop.sale")
    rebuild(shop.settings, None, catalog)
    whole = dump(catalog)
    commit = port_at(shop.settings.home, "shop.sale", 1).path / "_delta_log" / f"{1:020d}.json"
    content, times = commit.read_bytes(), commit.stat()
    commit.write_bytes(b"")
    assert column(catalog, tables.faults.c.rule) == []
    for index in (rebuild, refresh):
        index(shop.settings, None, catalog)
        with catalog.reading() as connection:
            (fault,) = about(connection)["faults"]
        assert (fault["rule"], fault["file"]) == ("damaged-log", "domains/shop/src/shop/contracts/sale.odcs.yaml")
        assert "commit 1 of its Delta log is damaged" in fault["message"]
        assert dict(column(catalog, tables.products.c.port, tables.products.c.newest_version))["shop.sale"] == 2
        assert column(catalog, tables.publications.c.port).count("shop.sale") == 1
        assert is_stale(catalog, shop.settings)
    commit.write_bytes(content)
    os.utime(commit, ns=(times.st_atime_ns, times.st_mtime_ns))
    refresh(shop.settings, None, catalog)
    assert {name: rows for name, rows in dump(catalog).items() if name != "meta"} == {
        name: rows for name, rows in whole.items() if name != "meta"
    }
    assert not is_stale(catalog, shop.settings)
