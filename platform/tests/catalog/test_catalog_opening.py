"""Who reads the index while somebody writes it, and who cannot write it at all."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from catalog_samples import Col, Samples

from bankmesh.catalog.index import index_connection, tables
from bankmesh.catalog.index.index_connection import Catalog, CatalogBusy, CatalogReadOnly
from bankmesh.catalog.index.index_update import is_stale, rebuild, refresh
from bankmesh.settings import CATALOG_DATABASE, catalog_database
from bankmesh.storage.databases import database_exists

MANY = 20_000


def names(catalog: Catalog) -> list[str]:
    with catalog.reading() as connection:
        return sorted(connection.scalars(sa.select(tables.meta.c.name)))


def put(connection: sa.Connection, *rows: str) -> None:
    connection.execute(tables.meta.insert(), [{"name": row, "value": "x" * 200} for row in rows])


def test_a_reader_sees_the_old_index_until_the_new_one_is_complete(catalog: Catalog) -> None:
    with catalog.writing() as connection:
        put(connection, "old")
    with catalog.writing() as connection:
        connection.execute(sa.delete(tables.meta))
        # More than fits into the cache of SQLite's pages.
        put(connection, *(f"new {number}" for number in range(MANY)))
        assert names(catalog) == ["old"]
    assert len(names(catalog)) == MANY


def test_a_reader_sees_one_state_however_often_it_reads(catalog: Catalog) -> None:
    with catalog.writing() as connection:
        put(connection, "old")
    count = sa.select(sa.func.count()).select_from(tables.meta)
    begun, written = threading.Event(), threading.Event()
    seen = []

    def read() -> None:
        with catalog.reading() as connection:
            seen.append(connection.scalar(count))
            begun.set()
            # SQLite's writer waits at its commit for readers to end, PostgreSQL's does not.
            written.wait(0.5)
            seen.append(connection.scalar(count))

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(10)
    with catalog.writing() as connection:
        put(connection, "new")
    written.set()
    reader.join(10)
    assert seen == [1, 1]
    assert names(catalog) == ["new", "old"]


def test_what_fails_while_it_writes_leaves_the_index_as_it_was(catalog: Catalog) -> None:
    with catalog.writing() as connection:
        put(connection, "old")

    def fail_half_way() -> None:
        with catalog.writing() as connection:
            connection.execute(sa.delete(tables.meta))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert names(catalog) == ["old"]


def test_a_second_writer_is_told_to_come_back(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_connection, "_PATIENCE", "200ms")
    monkeypatch.setattr("bankmesh.storage.databases._BUSY_SECONDS", 0.2)
    with Catalog(database) as first, Catalog(database) as second:
        with first.writing() as connection:
            put(connection, "first")
            with pytest.raises(CatalogBusy, match="Try again"), second.writing():
                pass
        with second.writing() as connection:
            put(connection, "second")
        assert names(first) == ["first", "second"]


def test_a_reader_opens_the_index_while_somebody_writes_it(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bankmesh.storage.databases._BUSY_SECONDS", 0.2)
    with Catalog(database) as first:
        with first.writing() as connection:
            put(connection, "old")
        with first.writing() as connection:
            put(connection, "new")
            with Catalog(database) as second:
                assert names(second) == ["old"]


def test_many_who_refresh_at_once_count_each_read_once(samples: Samples, database: str) -> None:
    from bankmesh.catalog.recorded_reads import record_use

    samples.contract("shop.sale", Col("paid"))
    with Catalog(database) as catalog:
        rebuild(samples.settings, None, catalog)
        for _ in range(5):
            record_use(samples.settings.home, "shop.sale", 0, None, "desk.trader")
        together = threading.Barrier(4)
        counted: list[int] = []

        def work() -> None:
            with Catalog(database) as own:
                together.wait()
                counted.append(refresh(samples.settings, None, own).reads)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counted) == [0, 0, 0, 5]
        with catalog.reading() as connection:
            assert connection.scalars(sa.select(tables.uses.c.reads)).all() == [5]


def test_who_may_only_read_reads_and_a_write_is_refused(
    samples: Samples, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.contract("shop.sale")
    path = tmp_path / "catalog.db"
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with Catalog(f"sqlite:///{path}") as catalog:
        rebuild(samples.settings, None, catalog)
    samples.contract("shop.sale", version="1.1.0")
    with Catalog(f"sqlite:///file:{path}?mode=ro&uri=true") as catalog:
        with catalog.reading() as connection:
            assert connection.scalar(sa.select(tables.products.c.contract_version)) == "1.0.0"
        assert is_stale(catalog, samples.settings)
        with pytest.raises(CatalogReadOnly, match="BANKMESH_CATALOG_DB"):
            refresh(samples.settings, None, catalog)
    assert not list((tmp_path / "empty").iterdir())


def test_nothing_to_read_and_nothing_to_write(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogReadOnly):
        Catalog(f"sqlite:///file:{tmp_path / 'none.db'}?mode=ro&uri=true")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["{path}", "file:{path}?uri=true", "file://{path}?mode=ro&uri=true",
                                  "file://localhost{path}?uri=true"])  # fmt: skip
def test_an_index_is_found_by_each_form_of_its_address(form: str, tmp_path) -> None:
    path = tmp_path / "catalog.db"
    url = f"sqlite:///{form.format(path=path)}"
    assert not database_exists(url)
    with Catalog(f"sqlite:///{path}"):
        assert database_exists(url)


def test_the_place_hides_the_password(tmp_path) -> None:
    with Catalog(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        assert catalog.place == f"sqlite:///{tmp_path / 'catalog.db'}"
    assert "secret" not in sa.make_url("postgresql://ada:secret@host/db").render_as_string(hide_password=True)


def test_where_the_index_is(samples: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CATALOG_DATABASE, raising=False)
    url = catalog_database(samples.settings)
    assert url == f"sqlite:///{samples.settings.home / 'catalog.db'}"
    assert not database_exists(url)
    with Catalog(url):
        assert database_exists(url)
    monkeypatch.setenv(CATALOG_DATABASE, "postgresql://ada@host/db")
    assert catalog_database(samples.settings) == "postgresql://ada@host/db"
    assert database_exists(catalog_database(samples.settings))
