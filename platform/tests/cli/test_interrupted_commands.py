"""Ctrl-C and SIGTERM in commands other than `mesh run`: while they are imported, while they work, while they write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest
from shop_workspace import REPOSITORY, SALES, changed, write_exports

from bankmesh.ports import latest
from bankmesh.storage.atomic_files import replaced_file

pytestmark = pytest.mark.system

STOPS = [signal.SIGINT, signal.SIGTERM]
MESH = Path(sys.executable).with_name("mesh")


@pytest.fixture(params=STOPS, ids=["ctrl-c", "sigterm"])
def number(request) -> signal.Signals:
    return request.param


def _environment(published) -> dict[str, str]:
    settings = published.settings
    return {"BANKMESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "BANK_DATA": str(settings.exports)}


def _start(command: list[object], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        list(map(str, command)), env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A test run in the background ignores SIGINT, and its children would.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one thread here
    )  # fmt: skip


def _python(script: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return _start([sys.executable, "-c", dedent(script)], environment or {})


def _stop_at(file: Path, process: subprocess.Popen[str], *numbers: int) -> tuple[int, str, str]:
    """Send signals once the file is there; exit code, standard output and error."""
    until = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    for sent in numbers:
        time.sleep(0.3)
        process.send_signal(sent)
    out, err = process.communicate(timeout=30)
    assert "Traceback" not in out + err
    return process.returncode, out, err


@pytest.mark.parametrize("command", [["contract", "check"], ["get", "shop.sale"], ["dev"]], ids=lambda words: words[0])
def test_a_command_is_stopped_while_it_is_imported(tmp_path, number, command) -> None:
    # A module that every command imports, and that takes long and catches whatever is raised in it.
    (tmp_path / "typer.py").write_text(
        "import pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'importing')!r}).touch()\n"
        "while True:\n    try:\n        time.sleep(60)\n    except BaseException:\n        pass\n"
    )
    process = _start([MESH, *command], {"PYTHONPATH": str(tmp_path)})
    assert _stop_at(tmp_path / "importing", process, number) == (128 + number, "", "mesh: stopped.\n")


@pytest.mark.parametrize("command", [["contract", "check"], ["rejects", "retail.account"]], ids=lambda words: words[0])
def test_a_command_is_stopped_while_it_loads_a_domain(tmp_path, number, command) -> None:
    (tmp_path / "retail").mkdir()
    (tmp_path / "retail/__init__.py").write_text(
        f"import pathlib, time\npathlib.Path({str(tmp_path / 'at-work')!r}).touch()\ntime.sleep(60)\n"
    )
    environment = {"PYTHONPATH": str(tmp_path), "MESH_HOME": str(tmp_path / "home"), "BANKMESH_ROOT": str(REPOSITORY)}
    process = _start([MESH, *command], environment)
    assert _stop_at(tmp_path / "at-work", process, number) == (128 + number, "", "mesh: stopped.\n")


WORK = {
    "python": "for _ in range(6000): time.sleep(0.01)",
    "polars": """
        import polars as pl
        many = pl.LazyFrame({"a": range(60_000)}).join(pl.LazyFrame({"b": range(60_000)}), how="cross")
        started.touch()
        many.select((pl.col("a") * pl.col("b")).sin().sum()).collect()
    """,
    "duckdb": """
        import duckdb
        started.touch()
        duckdb.sql("select sum(sin(a.range * b.range)) from range(1000000) a, range(1000000) b").fetchall()
    """,
    "an error of its own": """
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            raise ValueError("the query has failed") from None
    """,
    "swallowed": """
        try:
            time.sleep(60)
        except BaseException:
            time.sleep(60)
    """,
    "destructor": """
        class Slow:
            def __del__(self):
                time.sleep(5)
        Slow()
        time.sleep(60)
    """,
}


@pytest.mark.parametrize(
    ("work", "number"),
    [*((work, signal.SIGINT) for work in WORK), ("polars", signal.SIGTERM), ("duckdb", signal.SIGTERM)],
)
def test_a_command_is_stopped_at_work(tmp_path, work, number) -> None:
    body = "\n".join(f"    {line}" for line in dedent(WORK[work]).strip().splitlines())
    script = (
        "import time, pathlib\nfrom bankmesh.cli import application, main\n"
        f"started = pathlib.Path({str(tmp_path / 'started')!r})\n"
        "def app():\n"
        + ("" if "started.touch" in body else "    started.touch()\n")
        + body
        + "\napplication.application_for = lambda words: app\nmain.main()\n"
    )
    assert _stop_at(tmp_path / "started", _python(script), number) == (128 + number, "", "mesh: stopped.\n")


def test_the_second_signal_ends_what_heeds_nothing(tmp_path, number) -> None:
    script = f"""
        import pathlib, time
        from bankmesh.cli import application, main
        from bankmesh.cli.interruption import uninterrupted
        def app():
            with uninterrupted():
                pathlib.Path({str(tmp_path / "started")!r}).touch()
                time.sleep(60)
        application.application_for = lambda words: app
        main.main()
    """
    assert _stop_at(tmp_path / "started", _python(script), number, number) == (128 + number, "", "")


def test_a_signal_that_the_caller_ignores_stays_ignored(tmp_path) -> None:
    script = f"""
        import pathlib, signal, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from bankmesh.cli import application, main
        def app():
            pathlib.Path({str(tmp_path / "started")!r}).touch()
            time.sleep(1.5)
            print("done")
        application.application_for = lambda words: app
        main.main()
    """
    assert _stop_at(tmp_path / "started", _python(script), signal.SIGINT) == (0, "done\n", "")


@pytest.mark.parametrize(
    ("point", "number"), [("before-restore", signal.SIGTERM), ("after-restore", signal.SIGINT)], ids=str
)
def test_a_withdrawal_that_has_begun_is_whole(published, point, number) -> None:
    write_exports(published.settings.exports, changed(4, SALES, amount="321.00"))
    assert published.run("till.sale", "sale", "customer_spend").success
    process = _python(
        f"""
        import os, sys
        from bankmesh.cli.main import main
        from bankmesh.fault_points import watch
        watch(lambda point: os.kill(os.getpid(), {int(number)}) if point == {point!r} else None)
        sys.argv = ["mesh", "rollback", "shop.sale", "--to", "0", "--reason", "wrong", "--by", "Ada"]
        main()
        """,
        _environment(published),
    )
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err == "mesh: stopped; the write in progress was completed.\n"
    assert "shop.sale: version 1 is withdrawn by Ada." in out
    assert latest(published.port("sale")).decision.by == "Ada"
    assert published.reported("sale") == [0, 1, 2]


def _interrupted_after(write, text):
    write(text)
    raise KeyboardInterrupt


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path) -> None:
    target = tmp_path / "rows.csv"
    target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "link.csv").symlink_to(target)
    with pytest.raises(KeyboardInterrupt), replaced_file(target) as beside:
        _interrupted_after(beside.write_text, "half")
    assert (target.read_text(), len(list(tmp_path.iterdir()))) == ("old", 2)
    with replaced_file(tmp_path / "link.csv") as beside:
        beside.write_text("new")
    assert (target.read_text(), target.stat().st_mode & 0o777, len(list(tmp_path.iterdir()))) == ("new", 0o640, 2)


GROUP = """
    import pathlib, signal, subprocess, sys, time
    child = "import pathlib, signal, time; {ignore}; pathlib.Path({started!r}).touch(); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", child])
    print("a line of a child", flush=True)
    process.wait()
"""


@pytest.mark.parametrize("deaf", [False, True])
def test_mesh_dev_ends_all_that_it_has_started(tmp_path, number, deaf) -> None:
    ignore = "signal.signal(signal.SIGINT, signal.SIG_IGN)" if deaf else "pass"
    leader = dedent(GROUP).format(ignore=ignore, started=str(tmp_path / "started"))
    script = f"""
        import os, pathlib, sys
        from bankmesh.cli import application, main
        from bankmesh.cli.dev_command import run_group
        import typer
        def app():
            code = run_group([sys.executable, "-c", {leader!r}], pathlib.Path({str(tmp_path)!r}), dict(os.environ))
            sys.exit(code)
        application.application_for = lambda words: app
        main.main()
    """
    process = _python(script)
    code, out, err = _stop_at(tmp_path / "started", process, *([number] * (1 + deaf)))
    assert (code, out, err) == (128 + number, "", "a line of a child\nmesh: stopped.\n")
    assert not _processes_with(str(tmp_path / "started"))


def _processes_with(words: str) -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if words in command:
            found.append(command)
    return found
