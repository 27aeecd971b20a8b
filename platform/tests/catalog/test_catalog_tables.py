"""The tables of the catalog's index: of this release, or made anew; their version follows every change."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from catalog_samples import Samples, dump
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog, CatalogReadOnly
from bankmesh.catalog.index.index_schema import SCHEMA_VERSION, NewerCatalog, read_schema_version
from bankmesh.catalog.index.index_update import is_built, rebuild, refresh

if TYPE_CHECKING:
    from pathlib import Path

VERSION_TABLE = f"{tables.PREFIX}revision"
TABLES_OF_VERSION = {"0004": "193ede1e4b25afb9"}


def test_another_table_is_another_version() -> None:
    made = [
        str(statement.compile(dialect=sqlite.dialect()))
        for table in tables.metadata.sorted_tables
        for statement in (CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda index: index.name)))
    ]
    digest = hashlib.sha256("\n".join(made).encode()).hexdigest()[:16]
    assert {SCHEMA_VERSION: digest} == TABLES_OF_VERSION, "The tables have changed: count SCHEMA_VERSION up."


def test_tables_are_those_of_the_models(catalog: Catalog) -> None:
    options = {"compare_type": True, "version_table": VERSION_TABLE}
    with catalog.reading() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        assert read_schema_version(connection) == SCHEMA_VERSION


def test_tables_of_an_earlier_version_are_made_anew_when_they_are_opened(database: str, samples: Samples) -> None:
    samples.contract("shop.sale")
    with Catalog(database) as made:
        rebuild(samples.settings, None, made)
        expected = dump(made)
        with made.writing() as connection:
            connection.execute(sa.text(f"alter table {tables.products.name} rename column owner to keeper"))
            connection.execute(sa.text(f"create table {tables.PREFIX}of_that_release (name text)"))
            connection.execute(sa.text(f"update {VERSION_TABLE} set version_num = '0001'"))
    with Catalog(database) as opened:
        with opened.reading() as connection:
            assert read_schema_version(connection) == SCHEMA_VERSION
            assert set(sa.inspect(connection).get_table_names()) == {*tables.metadata.tables, VERSION_TABLE}
        assert not is_built(opened)
        assert refresh(samples.settings, None, opened).rebuilt
        assert dump(opened) == expected


def test_tables_of_a_newer_release_are_left_alone(database: str) -> None:
    with Catalog(database) as made, made.writing() as connection:
        connection.execute(sa.text(f"update {VERSION_TABLE} set version_num = '9999'"))
    with pytest.raises(NewerCatalog, match="version 9999"):
        Catalog(database)


def test_who_may_only_read_needs_tables_of_this_release(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with Catalog(f"sqlite:///{path}") as made, made.writing() as connection:
        connection.execute(sa.text(f"update {VERSION_TABLE} set version_num = '0001'"))
    with pytest.raises(CatalogReadOnly):
        Catalog(f"sqlite:///file:{path}?mode=ro&uri=true")


def test_tables_of_others_in_the_same_database_are_left_alone(database: str) -> None:
    engine = sa.create_engine(
        sa.make_url(database).set(drivername="postgresql+psycopg2") if "post" in database else database
    )
    with engine.begin() as connection:
        connection.execute(sa.text("create table alembic_version (version_num varchar(32))"))
        connection.execute(sa.text("insert into alembic_version values ('of another')"))
    with Catalog(database):
        pass
    with engine.begin() as connection:
        assert connection.scalar(sa.text("select version_num from alembic_version")) == "of another"
    engine.dispose()
