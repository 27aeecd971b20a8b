"""What a `mesh` command imports before it does anything, and by its end."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("dagster", "dbt", "deltalake", "duckdb", "great_expectations", "pandas", "polars", "pyarrow", "sqlglot")
PROGRAM = f"""\
import json, sys
from bankmesh.cli.application import application_for
application_for(sys.argv[1:])
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


OTHERS = """\
import json, sys
from bankmesh.cli.application import application_for
application_for(["products"])
parts = ("bankmesh.cli.", "bankmesh.sources", "bankmesh.scaffolding")
print(json.dumps(sorted(name for name in sys.modules if name.startswith(parts))))
"""


AT_THE_END = """\
import json, os, sys
from bankmesh.cli.main import main
sys.argv = ["mesh", *sys.argv[1:]]
try:
    main()
finally:
    roots = {name.partition(".")[0] for name in sys.modules}
    os.write(int(os.environ["MODULES_TO"]), json.dumps(sorted(roots)).encode())
"""
DATA = {"deltalake", "duckdb", "numpy", "pandas", "polars", "pyarrow"}
PLATFORMS = {"dagster", "dagster_dbt", "dagster_shared", "dbt", "great_expectations"}


def _imported(program: str, *words: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", ["products", "show", "get", "profile", "diff", "run", "--version"])
def test_libraries_that_some_commands_need_are_imported_by_those_alone(command) -> None:
    assert _imported(PROGRAM, command) == []


def test_a_command_imports_neither_other_commands_nor_the_formats_of_sources() -> None:
    found = _imported(OTHERS)
    assert "bankmesh.cli.product_commands" in found
    assert not {"bankmesh.cli.run_commands", "bankmesh.cli.diff_command"} & set(found)
    assert [name for name in found if not name.startswith("bankmesh.cli.")] == []


def _imported_by(words: list[str], environment: dict[str, str]) -> set[str]:
    """Return what a command of its own process has imported when it ends, without the modules' submodules."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as modules:
        program = [sys.executable, "-c", AT_THE_END, *words]
        environment = {**os.environ, **environment, "MODULES_TO": str(writer)}
        done = subprocess.run(program, env=environment, pass_fds=[writer], capture_output=True, text=True, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout
        return set(json.loads(modules.read()))


@pytest.mark.parametrize(
    ("words", "environment", "unneeded"),
    [
        (["products"], {}, PLATFORMS | DATA | {"sqlalchemy"}),
        (["products", "--json"], {}, PLATFORMS | DATA | {"sqlalchemy"}),
        (["show", "shop.sale"], {}, PLATFORMS | DATA | {"sqlalchemy"}),
        (["search", "sale"], {}, PLATFORMS | DATA),  # its index is a database
        (["--version"], {}, PLATFORMS | DATA | {"sqlalchemy", "sqlglot"}),
        (
            [],
            {"_MESH_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "mesh show shop.s"},
            PLATFORMS | DATA | {"sqlalchemy", "sqlglot"},
        ),
    ],
    ids=["products", "products as JSON", "show", "search", "version", "completion"],
)
def test_commands_at_a_published_home_import_no_library_that_they_do_not_need(
    mesh, words, environment, unneeded
) -> None:
    if words[:1] == ["search"]:
        assert mesh("catalog", "rebuild").code == 0
    assert _imported_by(words, environment) & unneeded == set()
