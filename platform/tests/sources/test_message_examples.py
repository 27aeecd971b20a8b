"""The examples of the how-to for bank messages land as it says."""

from pathlib import Path

import polars as pl
import pytest

from bankmesh.sources import land, read_system

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "land-your-own-exports.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Bank messages\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "file", "width"),
    [
        ("SWIFT MT940", "a.sta", 0),
        ("NACHA ACH", "a.ach", 94),
        ("BAI2", "a.bai", 0),
        ("FIX execution reports", "a.log", 0),
    ],
)
def test_an_example_of_the_how_to_lands_as_it_says(tmp_path, title, file, width):
    example = SECTION.split(f"\n### {title}\n")[1].split("\n### ")[0]
    text, declaration = (example.split(f"```{kind}\n")[1].split("```")[0] for kind in ("text", "yaml"))
    name = declaration.split("\n")[0].removeprefix("system: ")
    (tmp_path / f"{name}.yaml").write_text(declaration, encoding="utf-8")
    (tmp_path / file).write_text("".join(f"{line:{width}}\n" for line in text.splitlines()), encoding="ascii")
    [obj] = read_system(tmp_path / f"{name}.yaml").objects
    target = tmp_path / "landed"
    target.mkdir()
    landing = land(obj, tmp_path, target)
    rows = pl.read_parquet(landing.rows_paths)
    assert landing.acceptable
    assert landing.control_totals
    table = [[cell.strip() for cell in line[1:-1].split("|")] for line in example.splitlines() if line.startswith("| ")]
    assert table[0] == rows.columns
    shown = [["" if value is None else str(value).replace("\n", " / ") for value in row] for row in rows.rows()]
    assert table[2:] == shown
