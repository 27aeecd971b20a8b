"""The worked examples of JSON, XML, camt.053 and Excel in the how-to land as the page says."""

import re
from pathlib import Path

import polars as pl
import pytest
from excel_samples import DAY, number, row, sheet, text, workbook

from bankmesh.sources import land, read_system

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "land-your-own-exports.md").read_text(encoding="utf-8")


def example(tmp_path, heading, object_name, content=None):
    """Land an object of a section's example; returns its rows, and the texts of the section's table."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    [declaration] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    file = tmp_path / f"{declaration.split()[1]}.yaml"
    file.write_text(declaration, encoding="utf-8")
    system = read_system(file)
    exports, target = tmp_path / system.folder, tmp_path / "landing"
    exports.mkdir()
    target.mkdir()
    obj = system.object(object_name)
    shown = re.findall(r"```(?:json|xml)\n(.*?)```", section, re.DOTALL)
    (exports / obj.files[0]).write_bytes(content or shown[0].encode())
    landing = land(obj, tmp_path, target)
    assert landing.rejects == 0
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| ")]
    return pl.read_parquet(landing.rows_paths), table


@pytest.mark.parametrize(
    ("heading", "name"), [("JSON", "order_line"), ("XML", "item"), ("Account statements (camt.053)", "payment")]
)
def test_the_example_lands_as_its_table_shows(tmp_path, heading, name):
    rows, table = example(tmp_path, heading, name)
    assert rows.columns == table[0]
    assert [["" if value is None else str(value) for value in row] for row in rows.rows()] == table[2:]


def test_the_example_of_a_workbook_lands(tmp_path):
    cells = [
        row(1, text("Limits of cards")), row(3, text("Card"), text("Limit"), text("Valid from")),
        row(4, number(17), number("5000.5"), number(45443, DAY)), row(5, text("Total"), number("5000.5")),
    ]  # fmt: skip
    rows, _ = example(tmp_path, "Excel", "limit", workbook({"Limits": sheet(*cells)}))
    assert [str(value) for value in rows.row(0)] == ["17", "5000.50", "2024-05-31"]
