"""What every `mesh` command waits for before it does anything."""

import json
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
