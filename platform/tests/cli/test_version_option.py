"""`mesh --version`: one line, without the libraries that commands load."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from bankmesh.cli.main import main

HEAVY = ("dagster", "dbt", "deltalake", "duckdb", "great_expectations", "pandas", "polars", "pyarrow", "sqlglot")
PROGRAM = f"""\
import sys
from bankmesh.cli.main import main
sys.argv = ["mesh", "--version"]
try:
    main()
finally:
    print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
"""


def test_version_is_that_of_the_installed_distribution(tmp_path) -> None:
    # Outside of a workspace: it is no command and needs none.
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"bankmesh {version('bankmesh')}\n", "[]\n")


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--version", "no-such-command"], 0, "bankmesh "),  # an eager option, as `--help` is
        (["--help"], 0, "--version"),
        ([], 2, "[OPTIONS] COMMAND [ARGS]"),
        (["no-such-command"], 2, "No such command"),
    ],
)
def test_other_calls_without_a_command_are_as_before(words, code, expected, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mesh", *words])

    with pytest.raises(SystemExit) as end:
        main()

    printed = capsys.readouterr()
    assert end.value.code == code
    assert expected in printed.out + printed.err
