"""The database that dbt opens by the platform's profile has the `delta` extension, verified as for other connections."""

import shutil
from contextlib import contextmanager

import duckdb
import pytest
import yaml

from bankmesh.ports import delta_extension_path, duckdb_session
from bankmesh.products.dbt.dbt_models import PROFILE, TARGET, profile_file

SETTING = "select current_setting('allow_unsigned_extensions')"


@contextmanager
def dbt_cursor(project):
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.adapters.duckdb.environments import create

    output = yaml.safe_load(profile_file(project).read_text(encoding="utf-8"))[PROFILE]["outputs"][TARGET]
    environment = create(DuckDBCredentials.from_dict(output | {"database": "memory", "schema": "main"}))
    try:
        yield environment.handle().cursor()
    finally:
        environment.close()


def test_dbt_verifies_the_signature_once_in_a_process(tmp_path, monkeypatch):
    monkeypatch.setattr(duckdb_session, "_VERIFIED", set())
    verified = []
    for _ in range(2):
        with dbt_cursor(tmp_path) as cursor:
            verified.append(cursor.execute(SETTING).fetchone() == (False,))
            loaded = "select loaded from duckdb_extensions() where extension_name = 'delta'"
            assert cursor.execute(loaded).fetchone() == (True,)
    assert verified == [True, False]


def test_an_extension_that_was_changed_is_refused_by_dbt(tmp_path, monkeypatch):
    changed, beside = tmp_path / "delta.duckdb_extension", tmp_path / "beside"
    for copy in (changed, beside):
        shutil.copyfile(delta_extension_path(), copy)
    monkeypatch.setattr(duckdb_session, "delta_extension_path", lambda: changed)
    with dbt_cursor(tmp_path):
        """The file is as it was signed."""
    with beside.open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    beside.replace(changed)  # the other file is loaded into this process, and must stay as it is
    with pytest.raises(duckdb.IOException, match="signature"), dbt_cursor(tmp_path):
        pytest.fail("not refused")
