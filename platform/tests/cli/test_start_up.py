"""What every `mesh` command waits for before it does anything."""

import json
import subprocess
import sys

HEAVY = ("dagster", "dbt", "deltalake", "duckdb", "great_expectations", "pandas", "polars", "pyarrow", "sqlglot")
PROGRAM = f"""\
import json, sys
import bankmesh.cli.application
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""


def test_libraries_that_some_commands_need_are_imported_by_those_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
