"""DuckDB connections that need neither network nor home folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from port_samples import publish_all

from bankmesh.errors import PortError
from bankmesh.ports import (
    Port,
    connect,
    delta_extension_path,
    duckdb_session,
    extension_settings,
    load_extension,
    open_version,
)


def test_settings_take_hold() -> None:
    with connect(threads=1, memory_limit="256MiB") as connection:
        query = "select current_setting('threads'), current_setting('memory_limit'), current_setting('TimeZone')"
        assert connection.execute(query).fetchall() == [(1, "256.0 MiB", "UTC")]
        off = "select current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
        assert connection.execute(off).fetchall() == [(False, False)]


def test_no_home_folder_is_needed(port: Port) -> None:
    publish_all(port, [1, 2])
    script = (
        "from bankmesh.ports import connect\n"
        f'print(connect().execute("select sum(id) from {open_version(port).duckdb_relation_sql()}").fetchone()[0])'
    )
    nowhere = {"PYTHONPATH": ":".join(sys.path), "HOME": "/nonexistent", "TZ": "America/New_York"}
    done = subprocess.run([sys.executable, "-c", script], env=nowhere, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3"


def test_an_extension_for_another_duckdb_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert delta_extension_path().is_file()
    monkeypatch.setattr(duckdb, "__version__", "9.9.9")
    with pytest.raises(PortError, match=r"no extension for DuckDB 9\.9\.9, only for v1"):
        delta_extension_path()


def test_the_signature_is_verified_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_session, "_VERIFIED", set())
    verified = []
    for _ in range(2):
        with connect() as connection:
            row = connection.execute("select current_setting('allow_unsigned_extensions')").fetchone()
            verified.append(row == (False,))
    assert verified == [True, False]


def test_what_was_loaded_unverified_is_verified_by_the_next_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_session, "_VERIFIED", set())
    with duckdb.connect(config={"allow_unsigned_extensions": True}) as connection:
        load_extension(connection)
    assert extension_settings()["allow_unsigned_extensions"] is False


def test_an_extension_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, beside = tmp_path / "delta.duckdb_extension", tmp_path / "beside"
    for copy in (changed, beside):
        shutil.copyfile(delta_extension_path(), copy)
    monkeypatch.setattr(duckdb_session, "delta_extension_path", lambda: changed)
    connect().close()
    with beside.open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    beside.replace(changed)  # the other file is loaded into this process, and must stay as it is
    with pytest.raises(duckdb.IOException, match="signature"):
        connect()


def test_a_quote_in_a_path_is_no_trouble(tmp_path: Path) -> None:
    from bankmesh.ports import port_at

    port = port_at(tmp_path / "o'brien and co", "retail.party", 1)
    publish_all(port, [7])
    with connect() as connection:
        found = connection.execute(f"select id from {open_version(port).duckdb_relation_sql()}").fetchall()
    assert found == [(7,)]
