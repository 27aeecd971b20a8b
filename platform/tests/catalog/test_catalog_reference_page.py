"""The reference of the catalog names every table, filter, measure and part, and the environment it is steered by."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from bankmesh.catalog.contract_completeness import PARTS
from bankmesh.catalog.index import posting_rows, tables
from bankmesh.catalog.scorecards import MEASURES
from bankmesh.catalog.search.product_search import LIMIT, SearchHit
from bankmesh.catalog.search.search_query import FRESHNESS, SearchFilters
from bankmesh.settings import CATALOG_DATABASE, CONSUMER

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "catalog.md").read_text(encoding="utf-8")


def rows_of(heading: str) -> list[str]:
    """The first cells of the table below a heading, names in backticks alone."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_tables() -> None:
    named = rows_of("Tables")
    assert sorted(named) == sorted(table.removeprefix(tables.PREFIX) for table in tables.metadata.tables)


def test_settings() -> None:
    assert {CATALOG_DATABASE, CONSUMER} <= set(rows_of("Settings"))


def test_filters_and_keys_of_a_hit() -> None:
    named = rows_of("`mesh search [WORDS]`")
    assert {f"--{field.name}" for field in dataclasses.fields(SearchFilters)} <= {name.split()[0] for name in named}
    assert {field.name for field in dataclasses.fields(SearchHit)} <= set(named)
    assert all(f"`{value}`" in PAGE for value in FRESHNESS)
    assert f"{LIMIT} if left out" in PAGE


def test_measures_and_parts() -> None:
    assert tuple(rows_of("Scorecards")) == MEASURES
    assert f"{len(PARTS)}: {', '.join(PARTS)}" in PAGE


def test_weights() -> None:
    weights = re.findall(r"^\| ([^|]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    told = {part: float(weight) for where, weight in weights for part in where.split("; ")}
    assert told["name of the product"] == posting_rows.NAME.weight
    assert told["name of a column"] == posting_rows.COLUMN_NAME.weight
    assert told["tags of the product"] == posting_rows.TAGS.weight
    assert told["owner, members of the team, support channels"] == posting_rows.OWNER.weight
    assert told["purpose, description of the table"] == posting_rows.PURPOSE.weight
    assert told["domain"] == posting_rows.DOMAIN.weight
    assert told["tags of a column"] == posting_rows.COLUMN_TAGS.weight
    assert told["usage, limitations, granularity"] == posting_rows.REMARKS.weight
    assert told["description of a column"] == posting_rows.COLUMN_WORDS.weight
