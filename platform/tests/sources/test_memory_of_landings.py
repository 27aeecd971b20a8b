"""Memory of a landing of 5,000,000 rows: bounded by a few blocks, whatever the size of the file."""

import subprocess
import sys

import pytest

ROWS = 5_000_000
SCRIPT = """
import resource, sys
from pathlib import Path
from bankmesh.sources import land, read_system
import polars, pyarrow, numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
base = Path(sys.argv[1])
obj = read_system(base / "legacy.yaml").objects[0]
(base / "out").mkdir()
landing = land(obj, base, base / "out")
print(landing.rows, landing.rejects, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
HEAD = """\
system: legacy
description: A system.
owner: team
format: %s
objects:
  thing:
    description: Things.
    files: ["thing.txt"]
    columns:
      n: {%stype: long, required: true, classification: internal, description: D.}
      t: {%stype: string, required: true, classification: internal, description: D.}
      a: {%stype: "decimal(9,2)", required: true, classification: internal, description: D.}
"""
KINDS = {
    "text": (HEAD % ('{delimiter: ";", encoding: latin-1, header: false}', "", "", ""), "{};Müller {};{}.25\n"),
    "several characters": (HEAD % ('{delimiter: "||", encoding: utf-16-le, header: false}', "", "", ""), "{}||Müller {}||{}.25\n"),
    "fixed width": (
        HEAD % ("{kind: fixed_width, encoding: cp1252, record_length: 40, padding: both}",
                "start: 1, length: 8, ", "start: 9, length: 20, ", "start: 29, length: 12, "),
        "{:8}Müller {:<13}{:9}.25\n",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_bounded_at_five_million_rows(tmp_path, kind):
    declaration, line = KINDS[kind]
    (tmp_path / "legacy.yaml").write_text(declaration, encoding="utf-8")
    encoding = "utf-16-le" if "utf-16-le" in declaration else "latin-1"
    with (tmp_path / "thing.txt").open("w", encoding=encoding, newline="") as file:
        for first in range(0, ROWS, 10_000):
            file.write("".join(line.format(at, at, at % 1000) for at in range(first, first + 10_000)))
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=True)
    rows, rejects, mebibytes = map(int, done.stdout.split())
    print(f"{kind}: {mebibytes:,} MiB more for {rows:,} rows")  # noqa: T201 - the figure of the proof
    assert (rows, rejects) == (ROWS, 0)
    assert mebibytes < 700
