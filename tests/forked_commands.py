"""`mesh` and `python` for tests, run in children of a process that has imported the libraries already.

Most of what a command costs is the import of Dagster, dbt and Great Expectations. A folder for `PATH` holds `mesh` and
`python`; each sends its words, working directory, environment and open files to a server, which forks a child for it.
The child gets the signals that the caller gets and ends as an interpreter does; the caller ends with its exit code. The
libraries' thread pools do not survive a fork once they have been used, so the server only imports and parses a
dbt project: most of what dbt does then concerns its own macros and classes.

Run as a program (`python forked_commands.py ADDRESS`), it is the server; it ends when its standard input is closed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE = 60
PROJECT = {
    "dbt_project.yml": "name: warm\nversion: 1.0.0\nflags: {static_parser: false}  # it has threads of its own\n",
    "macros/half.sql": "{% macro half(x) %}{{ x }} / 2{% endmacro %}",
    "models/one.sql": "select {{ half(2) }} as one from {{ source('till', 'sale') }}",
    "models/sources.yml": "sources: [{name: till, tables: [{name: sale, columns: [{name: sale_id}]}]}]",
    "models/properties.yml": "models: [{name: one, columns: [{name: one, data_tests: [not_null]}]}]",
}
IMPORTED = (
    "bankmesh.quality.suite_validation",
    "dbt.cli.main",
    "dbt.task.build",
    "dbt.adapters.duckdb.connections",
    "dagster_dbt",
    "deltalake.transaction",
    "pandas",
    "polars",
    "pyarrow.parquet",
    "bankmesh.cli.application",
    "bankmesh.cli.run_commands",
    "bankmesh.cli.contract_commands",
    "bankmesh.cli.lineage_commands",
    "bankmesh.catalog.index.index_update",
    "bankmesh.orchestration.automation.alert_sensor",
    "bankmesh.orchestration.components",
    "bankmesh.sqlite_storage",
    "bankmesh.testing",
)
CLIENT = """\
import json, os, signal, socket, sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    words, folder, variables = sys.argv[1:], os.getcwd(), dict(os.environ)
    server.sendall(json.dumps({{"words": words, "folder": folder, "variables": variables}}).encode())
    server.shutdown(socket.SHUT_WR)
    answers = server.makefile()
    child = int(answers.readline())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(child, number))
    code = int(answers.readline())
os._exit(code)
"""
SCRIPT = '#!/bin/sh\nexec "{python}" -IS "{client}" {program} "$@"\n'


@dataclass(frozen=True)
class Request:
    """A command that somebody typed: its program and arguments, where, and with which environment."""

    words: Sequence[str]
    folder: str
    variables: Mapping[str, str]


class ForkedCommands:
    """The server, and the folder of programs that send commands to it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mesh-"))  # short: the name of a socket has at most 104 characters
        self.programs = self._folder / "bin"
        self.programs.mkdir()
        address, client = self._folder / "server", self._folder / "client.py"
        client.write_text(CLIENT.format(address=str(address)), encoding="utf-8")
        for program in ("mesh", "python"):
            script = self.programs / program
            script.write_text(SCRIPT.format(python=sys.executable, client=client, program=program), encoding="utf-8")
            script.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(address))
            listener.listen()
            command = [sys.executable, __file__, str(listener.fileno())]
            self._server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])

    def run(self, words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command such as `["mesh", "products"]`."""
        program = self.programs / words[0]
        return subprocess.run(
            [program, *words[1:]], cwd=folder, env=variables, capture_output=True, text=True, check=False
        )

    def close(self) -> None:
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait(PATIENCE)
        shutil.rmtree(self._folder)


def serve(listener: socket.socket) -> Request | None:
    """Fork for each command; returns it in the child that is to run it, and None at the end."""
    for module in IMPORTED:
        importlib.import_module(module)
    _prepare_libraries()
    # A connection that DuckDB opens when it is imported has a thread; a child would wait for it at its end.
    duckdb = importlib.import_module("duckdb")
    duckdb.default_connection().close()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page that it shares with its parent
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return None
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _fork_and_wait(connection)
        connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _prepare_libraries() -> None:
    from library_caches import keep_library_caches, verify_extension

    from bankmesh.products.dbt.dbt_models import parse
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

    keep_library_caches()
    verify_extension()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in PROJECT.items():
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        parse(DbtProjectPlace(Path(folder), "shop", Path(folder, "target")))


def _fork_and_wait(connection: socket.socket) -> Request:
    """Read a request and return it in a child; this process reports how the child ended, and ends."""
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    request = Request(**json.loads(b"".join(iter(lambda: connection.recv(65536), b""))))
    child = os.fork()
    if child:
        for descriptor in descriptors:
            os.close(descriptor)
        connection.sendall(f"{child}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.sendall(f"{code if code >= 0 else 128 - code}\n".encode())
        os._exit(0)
    connection.close()
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    return request


def run(request: Request) -> None:
    """Be the program that was asked for, from here to the end of this process."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.variables)
    sys.path[:1] = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    program, *words = request.words
    if program == "mesh":
        sys.argv = ["mesh", *words]
        from bankmesh.cli.main import main

        main()
    elif words[:1] == ["-m"]:
        sys.argv = words[1:]
        sys.path.insert(0, request.folder)
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words == ["-"]:
        sys.argv = words
        sys.path.insert(0, "")
        exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as typed
    else:
        sys.exit(f"python {' '.join(words)} cannot be run here; only `python -` and `python -m`.")


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        asked = serve(listening)
    if asked:
        run(asked)
