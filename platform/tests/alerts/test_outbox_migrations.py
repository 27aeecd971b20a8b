"""Tables that cannot be made anew: revisions and models agree on both databases, and homes of earlier releases open."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import bankmesh
from bankmesh.access.audit import tables as access_tables
from bankmesh.access.audit.chain_anchors import ChainAnchors
from bankmesh.alerts.delivery import tables
from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.lineage.openlineage import event_outbox
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.storage.databases import open_database
from bankmesh.storage.schema_migrations import NewerTables, alembic_config, read_revision, upgrade

PLATFORM = Path(bankmesh.__file__).parents[2]
OUTBOXES = {
    "alerts": (AlertOutbox, tables.MIGRATIONS, tables.metadata),
    "access": (ChainAnchors, access_tables.MIGRATIONS, access_tables.metadata),
    "lineage": (EventOutbox, event_outbox.MIGRATIONS, event_outbox.metadata),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'outbox.db'}"
    server, name = request.getfixturevalue("postgres"), f"migrated_{abs(hash(request.node.name))}"
    server.psql(f"create database {name};")
    return server.get_uri(name)


def differences(connection: sa.Connection, version_table: str, metadata: sa.MetaData) -> list[object]:
    options = {"compare_type": True, "version_table": version_table}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


@pytest.mark.parametrize("kind", OUTBOXES)
def test_revisions_end_in_the_tables_of_the_models(database, kind) -> None:
    outbox, migrations, metadata = OUTBOXES[kind]
    with outbox(database):
        pass
    engine = open_database(database, lambda _: None)
    with engine.begin() as connection:
        assert read_revision(connection, migrations) == migrations.head
        assert differences(connection, migrations.version_table, metadata) == []
        command.downgrade(alembic_config(connection, migrations), "base")
        assert sa.inspect(connection).get_table_names() == [migrations.version_table]
        upgrade(connection, migrations)
        assert differences(connection, migrations.version_table, metadata) == []
    engine.dispose()


@pytest.mark.parametrize("kind", OUTBOXES)
def test_what_a_release_without_revisions_kept_is_still_there(database, kind) -> None:
    outbox, migrations, metadata = OUTBOXES[kind]
    table = metadata.tables[migrations.first_table]
    row = {column.name: 1 if isinstance(column.type, sa.Integer | sa.Float) else "x" for column in table.columns}
    engine = open_database(database, metadata.create_all)
    with engine.begin() as connection:
        connection.execute(sa.insert(table).values(row))
    with outbox(database):
        pass
    with engine.begin() as connection:
        assert connection.execute(sa.select(table)).mappings().all() == [row]
        assert read_revision(connection, migrations) == migrations.head
    engine.dispose()


@pytest.mark.parametrize("kind", OUTBOXES)
def test_tables_of_a_newer_release_are_left_alone(database, kind) -> None:
    outbox, migrations, _ = OUTBOXES[kind]
    with outbox(database):
        pass
    engine = open_database(database, lambda _: None)
    with engine.begin() as connection:
        connection.execute(sa.text(f"update {migrations.version_table} set version_num = '9999'"))
    with pytest.raises(NewerTables, match="revision 9999"):
        outbox(database)
    engine.dispose()


def test_both_may_share_a_database_with_one_another_and_with_dagster(database) -> None:
    engine = open_database(database, lambda _: None)
    with engine.begin() as connection:
        connection.execute(sa.text("create table alembic_version (version_num varchar(32))"))
        connection.execute(sa.text("insert into alembic_version values ('of another')"))
    for outbox, _, _ in OUTBOXES.values():
        with outbox(database):
            pass
    with engine.begin() as connection:
        assert connection.scalar(sa.text("select version_num from alembic_version")) == "of another"
        assert {read_revision(connection, migrations) for _, migrations, _ in OUTBOXES.values()} == {"0001"}
    engine.dispose()


@pytest.mark.parametrize("kind", OUTBOXES)
def test_the_head_is_the_newest_revision(kind) -> None:
    _, migrations, _ = OUTBOXES[kind]
    with sa.create_engine("sqlite://").connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection, migrations))
    assert scripts.get_heads() == [migrations.head]


def test_the_wheel_carries_the_revisions(tmp_path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (built,) = WheelBuilder(str(PLATFORM)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        packed = set(wheel.namelist())
    wanted = {path.relative_to(PLATFORM / "src").as_posix() for path in PLATFORM.glob("src/**/migrations/*.py")}
    assert len(wanted) >= 6
    assert wanted <= packed
