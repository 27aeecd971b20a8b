"""Fixtures of the retention tests: a mesh home of a test's own with an event log in it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from postgres_servers import start_postgres

from bankmesh.orchestration.instance import open_instance, prepare_dagster_home
from bankmesh.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path, home=tmp_path / "home", exports=tmp_path / "exports")


@pytest.fixture
def instance(settings: Settings):
    with open_instance(settings) as opened:
        yield opened


@pytest.fixture
def on_postgres(tmp_path: Path):
    """An instance whose storage is a real PostgreSQL server in a folder."""
    server = start_postgres(tmp_path / "postgres")
    url = server.get_uri("postgres").replace("postgresql://", "postgresql+psycopg2://")
    folder = prepare_dagster_home(Settings(root=tmp_path, home=tmp_path / "home", exports=tmp_path / "exports"))
    file = folder / "dagster.yaml"
    file.write_text(f'{file.read_text()}\nstorage: {{postgres: {{postgres_url: "{url}"}}}}\n')
    with dg.DagsterInstance.from_config(str(folder)) as opened:
        yield opened
    server.cleanup()
