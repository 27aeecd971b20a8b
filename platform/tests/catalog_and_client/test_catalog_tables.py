"""The catalog's tables: migrations and models agree on both databases, and every way up and down works."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from catalog_samples import Samples, dump

from bankmesh.catalog.index import index_schema, tables
from bankmesh.catalog.index.index_connection import Catalog, CatalogReadOnly
from bankmesh.catalog.index.index_schema import HEAD, VERSION_TABLE, NewerCatalog, configuration, upgrade
from bankmesh.catalog.index.index_update import is_built, rebuild, refresh
from bankmesh.storage.databases import open_database

PLATFORM = Path(index_schema.__file__).parents[4]


def differences(connection: sa.Connection, metadata: sa.MetaData) -> list[object]:
    options = {"compare_type": True, "version_table": VERSION_TABLE}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_migrated_tables_are_those_of_the_models(catalog: Catalog) -> None:
    with catalog.reading() as connection:
        assert differences(connection, tables.metadata) == []


def test_a_difference_would_be_seen(catalog: Catalog) -> None:
    other = sa.MetaData()
    for table in tables.metadata.sorted_tables:
        table.to_metadata(other)
    product = other.tables[tables.products.name]
    product.append_column(sa.Column("colour", sa.Text))
    with catalog.reading() as connection:
        assert [found[0] for found in differences(connection, other)] == ["add_column"]


def test_down_to_nothing_and_up_again(database: str) -> None:
    engine = open_database(database, upgrade)
    with engine.begin() as connection:
        assert len(sa.inspect(connection).get_table_names()) > len(tables.metadata.tables)
        command.downgrade(configuration(connection), "base")
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == [VERSION_TABLE]
        upgrade(connection)
    with engine.begin() as connection:
        assert differences(connection, tables.metadata) == []
    engine.dispose()


def test_tables_of_an_older_revision_are_brought_up_to_date_when_they_are_opened(
    database: str, samples: Samples
) -> None:
    samples.contract("shop.sale")
    with Catalog(database) as made:
        rebuild(samples.settings, None, made)
        expected = dump(made)
        with made.writing() as connection:
            command.downgrade(configuration(connection), "0001")
            # What that release had noted of itself.
            connection.execute(sa.update(tables.meta).values(value="0001-1").where(tables.meta.c.name == "edition"))
    with Catalog(database) as opened:
        with opened.reading() as connection:
            assert index_schema.revision_of(connection) == HEAD
            assert differences(connection, tables.metadata) == []
        assert not is_built(opened)
        assert refresh(samples.settings, None, opened).rebuilt
        assert dump(opened) == expected


def test_tables_of_a_newer_release_are_left_alone(database: str) -> None:
    with Catalog(database) as made, made.writing() as connection:
        connection.execute(sa.text(f"update {VERSION_TABLE} set version_num = '9999'"))
    with pytest.raises(NewerCatalog, match="revision 9999"):
        Catalog(database)


def test_who_may_only_read_needs_tables_of_this_release(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with Catalog(f"sqlite:///{path}") as made, made.writing() as connection:
        command.downgrade(configuration(connection), "0001")
    with pytest.raises(CatalogReadOnly):
        Catalog(f"sqlite:///file:{path}?mode=ro&uri=true")


def test_the_version_table_is_not_that_of_dagster_in_the_same_database(database: str) -> None:
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


def test_the_head_is_the_newest_revision() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
    assert scripts.get_heads() == [HEAD]
    assert [script.revision for script in scripts.walk_revisions()] == sorted(
        (f"{number:04}" for number in range(1, int(HEAD) + 1)), reverse=True
    )


def test_the_wheel_carries_the_migrations(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (built,) = WheelBuilder(str(PLATFORM)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        packed = {name.removeprefix("bankmesh/catalog/index/") for name in wheel.namelist()}
    here = Path(index_schema.__file__).parent
    wanted = {path.relative_to(here).as_posix() for path in (here / "migrations").rglob("*.py")}
    assert {"migrations/env.py", "migrations/versions/r0001_index.py"} <= wanted
    assert wanted <= packed
