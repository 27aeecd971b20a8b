"""Versions of contracts in the index, how they differ, and the life of a contract."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from catalog_samples import NOW, Col, Samples

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_update import rebuild, refresh
from bankmesh.catalog.product_description import describe, resolve
from bankmesh.errors import UnknownName

if TYPE_CHECKING:
    from bankmesh.catalog.index.index_connection import Catalog


def versions_of(catalog: Catalog, port: str) -> list[dict]:
    with catalog.reading() as connection:
        return describe(connection, port, NOW)["contract_versions"]


def test_editions_of_a_contract_and_how_they_differ(samples: Samples, catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("number"))
    samples.publish("shop.sale")
    samples.publish("shop.sale")
    samples.contract("shop.sale", Col("number"), Col("paid"), version="1.1.0")
    samples.publish("shop.sale")
    samples.contract("shop.sale", Col("paid"), version="1.2.0")
    rebuild(samples.settings, None, catalog)
    first, second, third = versions_of(catalog, "shop.sale")
    assert [v["version"] for v in (first, second, third)] == ["1.0.0", "1.1.0", "1.2.0"]
    assert [v["first_publication"] for v in (first, second, third)] == [0, 2, None]
    assert [v["current"] for v in (first, second, third)] == [False, False, True]
    assert (first["compared_with"], first["changes"]) == (None, [])
    assert second["compared_with"] == "shop.sale 1.0.0"
    assert [(c["rule"], c["breaking"]) for c in second["changes"]] == [("column-added", False)]
    assert ("column-removed", True) in [(c["rule"], c["breaking"]) for c in third["changes"]]
    assert third["since"] is None


def test_the_first_edition_of_a_later_major_is_compared_with_the_major_before(
    samples: Samples, sqlite_catalog: Catalog
) -> None:
    samples.contract("shop.sale", Col("number"))
    samples.contract("shop.sale", Col("paid"), version="2.0.0")
    rebuild(samples.settings, None, sqlite_catalog)
    (only,) = versions_of(sqlite_catalog, "shop.sale@2")
    assert only["compared_with"] == "shop.sale 1.0.0"
    assert {change["subject"] for change in only["changes"]} >= {"number", "paid"}


def test_a_text_that_was_not_kept_or_cannot_be_read_is_listed_without_differences(
    samples: Samples, sqlite_catalog: Catalog
) -> None:
    samples.contract("shop.sale", Col("number"))
    samples.publish("shop.sale", keeps_text=False)
    file = samples.contract("shop.sale", Col("number"), version="1.1.0")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("kind: DataContract", "kind: OlderContract"), encoding="utf-8")
    samples.publish("shop.sale")
    file.write_text(text, encoding="utf-8")
    samples.publish("shop.sale")
    rebuild(samples.settings, None, sqlite_catalog)
    first, second, third = versions_of(sqlite_catalog, "shop.sale")
    assert (first["unread"], first["version"]) == ("its text was not stored", "1.0.0")
    assert second["unread"].startswith("this release cannot read it: ")
    assert (third["unread"], third["compared_with"], third["changes"]) == (None, None, [])


def test_texts_outlive_the_publications_that_kept_them(samples: Samples, sqlite_catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("number"))
    samples.publish("shop.sale")
    (kept,) = (samples.settings.home / "ports/shop/sale/v1/_contracts").iterdir()
    long_ago = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    os.utime(kept, (long_ago, long_ago))
    samples.contract("shop.sale", Col("number"), Col("paid"), version="1.1.0")
    samples.publish("shop.sale")
    samples.expire("shop.sale", 1)
    rebuild(samples.settings, None, sqlite_catalog)
    first, second = versions_of(sqlite_catalog, "shop.sale")
    assert (first["version"], first["first_publication"], first["since"]) == (
        "1.0.0",
        None,
        "2026-01-01T00:00:00+00:00",
    )
    assert [change["rule"] for change in second["changes"]] == ["column-added"]


# --- life, deprecation, archive ---

LIFE = """\
  - property: lifecycle
    value:
      - {status: active, date: "2026-01-05", by: ada, why: first readers}
      - {status: deprecated, date: "2026-05-01", by: ada, why: the second major is out}
  - property: endOfSupport
    value: "2027-01-01"
  - property: replacedBy
    value: shop.sale@2
  - property: consumers
    value: [desk.trader, auditor]
"""


def test_the_life_of_a_contract_and_its_consumers(samples: Samples, catalog: Catalog) -> None:
    samples.contract("shop.sale", Col("number"), version="1.1.0", status="deprecated", custom=LIFE)
    samples.contract("shop.sale", Col("number"), version="2.0.0")
    rebuild(samples.settings, None, catalog)
    with catalog.reading() as connection:
        sale = describe(connection, "shop.sale", NOW)
        assert resolve(connection, "shop.sale") == "shop.sale@2"
        assert resolve(connection, "shop.sale@1") == "shop.sale"
        with pytest.raises(UnknownName, match=r"shop\.sole"):
            resolve(connection, "shop.sole")
    assert [(step["status"], step["changed_on"], step["changed_by"], step["why"]) for step in sale["life"]] == [
        ("active", "2026-01-05", "ada", "first readers"),
        ("deprecated", "2026-05-01", "ada", "the second major is out"),
    ]
    assert sale["deprecation"] == {"end_of_support": "2027-01-01", "replaced_by": "shop.sale@2"}
    assert sale["consumers"]["declared"] == ["auditor", "desk.trader"]


def test_versions_of_an_archived_port_stay_known(samples: Samples, sqlite_catalog: Catalog) -> None:
    from bankmesh.ports.port_archive import archive_place

    samples.contract("shop.sale", Col("number"))
    samples.publish("shop.sale")
    rebuild(samples.settings, None, sqlite_catalog)
    place = archive_place(samples.settings.home, "shop.sale", 1).path
    place.parent.mkdir(parents=True)
    (samples.settings.home / "ports/shop/sale/v1").rename(place)
    assert refresh(samples.settings, None, sqlite_catalog).products == ("shop.sale",)
    with sqlite_catalog.reading() as connection:
        assert connection.scalars(sa.select(tables.publications.c.version)).all() == [0]
